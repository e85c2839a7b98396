//! Organisations: whoever takes part and is no utility.

use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::actor::{Action, Actor, Grant, Role};
use crate::kernel::lifecycle::NoStatus;
use crate::kernel::parameters::InstantParam;
use crate::kernel::query::Direction::Ascending;
use crate::kernel::reference::Ref;
use crate::kernel::resource::{Resource, Stored};
use crate::kernel::search::Texts;
use crate::kernel::validators::distinct;
use crate::kernel::value::{Country, SingleLine, Slug, WebUrl};
use crate::kernel::violation::Violations;

crate::string_enum! {
    /// What an organisation is.
    OrganisationKind {
        /// a ministry or an embassy
        Ministry = "ministry",
        /// an implementing or public agency, a development bank
        Agency = "agency",
        /// an association of utilities, cities or companies
        Association = "association",
        /// a non-governmental organisation
        Ngo = "ngo",
        /// a university or research institute
        Research = "research",
        /// a foundation
        Foundation = "foundation",
        /// a city, district or state as such, not its utility
        Municipality = "municipality",
        /// a company that is no municipal utility
        Company = "company",
        /// an international or supranational organisation
        International = "international",
    }
}

/// A ministry, agency, association, NGO or other organisation: what takes part and is no utility. Always public.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Organisation {
    /// Unique and stable, made from the name when left out; accepted wherever an id is.
    #[deserr(default)]
    pub slug: Option<Slug>,
    /// The full name.
    pub name: SingleLine,
    /// The usual short name, such as `BMZ`.
    #[deserr(default)]
    pub short_name: Option<SingleLine>,
    /// Other names and spellings.
    #[serde(default)]
    #[deserr(default)]
    pub aliases: Vec<SingleLine>,
    /// What it is.
    pub kind: OrganisationKind,
    /// Its seat; absent for international ones.
    #[deserr(default)]
    pub country: Option<Country>,
    /// Its web site.
    #[deserr(default)]
    pub website: Option<WebUrl>,
    /// Its identifier in IATI (<https://iatistandard.org>), such as `DE-1`.
    #[deserr(default)]
    pub iati_identifier: Option<SingleLine>,
}

/// A relation to an organisation.
pub type OrganisationRef = Ref<Organisation>;

crate::filter! {
    /// Which organisations.
    OrganisationFilter {
        /// What it is.
        kind: Vec<OrganisationKind>,
        /// Its seat (ISO 3166-1 alpha-2).
        country: Vec<Country>,
        /// Changed at this instant or later.
        updated_since: Option<InstantParam>,
    }
}

crate::string_enum! {
    /// What organisations are sorted by.
    OrganisationSort {
        /// the name, folded (case and accents do not count)
        Name = "name",
        /// the slug
        Slug = "slug",
        /// the kind
        Kind = "kind",
        /// when it was made
        CreatedAt = "created_at",
        /// when it last changed
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(OrganisationSort, usual: [(Self::Name, Ascending)]);

impl Resource for Organisation {
    const NAME: &'static str = "organisation";
    const PATH: &'static str = "organisations";
    const SUMMARY_FIELDS: &'static [&'static str] = &["kind", "country"];

    type Parent = ();
    type Filter = OrganisationFilter;
    type Sort = OrganisationSort;
    type Status = NoStatus;
    type Derived = ();

    fn grant(role: Role, action: Action) -> Grant {
        match (role, action) {
            (_, Action::Read) | (Role::Admin | Role::Coordinator, _) => Grant::All,
            _ => Grant::Never,
        }
    }

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&()>, _actor: &Actor) -> bool {
        false
    }

    fn validate(&self, violations: &mut Violations) {
        distinct(&self.aliases, "/aliases", violations);
    }

    fn matches(filter: &OrganisationFilter, item: &Stored<Self>) -> bool {
        let it = &item.data;
        (filter.kind.is_empty() || filter.kind.contains(&it.kind))
            && (filter.country.is_empty()
                || it.country.as_ref().is_some_and(|country| filter.country.contains(country)))
            && filter.updated_since.is_none_or(|InstantParam(since)| item.updated_at >= since)
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name(&self.name);
        self.short_name.iter().for_each(|name| texts.name(name));
        texts.details(&self.aliases);
    }

    fn label(&self) -> &str {
        self.name.as_str()
    }

    fn slug(&mut self) -> Option<&mut Option<Slug>> {
        Some(&mut self.slug)
    }
}
