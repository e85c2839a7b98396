//! Partnerships: peer-to-peer cooperation between municipal and partner utilities.

mod participant;
mod query;
mod status;

use chrono::NaiveDate;
use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

pub use participant::{Participant, ParticipantRole};
pub use query::{PartnershipFilter, PartnershipSort};
pub use status::PartnershipStatus;

use crate::bilingual;
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::{MEMBERS_CREATE_AND_UPDATE_OWN, Policy};
use crate::kernel::input::validators::{distinct, not_empty, ordered};
use crate::kernel::resource::reference::UnresolvedReference;
use crate::kernel::resource::{Resource, Stored};
use crate::kernel::search::{CodeList, Field, Texts};
use crate::kernel::value::{
    CalendarDate, Country, Localized, Location, Money, PartialDate, Places, SdgTarget, Sector, SingleLine,
    Slug, Visibility, WebUrl, WorkingAreaCode,
};
use crate::kernel::violation::Violations;
use crate::programme::ProgrammeRef;

crate::string_enum! {
    /// The origin of a partnership.
    BasisKind in "basis-kinds" {
        /// a town twinning
        TownTwinning = "town_twinning" ("Town twinning", "Städtepartnerschaft"),
        /// a municipal climate partnership
        ClimatePartnership = "climate_partnership" ("Climate partnership", "Kommunale Klimapartnerschaft"),
        /// a municipal solidarity partnership
        SolidarityPartnership = "solidarity_partnership" ("Solidarity partnership", "Kommunale Solidaritätspartnerschaft"),
        /// anything else
        Other = "other" ("Other", "Sonstige"),
    }
}

/// The relationship between municipalities from which a partnership developed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Basis {
    /// The kind of relationship.
    pub kind: BasisKind,
    /// The name of the relationship.
    pub name: SingleLine,
}

/// Peer-to-peer cooperation between municipal and partner utilities.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Partnership {
    /// Unique and stable; generated from the title by default. Can be used in place of the id.
    #[deserr(default)]
    pub slug: Option<Slug>,
    /// The title, usually the names of the participants.
    pub title: SingleLine,
    /// A summary of the partnership.
    #[deserr(default)]
    pub summary: Option<Localized>,
    /// The participants with their roles and dates. Former participants stay in the list.
    pub participants: Vec<Participant>,
    /// The sectors of the partnership: a set with at least one entry.
    #[schema(min_items = 1)]
    pub sectors: Vec<Sector>,
    /// The codes of the working areas of the partnership.
    #[serde(default)]
    #[deserr(default)]
    pub working_areas: Vec<WorkingAreaCode>,
    /// The targets of the Sustainable Development Goals to which the partnership contributes.
    #[serde(default)]
    #[deserr(default)]
    pub sdg_targets: Vec<SdgTarget>,
    /// The status of the partnership; absent if unknown. Changed only by a transition.
    #[deserr(default)]
    pub status: Option<PartnershipStatus>,
    /// The start of the partnership.
    #[deserr(default)]
    pub start: Option<PartialDate>,
    /// The actual or planned end of the partnership.
    #[deserr(default)]
    pub end: Option<PartialDate>,
    /// The relationship from which the partnership developed.
    #[deserr(default)]
    pub based_on: Option<Basis>,
    /// Who may see the partnership; `members` by default, and never wider than the visibility of any participant.
    #[serde(default)]
    #[deserr(default)]
    pub visibility: Visibility,
    /// The URL where this information is published.
    #[deserr(default)]
    pub source_url: Option<WebUrl>,
}

/// The members that the store derives for a partnership.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct PartnershipDerived {
    /// The countries of the partner side, sorted (ISO 3166-1 alpha-2).
    pub countries: Vec<Country>,
    /// The locations of the partner utilities.
    pub locations: Vec<PartnerLocation>,
    /// The programmes named in the funding of the partnership.
    pub programmes: Vec<ProgrammeRef>,
    /// The total funding of the partnership: one sum for each currency, sorted by currency. Phases without a published
    /// amount are not included.
    pub funding_totals: Vec<Money>,
    /// The last day of the latest activity that has begun, or today if that day is in the future; absent if no activity
    /// has begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_activity_on: Option<CalendarDate>,
}

/// The derived fields of a partnership that come from its sub-resources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DerivedOfSubResources {
    /// The programmes named in the funding of the partnership.
    pub programmes: Vec<ProgrammeRef>,
    /// The total funding, one sum for each currency.
    pub funding_totals: Vec<Money>,
    /// The last day of the latest activity.
    pub last_activity_on: Option<CalendarDate>,
}

/// The location of a partner utility, at city level (WGS 84 degrees).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PartnerLocation {
    /// The slug of the utility.
    pub utility: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

