//! Members: the participation of municipal utilities in the exchange.

use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bilingual;
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::{MEMBERS_UPDATE_OWN, Policy};
use crate::kernel::input::validators::{days_ordered, distinct};
use crate::kernel::parameters::BoolParam;
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::lifecycle::StatusFilter;
use crate::kernel::resource::list_filter::kind;
use crate::kernel::resource::reference::{Key, Ref, UnresolvedReference};
use crate::kernel::resource::{Resource, Stored};
use crate::kernel::search::{CodeList, Field, Texts};
use crate::kernel::value::{
    CalendarDate, Country, Sector, SingleLine, Slug, Text, Visibility, WorkingAreaCode,
};
use crate::kernel::violation::Violations;
use crate::utility::{UtilityKind, UtilityRef};

crate::string_enum! {
    /// The status of a membership.
    MemberStatus in "member-statuses" {
        /// wants to take part
        Interested = "interested" ("Interested", "Interessiert": "möchte teilnehmen"),
        /// takes part
        Active = "active" ("Active", "Aktiv": "nimmt teil"),
        /// has paused its participation
        Paused = "paused" ("Paused", "Pausiert": "hat die Teilnahme unterbrochen"),
        /// no longer takes part
        Left = "left" ("Left", "Ausgetreten": "nimmt nicht mehr teil"),
    }
}

crate::states!(MemberStatus {
    Interested => [Active],
    Active => [Paused, Left],
    Paused => [Active, Left],
    Left => [Interested],
});

/// What a member is interested in working on, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Interests {
    /// The sectors of interest.
    #[serde(default)]
    #[deserr(default)]
    pub sectors: Vec<Sector>,
    /// The countries of interest.
    #[serde(default)]
    #[deserr(default)]
    pub countries: Vec<Country>,
    /// The working areas of interest.
    #[serde(default)]
    #[deserr(default)]
    pub working_areas: Vec<WorkingAreaCode>,
}

/// The participation of a municipal utility in the exchange.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Member {
    /// The municipal utility, which can be a member only once.
    pub utility: UtilityRef,
    /// The status of the membership. Changed only by a transition.
    #[deserr(default)]
    pub status: Option<MemberStatus>,
    /// The day on which the utility joined.
    #[deserr(default)]
    pub joined_on: Option<CalendarDate>,
    /// The last day of the participation.
    #[deserr(default)]
    pub left_on: Option<CalendarDate>,
    /// The regional group.
    #[deserr(default)]
    pub regional_group: Option<SingleLine>,
    /// What the member is interested in working on, and where.
    #[serde(default)]
    #[deserr(default)]
    pub interests: Interests,
    /// A note by the coordination office, which nobody else can read.
    #[deserr(default)]
    pub note: Option<Text>,
}

/// A reference to a member.
pub type MemberRef = Ref<Member>;

/// The members that the store derives for a member of the exchange.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct MemberDerived {
    /// The slug of the utility, which can be used in place of the id of the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required, nullable = false)]
    pub slug: Option<Slug>,
    /// The name of the utility.
    pub name: String,
    /// Whether the utility currently takes part in an active partnership that you may see.
    pub has_active_partnership: bool,
}

crate::list_filter! {
    /// The filters of the list of members.
    MemberFilter of Member {
        /// The status of the membership.
        status: Vec<StatusFilter<MemberStatus>> => status(status),
        /// The id or slug of the utility.
        utility: Vec<Key> => reference(utility_id = data.utility.summary()),
        /// A sector of interest.
        sector: Vec<Sector> => in_set(sectors = data.interests.sectors),
        /// A country of interest (ISO 3166-1 alpha-2).
        country: Vec<Country> => in_set(countries = data.interests.countries),
        /// A working area of interest.
        working_area: Vec<WorkingAreaCode> => in_set(working_areas = data.interests.working_areas),
        /// The regional group, which must match exactly.
        regional_group: Vec<SingleLine> => one_of(regional_group),
        /// Whether the utility currently takes part in an active partnership that you may see.
        has_active_partnership: Option<BoolParam>,
    }
}

