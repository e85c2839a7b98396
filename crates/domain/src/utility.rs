//! Utilities: operators of public services, German (`municipal`) or abroad (`partner`).

use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bilingual;
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::{MEMBERS_AND_PARTNERS_UPDATE_OWN, Policy};
use crate::kernel::input::validators::{distinct, not_empty};
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::lifecycle::NoStatus;
use crate::kernel::resource::reference::Ref;
use crate::kernel::resource::{Resource, Stored};
use crate::kernel::search::{CodeList, Field, Texts};
use crate::kernel::value::{
    ClimateZone, Country, Figure, Language, Localized, Location, Places, Sector, SingleLine, Slug,
    Visibility, WebUrl, WorkingAreaCode,
};
use crate::kernel::violation::Violations;

crate::string_enum! {
    /// The side of a utility in partnerships.
    UtilityKind in "utility-kinds" {
        /// a German municipal utility; its country is `DE`
        Municipal = "municipal" ("Municipal utility", "Kommunales Unternehmen":
            "ein deutsches kommunales Unternehmen; sein Land ist `DE`"),
        /// a utility abroad, sometimes a municipality itself; its country is not `DE`
        Partner = "partner" ("Partner utility", "Partnerunternehmen":
            "ein Unternehmen im Ausland, manchmal die Kommune selbst; sein Land ist nicht `DE`"),
    }
}

/// An operator of public services: a German municipal utility or its peer abroad.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Utility {
    /// Unique and stable; generated from the name by default. Can be used in place of the id.
    #[deserr(default)]
    pub slug: Option<Slug>,
    /// The name, as the utility itself spells it.
    pub name: SingleLine,
    /// Other names and spellings, such as `Lemberg` and `Lwiw` for Lviv.
    #[serde(default)]
    #[deserr(default)]
    pub aliases: Vec<SingleLine>,
    /// Whether the utility is in Germany or abroad.
    pub kind: UtilityKind,
    /// The legal form, as free text.
    #[deserr(default)]
    pub legal_form: Option<SingleLine>,
    /// The country where the utility operates.
    pub country: Country,
    /// The state, province or oblast.
    #[deserr(default)]
    pub region: Option<SingleLine>,
    /// The city where the utility is based, or which it serves.
    #[deserr(default)]
    pub city: Option<SingleLine>,
    /// The location, at city level.
    #[deserr(default)]
    pub location: Option<Location>,
    /// The climate of the area.
    #[deserr(default)]
    pub climate_zone: Option<ClimateZone>,
    /// The sectors of the utility: a set with at least one entry.
    #[schema(min_items = 1)]
    pub sectors: Vec<Sector>,
    /// The working languages.
    #[serde(default)]
    #[deserr(default)]
    pub languages: Vec<Language>,
    /// The number of people served.
    #[deserr(default)]
    pub population_served: Option<Figure>,
    /// The number of employees.
    #[deserr(default)]
    pub employees: Option<Figure>,
    /// The website.
    #[deserr(default)]
    pub website: Option<WebUrl>,
    /// A description of the utility.
    #[deserr(default)]
    pub description: Option<Localized>,
    /// The codes of the working areas in which the utility can advise others.
    #[serde(default)]
    #[deserr(default)]
    pub expertise: Vec<WorkingAreaCode>,
    /// The codes of the working areas in which the utility seeks advice.
    #[serde(default)]
    #[deserr(default)]
    pub needs: Vec<WorkingAreaCode>,
    /// Who may see the utility; `members` by default.
    #[serde(default)]
    #[deserr(default)]
    pub visibility: Visibility,
    /// The URL where this information is published.
    #[deserr(default)]
    pub source_url: Option<WebUrl>,
}

/// A reference to a utility.
pub type UtilityRef = Ref<Utility>;

