//! Sessions: meetings of the exchange, and related events.

mod icalendar;
mod query;
mod registration_state;
mod schedule;
mod status;

use chrono::{DateTime, Utc};
use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use icalendar::event;
pub use query::{SessionFilter, SessionSort};
pub use registration_state::{Registering, RegistrationReason, RegistrationState, SeatCounts};
pub use schedule::{instant, start_key};
pub use status::SessionStatus;

use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::{Policy, STAFF_WRITES};
use crate::kernel::icalendar::Event;
use crate::kernel::input::validators::distinct;
use crate::kernel::parameters::InstantParam;
use crate::kernel::resource::reference::{Ref, UnresolvedReference};
use crate::kernel::resource::{Resource, Stored};
use crate::kernel::search::{CodeList, Field, Texts};
use crate::kernel::value::{
    CalendarDate, ClockTime, Localized, Seats, Sector, SingleLine, Slug, TimeZone, Visibility, WebUrl,
};
use crate::kernel::violation::Violations;
use crate::party::{Party, not_narrower};

crate::string_enum! {
    /// The kind of session.
    SessionKind in "session-kinds" {
        /// a meeting of the exchange
        Exchange = "exchange" ("Exchange", "Erfahrungsaustausch": "eine Sitzung des Austauschs"),
        /// a workshop
        Workshop = "workshop" ("Workshop", "Workshop"),
        /// a consultation hour
        ConsultationHour = "consultation_hour" ("Consultation hour", "Sprechstunde"),
        /// a network meeting
        NetworkMeeting = "network_meeting" ("Network meeting", "Netzwerktreffen"),
        /// an information event
        InformationEvent = "information_event" ("Information event", "Informationsveranstaltung"),
        /// a training course
        Training = "training" ("Training", "Schulung"),
        /// a conference
        Conference = "conference" ("Conference", "Konferenz"),
        /// a study tour
        StudyTour = "study_tour" ("Study tour", "Studienreise"),
    }
}

crate::string_enum! {
    /// How a session is held.
    SessionFormat in "session-formats" {
        /// on site
        InPerson = "in_person" ("In person", "Vor Ort"),
        /// online
        Online = "online" ("Online", "Online"),
        /// on site and online
        Hybrid = "hybrid" ("In person and online", "Vor Ort und online"),
    }
}

/// A meeting of the exchange, or a related event.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Session {
    /// Unique and stable; generated from the title by default. Can be used in place of the id.
    #[deserr(default)]
    pub slug: Option<Slug>,
    /// The title.
    pub title: SingleLine,
    /// The kind of session.
    pub kind: SessionKind,
    /// The main subject.
    #[deserr(default)]
    pub focus_topic: Option<Localized>,
    /// A description of the session.
    #[deserr(default)]
    pub description: Option<Localized>,
    /// The first day, in the time zone of the session.
    pub starts_on: CalendarDate,
    /// The last day, if different from the first day.
    #[deserr(default)]
    pub ends_on: Option<CalendarDate>,
    /// The start time on the first day, in the time zone of the session. If the time occurs twice because the clocks go
    /// back, the first occurrence applies; a time that is skipped because the clocks go forward is rejected.
    #[deserr(default)]
    pub start_time: Option<ClockTime>,
    /// The end time on the last day, in the time zone of the session; requires `start_time`.
    #[deserr(default)]
    pub end_time: Option<ClockTime>,
    /// The time zone of the dates and times; `Europe/Berlin` by default.
    #[serde(default)]
    #[deserr(default)]
    pub time_zone: TimeZone,
    /// Whether the session is held on site, online or both.
    #[deserr(default)]
    pub format: Option<SessionFormat>,
    /// The venue.
    #[deserr(default)]
    pub place: Option<SingleLine>,
    /// The link for joining online. Only returned to those who are registered, and to the coordination office.
    #[deserr(default)]
    pub online_url: Option<WebUrl>,
    /// The organisers.
    #[serde(default)]
    #[deserr(default)]
    pub organisers: Vec<Party>,
    /// The sectors that the session covers.
    #[serde(default)]
    #[deserr(default)]
    pub sectors: Vec<Sector>,
    /// The status of the session; absent if unknown. Changed only by a transition.
    #[deserr(default)]
    pub status: Option<SessionStatus>,
    /// The maximum number of participants, on site and online together; absent if there is no limit.
    #[deserr(default)]
    pub capacity: Option<Seats>,
    /// The maximum number of participants on site; absent if there is no limit.
    #[deserr(default)]
    pub room_capacity: Option<Seats>,
    /// Whether there is a waiting list when all seats are taken; `true` by default.
    #[serde(default)]
    #[deserr(default = true)]
    pub waiting_list: bool,
    /// When registration closes; by default, when the session begins.
    #[deserr(default)]
    pub registration_closes_at: Option<InstantParam>,
    /// Who may see the session once it is published; `members` by default, and never wider than the visibility of any
    /// organiser or guest.
    #[serde(default)]
    #[deserr(default)]
    pub visibility: Visibility,
    /// The URL where this information is published.
    #[deserr(default)]
    pub source_url: Option<WebUrl>,
}