crate::word_list! {
    /// The keys by which members can be sorted.
    MemberSort {
        /// the name of the utility, ignoring case and accents
        Name = "name",
        /// the status, alphabetically
        Status = "status",
        /// the day of joining
        JoinedOn = "joined_on",
        /// the regional group
        RegionalGroup = "regional_group",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(MemberSort, default: [(Self::Name, Ascending)]);

impl Resource for Member {
    const NAME: &'static str = "member";
    const PATH: &'static str = "members";
    const POLICY: Policy = MEMBERS_UPDATE_OWN;
    const DERIVED: &'static [&'static str] = &["slug", "name", "has_active_partnership"];
    const PUBLIC: bool = false;
    const REGISTERS: bool = true;
    const UNLOGGED: &'static [&'static str] = &["has_active_partnership"];

    type Parent = ();
    type Filter = MemberFilter;
    type Sort = MemberSort;
    type Status = MemberStatus;
    type Derived = MemberDerived;

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&()>, actor: &Actor) -> bool {
        self.utility.id().is_some_and(|utility| actor.owns(utility))
    }

    fn unwritable_fields(role: Role) -> &'static [&'static str] {
        match role {
            Role::Admin | Role::Coordinator => &[],
            Role::Reader | Role::Member | Role::Partner => {
                &["utility", "status", "joined_on", "left_on", "note"]
            }
        }
    }

    fn hidden_fields(role: Option<Role>) -> &'static [&'static str] {
        match role {
            Some(Role::Admin | Role::Coordinator) => &[],
            _ => &["note"],
        }
    }

    fn redact(&mut self, members: &'static [&'static str]) {
        if members.contains(&"note") {
            self.note = None;
        }
    }

    /// Partners only see active members.
    fn redact_history(state: &mut Value, _own: bool, actor: &Actor) -> bool {
        let active = state.get("status").is_some_and(|status| status == MemberStatus::Active.as_str());
        active || actor.role != Some(Role::Partner)
    }

    fn validate(&self, violations: &mut Violations) {
        let kind = self.utility.summary().and_then(|summary| summary.kind.as_deref());
        if kind.is_some_and(|kind| kind != UtilityKind::Municipal.as_str()) {
            let detail = bilingual!(
                "Only a `municipal` utility can be a member; this one is a partner utility.",
                "Mitglied ist ein Unternehmen der Art `municipal`; dieses ist ein Partnerunternehmen."
            );
            violations.member("/utility", "not_municipal", detail);
        }
        days_ordered(self.joined_on.as_ref(), self.left_on.as_ref(), "/left_on", violations);
        distinct(&self.interests.sectors, "/interests/sectors", violations);
        distinct(&self.interests.countries, "/interests/countries", violations);
        distinct(&self.interests.working_areas, "/interests/working_areas", violations);
    }

    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        self.utility.visit("/utility", visit);
    }

    fn matches_special(filter: &MemberFilter, item: &Stored<Self>) -> bool {
        kind::flag::matches(&filter.has_active_partnership, &item.derived.has_active_partnership)
    }

    /// The name belongs to the utility and is searched there. The note is not searched, because not everybody may read
    /// it.
    fn search_texts(&self, texts: &mut Texts) {
        texts.details("regional_group", &self.regional_group);
        texts.codes(Field::Text, "interests", CodeList::Country, &self.interests.countries);
        texts.codes(Field::Text, "interests", CodeList::Sector, &self.interests.sectors);
    }

    fn label(&self) -> &str {
        self.utility.summary().map_or("", |summary| summary.label.1.as_str())
    }

    /// Members are never public.
    fn visibility(&self) -> Visibility {
        Visibility::Members
    }

    fn status(&self) -> Option<MemberStatus> {
        self.status
    }

    fn set_status(&mut self, status: MemberStatus) {
        self.status = Some(status);
    }

    /// Compares the utility.
    fn is_same_child(&self, other: &Self) -> bool {
        self.utility == other.utility
    }
}