impl PartnershipDerived {
    /// Derives the members from the current and former partner utilities and the sub-resources.
    pub fn of(partnership: &Partnership, parts: DerivedOfSubResources) -> Self {
        let partners = || partnership.partners().filter_map(|participant| participant.party.summary());
        let mut countries: Vec<_> = partners().filter_map(|summary| summary.country.clone()).collect();
        countries.sort();
        countries.dedup();
        let locations = partners().filter_map(|summary| {
            let location = summary.location?;
            let utility = summary.slug.as_ref()?.to_string();
            Some(PartnerLocation { utility, latitude: location.latitude, longitude: location.longitude })
        });
        let DerivedOfSubResources { programmes, funding_totals, last_activity_on } = parts;
        Self { countries, locations: locations.collect(), programmes, funding_totals, last_activity_on }
    }
}

impl Resource for Partnership {
    const NAME: &'static str = "partnership";
    const PATH: &'static str = "partnerships";
    const POLICY: Policy = MEMBERS_CREATE_AND_UPDATE_OWN;
    const SLUG: Option<fn(&mut Self) -> &mut Option<Slug>> = Some(|data| &mut data.slug);
    const NAME_FIELD: &'static str = "title";
    const DERIVED: &'static [&'static str] =
        &["countries", "locations", "programmes", "funding_totals", "last_activity_on"];

    const PLACES: Option<fn(&Stored<Self>) -> Places> = Some(|stored| {
        let places = stored.derived.locations.iter();
        let place = |location: &PartnerLocation| Location {
            latitude: location.latitude,
            longitude: location.longitude,
        };
        Places::Many(places.map(place).collect())
    });

    const IS_ACTIVITY: bool = true;

    type Parent = ();
    type Filter = PartnershipFilter;
    type Sort = PartnershipSort;
    type Status = PartnershipStatus;
    type Derived = PartnershipDerived;

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&()>, actor: &Actor) -> bool {
        self.is_led_by(actor)
    }

    fn unwritable_fields(role: Role) -> &'static [&'static str] {
        match role {
            Role::Admin | Role::Coordinator => &[],
            Role::Reader | Role::Member | Role::Partner => &["slug", "visibility", "status"],
        }
    }

    fn validate_changes(before: Option<&Self>, after: &Self, actor: &Actor, violations: &mut Violations) {
        let leads =
            |partnership: &Self| partnership.with_role(ParticipantRole::Lead).cloned().collect::<Vec<_>>();
        if !actor.is_staff() && before.is_some_and(|before| leads(before) != leads(after)) {
            violations.member(
                "/participants",
                "not_writable",
                bilingual!(
                    "Only the coordination office can change the lead.",
                    "Wer federführend ist, ändert nur die Koordinierungsstelle."
                ),
            );
        }
    }

    fn validate(&self, violations: &mut Violations) {
        self.participant_rules(violations);
        not_empty(&self.sectors, "/sectors", violations);
        distinct(&self.sectors, "/sectors", violations);
        distinct(&self.working_areas, "/working_areas", violations);
        distinct(&self.sdg_targets, "/sdg_targets", violations);
        ordered(self.start.as_ref(), self.end.as_ref(), "/end", violations);
    }

    fn validate_today(&self, before: Option<&Self>, today: NaiveDate, violations: &mut Violations) {
        let facts = |partnership: &Self| {
            (
                partnership.participants.clone(),
                partnership.start.clone(),
                partnership.end.clone(),
                partnership.is_over(),
            )
        };
        if before.is_none_or(|before| facts(before) != facts(self)) {
            self.lead_rules(today, violations);
        }
    }

    fn transition_requirements(&self, to: PartnershipStatus, violations: &mut Violations) {
        self.status_needs(to, violations);
    }

    fn needs_reason(from: PartnershipStatus, to: PartnershipStatus) -> bool {
        from == PartnershipStatus::Completed && to == PartnershipStatus::Active
    }

    fn matches_special(filter: &PartnershipFilter, item: &Stored<Self>) -> bool {
        filter.matches_special(item)
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("title", &self.title);
        texts.details("based_on", self.based_on.iter().map(|basis| &basis.name));
        texts.text("summary", &self.summary);
        texts.codes(Field::Text, "sectors", CodeList::Sector, &self.sectors);
        texts.codes(Field::Text, "sdg_targets", CodeList::SdgTarget, &self.sdg_targets);
    }

    fn label(&self) -> &str {
        self.title.as_str()
    }

    fn visibility(&self) -> Visibility {
        self.visibility
    }

    fn status(&self) -> Option<PartnershipStatus> {
        self.status
    }

    fn set_status(&mut self, status: PartnershipStatus) {
        self.status = Some(status);
    }

    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        for (index, participant) in self.participants.iter_mut().enumerate() {
            participant.party.visit(&format!("/participants/{index}/party"), visit);
        }
    }
}
