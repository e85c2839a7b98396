//! Utilities: operators of public services, German (`municipal`) or abroad (`partner`).

use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bilingual;
use crate::kernel::actor::{Action, Actor, Grant, Role};
use crate::kernel::lifecycle::NoStatus;
use crate::kernel::parameters::InstantParam;
use crate::kernel::query::Direction::Ascending;
use crate::kernel::reference::Ref;
use crate::kernel::resource::{Resource, Stored};
use crate::kernel::search::{Field, Texts};
use crate::kernel::validators::{distinct, not_empty};
use crate::kernel::value::{
    ClimateZone, Country, Figure, Language, Localized, Location, Places, Sector, SingleLine, Slug,
    Visibility, WebUrl, WorkingAreaCode,
};
use crate::kernel::violation::Violations;

crate::string_enum! {
    /// On which side of a partnership a utility stands.
    UtilityKind {
        /// a German municipal utility; its country is `DE`
        Municipal = "municipal",
        /// a utility abroad, sometimes a municipality itself; its country is not `DE`
        Partner = "partner",
    }
}

/// An operator of public services: a German municipal utility or its peer abroad.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Utility {
    /// Unique and stable, made from the name when left out; accepted wherever an id is.
    #[deserr(default)]
    pub slug: Option<Slug>,
    /// The name as the utility writes it.
    pub name: SingleLine,
    /// Other spellings, such as `Lemberg` and `Lwiw` for Lviv.
    #[serde(default)]
    #[deserr(default)]
    pub aliases: Vec<SingleLine>,
    /// German or abroad.
    pub kind: UtilityKind,
    /// Legal form, in free text.
    #[deserr(default)]
    pub legal_form: Option<SingleLine>,
    /// Where it operates.
    pub country: Country,
    /// State, province or oblast.
    #[deserr(default)]
    pub region: Option<SingleLine>,
    /// The city it sits in or serves.
    #[deserr(default)]
    pub city: Option<SingleLine>,
    /// Where it is, at city level.
    #[deserr(default)]
    pub location: Option<Location>,
    /// Climate of its area.
    #[deserr(default)]
    pub climate_zone: Option<ClimateZone>,
    /// What it operates: a set, at least one.
    #[schema(min_items = 1)]
    pub sectors: Vec<Sector>,
    /// Languages it works in.
    #[serde(default)]
    #[deserr(default)]
    pub languages: Vec<Language>,
    /// People served.
    #[deserr(default)]
    pub population_served: Option<Figure>,
    /// Staff.
    #[deserr(default)]
    pub employees: Option<Figure>,
    /// Its web site.
    #[deserr(default)]
    pub website: Option<WebUrl>,
    /// What it does, for people.
    #[deserr(default)]
    pub description: Option<Localized>,
    /// Working areas in which it can advise others, by their codes.
    #[serde(default)]
    #[deserr(default)]
    pub expertise: Vec<WorkingAreaCode>,
    /// Working areas in which it looks for advice, by their codes.
    #[serde(default)]
    #[deserr(default)]
    pub needs: Vec<WorkingAreaCode>,
    /// Who may see it; `members` when left out.
    #[serde(default)]
    #[deserr(default)]
    pub visibility: Visibility,
    /// Where these facts were published.
    #[deserr(default)]
    pub source_url: Option<WebUrl>,
}

/// A relation to a utility.
pub type UtilityRef = Ref<Utility>;

crate::filter! {
    /// Which utilities.
    UtilityFilter {
        /// German or abroad.
        kind: Vec<UtilityKind>,
        /// Where it operates (ISO 3166-1 alpha-2).
        country: Vec<Country>,
        /// A sector it operates.
        sector: Vec<Sector>,
        /// A language it works in (ISO 639-1).
        language: Vec<Language>,
        /// A working area in which it can advise.
        expertise: Vec<WorkingAreaCode>,
        /// A working area in which it looks for advice.
        need: Vec<WorkingAreaCode>,
        /// Its climate (Köppen–Geiger).
        climate_zone: Vec<ClimateZone>,
        /// Who may see it.
        visibility: Vec<Visibility>,
        /// Changed at this instant or later.
        updated_since: Option<InstantParam>,
    }
}

crate::string_enum! {
    /// What utilities are sorted by.
    UtilitySort {
        /// the name, folded (case and accents do not count)
        Name = "name",
        /// the slug
        Slug = "slug",
        /// the country code
        Country = "country",
        /// the city, folded
        City = "city",
        /// when it was made
        CreatedAt = "created_at",
        /// when it last changed
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(UtilitySort, usual: [(Self::Name, Ascending)]);

impl Resource for Utility {
    const NAME: &'static str = "utility";
    const PATH: &'static str = "utilities";
    const SUMMARY_FIELDS: &'static [&'static str] = &["kind", "country"];

    const PLACES: Option<fn(&Stored<Self>) -> Places> = Some(|it| Places::One(it.data.location));

    type Parent = ();
    type Filter = UtilityFilter;
    type Sort = UtilitySort;
    type Status = NoStatus;
    type Derived = ();

    fn grant(role: Role, action: Action) -> Grant {
        match (role, action) {
            (_, Action::Read) | (Role::Admin | Role::Coordinator, _) => Grant::All,
            (Role::Member | Role::Partner, Action::Update) => Grant::Own,
            _ => Grant::Never,
        }
    }

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
                    "A `municipal` utility is a German one: its country is `DE`.",
                    "Ein kommunales Unternehmen (`municipal`) ist ein deutsches: Sein Land ist `DE`."
                ),
            ),
            (UtilityKind::Partner, true) => violations.member(
                "/country",
                "inconsistent",
                bilingual!(
                    "A `partner` utility is abroad: its country is not `DE`.",
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

    fn matches(filter: &UtilityFilter, item: &Stored<Self>) -> bool {
        let it = &item.data;
        let any = |wanted: &[WorkingAreaCode], areas: &[WorkingAreaCode]| {
            wanted.is_empty() || wanted.iter().any(|area| areas.contains(area))
        };
        (filter.kind.is_empty() || filter.kind.contains(&it.kind))
            && (filter.country.is_empty() || filter.country.contains(&it.country))
            && (filter.sector.is_empty() || filter.sector.iter().any(|sector| it.sectors.contains(sector)))
            && (filter.language.is_empty()
                || filter.language.iter().any(|language| it.languages.contains(language)))
            && any(&filter.expertise, &it.expertise)
            && any(&filter.need, &it.needs)
            && (filter.climate_zone.is_empty()
                || it.climate_zone.is_some_and(|zone| filter.climate_zone.contains(&zone)))
            && (filter.visibility.is_empty() || filter.visibility.contains(&it.visibility))
            && filter.updated_since.is_none_or(|InstantParam(since)| item.updated_at >= since)
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name(&self.name);
        texts.details(self.aliases.iter().chain(&self.region).chain(&self.city));
        texts.countries([&self.country]);
        texts.text(&self.description);
        texts.lines(Field::Text, &self.legal_form);
    }

    fn label(&self) -> &str {
        self.name.as_str()
    }

    fn slug(&mut self) -> Option<&mut Option<Slug>> {
        Some(&mut self.slug)
    }

    fn visibility(&self) -> Visibility {
        self.visibility
    }
}