crate::list_filter! {
    /// The filters of the list of utilities.
    UtilityFilter of Utility {
        /// Whether the utility is in Germany or abroad.
        kind: Vec<UtilityKind> => one_of(kind),
        /// The country where the utility operates (ISO 3166-1 alpha-2).
        country: Vec<Country> => one_of(country),
        /// A sector of the utility.
        sector: Vec<Sector> => in_set(sectors),
        /// A working language (ISO 639-1).
        language: Vec<Language> => in_set(languages),
        /// A working area in which the utility can advise others.
        expertise: Vec<WorkingAreaCode> => in_set(expertise),
        /// A working area in which the utility seeks advice.
        need: Vec<WorkingAreaCode> => in_set(needs),
        /// The climate (Köppen–Geiger).
        climate_zone: Vec<ClimateZone> => one_of(climate_zone),
        /// Who may see the utility.
        visibility: Vec<Visibility> => one_of(visibility),
    }
}

crate::word_list! {
    /// The keys by which utilities can be sorted.
    UtilitySort {
        /// the name, ignoring case and accents
        Name = "name",
        /// the slug
        Slug = "slug",
        /// the country code
        Country = "country",
        /// the city, ignoring case and accents
        City = "city",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(UtilitySort, default: [(Self::Name, Ascending)]);

impl Resource for Utility {
    const NAME: &'static str = "utility";
    const PATH: &'static str = "utilities";
    const POLICY: Policy = MEMBERS_AND_PARTNERS_UPDATE_OWN;
    const SLUG: Option<fn(&mut Self) -> &mut Option<Slug>> = Some(|data| &mut data.slug);
    const SUMMARY_FIELDS: &'static [&'static str] = &["kind", "country"];

    const PLACES: Option<fn(&Stored<Self>) -> Places> = Some(|stored| Places::One(stored.data.location));

    type Parent = ();
    type Filter = UtilityFilter;
    type Sort = UtilitySort;
    type Status = NoStatus;
    type Derived = ();

    fn is_own(&self, id: Option<Uuid>, _parent: Option<&()>, actor: &Actor) -> bool {
        id.is_some_and(|id| actor.owns(id))
    }

    fn unwritable_fields(role: Role) -> &'static [&'static str] {
        match role {
            Role::Admin | Role::Coordinator => &[],
            Role::Reader | Role::Member | Role::Partner => &["slug", "visibility", "kind"],
        }
    }

    fn validate(&self, violations: &mut Violations) {
        match (self.kind, self.country.is_germany()) {
            (UtilityKind::Municipal, false) => violations.member(
                "/country",
                "inconsistent",
                bilingual!(
                    "The country of a `municipal` utility must be `DE`.",
                    "Ein kommunales Unternehmen (`municipal`) ist ein deutsches: Sein Land ist `DE`."
                ),
            ),
            (UtilityKind::Partner, true) => violations.member(
                "/country",
                "inconsistent",
                bilingual!(
                    "The country of a `partner` utility must not be `DE`.",
                    "Ein Partnerunternehmen (`partner`) ist im Ausland: Sein Land ist nicht `DE`."
                ),
            ),
            _ => {}
        }
        not_empty(&self.sectors, "/sectors", violations);
        distinct(&self.sectors, "/sectors", violations);
        distinct(&self.aliases, "/aliases", violations);
        distinct(&self.languages, "/languages", violations);
        distinct(&self.expertise, "/expertise", violations);
        distinct(&self.needs, "/needs", violations);
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("name", &self.name);
        texts.details("aliases", &self.aliases);
        texts.details("region", &self.region);
        texts.details("city", &self.city);
        texts.codes(Field::Detail, "country", CodeList::Country, [&self.country]);
        texts.text("description", &self.description);
        texts.codes(Field::Text, "sectors", CodeList::Sector, &self.sectors);
        texts.codes(Field::Text, "climate_zone", CodeList::ClimateZone, self.climate_zone);
        texts.lines(Field::Text, "legal_form", &self.legal_form);
    }

    fn label(&self) -> &str {
        self.name.as_str()
    }

    fn visibility(&self) -> Visibility {
        self.visibility
    }
}