/// A reference to a session.
pub type SessionRef = Ref<Session>;

/// The members that the store derives for a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct SessionDerived {
    /// When the session starts, if the time is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<InstantParam>,
    /// When the session ends, if the time is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<InstantParam>,
    /// Whether registration is possible now, and if not, why.
    pub registration_state: RegistrationState,
    /// The registration counts. For readers and the coordination office.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<SessionCounts>,
    /// The reason for the cancellation, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancellation_reason: Option<String>,
    /// The time at which a registration last changed what the caller sees, such as the link to join; for calendars.
    #[serde(skip)]
    #[schema(ignore)]
    pub seen_changed_at: Option<DateTime<Utc>>,
}

/// The registration counts of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SessionCounts {
    /// The number of people who have, or had, a seat, whether they attended or not.
    pub registered: u64,
    /// The number of people on the waiting list.
    pub waitlisted: u64,
    /// The number of people who attended.
    pub attended: u64,
}

impl Resource for Session {
    const NAME: &'static str = "session";
    const PATH: &'static str = "sessions";
    const POLICY: Policy = STAFF_WRITES;
    const SLUG: Option<fn(&mut Self) -> &mut Option<Slug>> = Some(|data| &mut data.slug);
    const NAME_FIELD: &'static str = "title";
    const DERIVED: &'static [&'static str] =
        &["starts_at", "ends_at", "registration_state", "counts", "cancellation_reason"];
    const UNLOGGED: &'static [&'static str] =
        &["online_url", "registration_state", "counts", "cancellation_reason"];
    const TIME_DEPENDENT: bool = true;
    const EVENT: Option<fn(&Stored<Self>) -> Event> = Some(event);

    type Parent = ();
    type Filter = SessionFilter;
    type Sort = SessionSort;
    type Status = SessionStatus;
    type Derived = SessionDerived;

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&()>, _actor: &Actor) -> bool {
        false
    }

    fn hidden_fields(role: Option<Role>) -> &'static [&'static str] {
        match role {
            // Members can read it if they are registered, which the store checks.
            Some(Role::Admin | Role::Coordinator | Role::Member) => &[],
            None | Some(Role::Reader | Role::Partner) => &["online_url"],
        }
    }

    fn redact(&mut self, members: &'static [&'static str]) {
        if members.contains(&"online_url") {
            self.online_url = None;
        }
    }

    /// Drafts are visible to the coordination office only.
    fn redact_history(state: &mut Value, _own: bool, _actor: &Actor) -> bool {
        let status = state.get("status").and_then(Value::as_str);
        SessionStatus::PUBLISHED_OR_LATER.iter().any(|status_shown| status == Some(status_shown.as_str()))
    }

    fn validate(&self, violations: &mut Violations) {
        self.time_rules(violations);
        distinct(&self.organisers, "/organisers", violations);
        distinct(&self.sectors, "/sectors", violations);
        for (index, organiser) in self.organisers.iter().enumerate() {
            not_narrower(organiser, self.visibility, &format!("/organisers/{index}"), violations);
        }
    }

    fn is_ready(&self, _parent: Option<&()>, to: SessionStatus, now: DateTime<Utc>) -> bool {
        let mut violations = Violations::default();
        self.requirements_at(to, now, &mut violations);
        violations.is_empty()
    }

    fn matches_special(filter: &SessionFilter, item: &Stored<Self>) -> bool {
        filter.matches_special(item)
    }

    fn search_texts(&self, texts: &mut Texts) {
        texts.name("title", &self.title);
        texts.details("place", &self.place);
        texts.text("focus_topic", &self.focus_topic);
        texts.text("description", &self.description);
        texts.codes(Field::Text, "sectors", CodeList::Sector, &self.sectors);
    }

    fn label(&self) -> &str {
        self.title.as_str()
    }

    /// Unpublished sessions are visible to the coordination office only.
    fn visibility(&self) -> Visibility {
        if self.was_published() { self.visibility } else { Visibility::Internal }
    }

    fn status(&self) -> Option<SessionStatus> {
        self.status
    }

    fn set_status(&mut self, status: SessionStatus) {
        self.status = Some(status);
    }

    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        for (index, party) in self.organisers.iter_mut().enumerate() {
            party.visit(&format!("/organisers/{index}"), visit);
        }
    }
}
