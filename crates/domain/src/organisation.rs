//! Organisations: participants that are not utilities.

use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::access::actor::Actor;
use crate::kernel::access::policy::{Policy, STAFF_WRITES};
use crate::kernel::input::validators::distinct;
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::resource::reference::Ref;
use crate::kernel::search::{CodeList, Field, Texts};
use crate::kernel::value::{Country, SingleLine, Slug, WebUrl};
use crate::kernel::violation::Violations;

crate::string_enum! {
    /// The kind of an organisation.
    OrganisationKind in "organisation-kinds" {
        /// a ministry or an embassy
        Ministry = "ministry" ("Ministry", "Ministerium": "ein Ministerium oder eine Botschaft"),
        /// an implementing agency, a public agency or a development bank
        Agency = "agency" ("Agency", "Durchführungsorganisation oder Behörde":
            "eine Durchführungsorganisation, eine Behörde oder eine Entwicklungsbank"),
        /// an association of utilities, cities or companies
        Association = "association" ("Association", "Verband": "ein Verband von Unternehmen oder Kommunen"),
        /// a non-governmental organisation
        Ngo = "ngo" ("Non-governmental organisation", "Nichtregierungsorganisation"),
        /// a university or research institute
        Research = "research" ("Research", "Forschung": "eine Hochschule oder ein Forschungsinstitut"),
        /// a foundation
        Foundation = "foundation" ("Foundation", "Stiftung"),
        /// a city, district or state itself, not its utility
        Municipality = "municipality" ("Municipality", "Kommune":
            "eine Stadt, ein Kreis oder ein Land selbst, nicht das Unternehmen"),
        /// a company that is not a municipal utility
        Company = "company" ("Company", "Firma": "eine Firma, die kein kommunales Unternehmen ist"),
        /// an international or supranational organisation
        International = "international" ("International organisation", "Internationale Organisation":
            "eine internationale oder supranationale Organisation"),
    }
}

/// A ministry, agency, association, NGO or other participant that is not a utility. Always public.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Organisation {
    /// Unique and stable; generated from the name by default. Can be used in place of the id.
    #[deserr(default)]
    pub slug: Option<Slug>,
    /// The full name.
    pub name: SingleLine,
    /// The common short name, such as `BMZ`.
    #[deserr(default)]
    pub short_name: Option<SingleLine>,
    /// Other names and spellings.
    #[serde(default)]
    #[deserr(default)]
    pub aliases: Vec<SingleLine>,
    /// The kind of organisation.
    pub kind: OrganisationKind,
    /// The country of the head office; absent for international organisations.
    #[deserr(default)]
    pub country: Option<Country>,
    /// The website.
    #[deserr(default)]
    pub website: Option<WebUrl>,
    /// The IATI identifier (<https://iatistandard.org>), such as `DE-1`.
    #[deserr(default)]
    pub iati_identifier: Option<SingleLine>,
}

/// A reference to an organisation.
pub type OrganisationRef = Ref<Organisation>;

crate::list_filter! {
    /// The filters of the list of organisations.
    OrganisationFilter of Organisation {
        /// The kind of organisation.
        kind: Vec<OrganisationKind> => one_of(kind),
        /// The country of the head office (ISO 3166-1 alpha-2).
        country: Vec<Country> => one_of(country),
    }
}

crate::word_list! {
    /// The keys by which organisations can be sorted.
    OrganisationSort {
        /// the name, ignoring case and accents
        Name = "name",
        /// the slug
        Slug = "slug",
        /// the kind
        Kind = "kind",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(OrganisationSort, default: [(Self::Name, Ascending)]);

impl Resource for Organisation {
    const NAME: &'static str = "organisation";
    const PATH: &'static str = "organisations";
    const POLICY: Policy = STAFF_WRITES;
    const SLUG: Option<fn(&mut Self) -> &mut Option<Slug>> = Some(|data| &mut data.slug);
    const SUMMARY_FIELDS: &'static [&'static str] = &["kind", "country"];

    type Parent = ();
    type Filter = OrganisationFilter;
    type Sort = OrganisationSort;
    type Status = NoStatus;
    type Derived = ();

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&()>, _actor: &Actor) -> bool {
        false
    }

    fn validate(&self, violations: &mut Violations) {
        distinct(&self.aliases, "/aliases", violations);
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("name", &self.name);
        self.short_name.iter().for_each(|name| texts.name("short_name", name));
        texts.details("aliases", &self.aliases);
        // Not a detail, by which its partnerships would be found, too.
        texts.codes(Field::Text, "country", CodeList::Country, &self.country);
    }

    fn label(&self) -> &str {
        self.name.as_str()
    }
}
