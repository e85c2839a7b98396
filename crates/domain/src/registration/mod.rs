//! Registrations: who comes to a session, and who waits for a seat.

mod mail;
mod query;
mod status;

use chrono::{DateTime, Utc};
use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

pub use mail::Occasion;
pub use query::{RegistrationFilter, RegistrationSort};
pub use status::RegistrationStatus;

use crate::bilingual;
use crate::contact::ContactRef;
use crate::kernel::actor::{Action, Actor, Grant, Role};
use crate::kernel::reference::UnresolvedReference;
use crate::kernel::resource::{Resource, Stored};
use crate::kernel::search::Texts;
use crate::kernel::value::{Email, Language, SingleLine};
use crate::kernel::violation::Violations;
use crate::member::MemberRef;
use crate::session::{RegistrationReason, Session, SessionFormat};

crate::string_enum! {
    /// How somebody takes part.
    Attendance {
        /// in the room
        InPerson = "in_person",
        /// on the network
        Online = "online",
    }
}

impl Attendance {
    /// Whether one can come to a session so.
    pub fn is_offered(self, session: &Session) -> bool {
        match session.format {
            Some(SessionFormat::Online) => self == Self::Online,
            Some(SessionFormat::InPerson) => self == Self::InPerson,
            Some(SessionFormat::Hybrid) | None => true,
        }
    }
}

/// Somebody of a member who comes to a session, or waits for a seat.
#[skip_serializing_none]
#[derive(Clone, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Registration {
    /// The member whose staff it is.
    pub member: MemberRef,
    /// The person, as a contact of the member; else `name` and `email` say who it is.
    #[deserr(default)]
    pub contact: Option<ContactRef>,
    /// The person's name, where it is no contact.
    #[deserr(default)]
    pub name: Option<SingleLine>,
    /// The address that the person is written to, where it is no contact.
    #[deserr(default)]
    pub email: Option<Email>,
    /// The language that the person is written to in (ISO 639-1), where it is no contact; German when left out.
    #[deserr(default)]
    pub language: Option<Language>,
    /// In the room or online.
    pub attendance: Attendance,
    /// Whether there is a seat. Changed by a transition only, and by what others do.
    #[deserr(default)]
    pub status: Option<RegistrationStatus>,
}

/// Prints nothing of the person.
impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Who comes.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct Person {
    /// What the person is called.
    pub name: String,
    /// The address that the person is written to.
    pub email: Email,
    /// The language that the person is written to in (ISO 639-1), where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

/// Prints nothing of the person.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").finish_non_exhaustive()
    }
}

/// What the store derives for a registration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct RegistrationDerived {
    /// Which one of those who wait it is, from 1; absent where there is a seat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// Who comes, whether a contact or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
}

impl Registration {
    /// Whether it may enter the status now, seats aside: who came shows once the session has begun, and then nobody cancels
    /// any more but who waited in vain.
    pub fn may_become(&self, to: RegistrationStatus, session: &Session, now: DateTime<Utc>) -> bool {
        use RegistrationStatus::{Attended, Cancelled, NoShow, Registered, Waitlisted};
        let closed = session.closed(now);
        match to {
            Attended | NoShow => session.has_begun(now),
            Cancelled if self.status == Some(Waitlisted) => true,
            Cancelled | Waitlisted => {
                !matches!(closed, Some(RegistrationReason::Begun | RegistrationReason::Held))
            }
            Registered => closed.is_none(),
        }
    }

    /// Whether it is for a seat in the room.
    pub fn in_room(&self) -> bool {
        self.attendance == Attendance::InPerson
    }

    /// One takes part as the session is held.
    pub fn fits(&self, session: &Session, violations: &mut Violations) {
        let attendance = self.attendance;
        if !attendance.is_offered(session) {
            let detail = bilingual!(
                "This session is not held `{attendance}`.",
                "Diese Sitzung findet nicht `{attendance}` statt."
            );
            violations.member("/attendance", "not_offered", detail);
        }
    }
}

impl Resource for Registration {
    const SEARCHED: bool = false;
    const NAME: &'static str = "registration";
    const PATH: &'static str = "registrations";
    const SCOPE: &'static str = Session::PATH;
    const NAME_FIELD: &'static str = "";
    const HAS_SLUG: bool = false;
    const DERIVED: &'static [&'static str] = &["position", "person"];
    const SHOWN_IN_TABLES: &'static [&'static str] = &["person"];
    const IMMUTABLE_FIELDS: &'static [&'static str] = &["member"];
    const PUBLIC: bool = false;
    const PERSONAL: bool = true;
    /// What it may become changes when the session begins.
    const TIME_DEPENDENT: bool = true;
    const UNLOGGED: &'static [&'static str] = &["name", "email", "language", "position", "person"];

    type Parent = Session;
    type Filter = RegistrationFilter;
    type Sort = RegistrationSort;
    type Status = RegistrationStatus;
    type Derived = RegistrationDerived;

    /// Whose members' they are the store knows.
    fn grant(role: Role, action: Action) -> Grant {
        match (role, action) {
            (Role::Admin | Role::Coordinator, _) => Grant::All,
            (Role::Member, Action::Read | Action::Create | Action::Update | Action::Transition) => Grant::All,
            _ => Grant::Never,
        }
    }

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&Session>, _actor: &Actor) -> bool {
        false
    }

    fn unwritable_fields(role: Role) -> &'static [&'static str] {
        match role {
            Role::Admin | Role::Coordinator => &[],
            Role::Reader | Role::Member | Role::Partner => &["status"],
        }
    }

    fn validate(&self, violations: &mut Violations) {
        for (member, is_there) in [("name", self.name.is_some()), ("email", self.email.is_some())] {
            if self.contact.is_some() && is_there {
                let detail = bilingual!(
                    "`{member}` is the contact's: leave one of both out.",
                    "`{member}` steht bei der Ansprechperson: Lassen Sie eines von beiden weg."
                );
                violations.member(format!("/{member}"), "one_of", detail);
            } else if self.contact.is_none() && !is_there {
                let detail = bilingual!(
                    "`{member}` is required where there is no `contact`.",
                    "`{member}` ist erforderlich, wo es keine Ansprechperson (`contact`) gibt."
                );
                violations.member(format!("/{member}"), "required", detail);
            }
        }
    }

    fn is_ready(&self, parent: Option<&Session>, to: RegistrationStatus, now: DateTime<Utc>) -> bool {
        parent.is_none_or(|session| self.may_become(to, session, now))
    }

    fn may_transition_to(role: Role, to: RegistrationStatus) -> bool {
        matches!(role, Role::Admin | Role::Coordinator) || to == RegistrationStatus::Cancelled
    }

    fn matches(filter: &RegistrationFilter, item: &Stored<Self>) -> bool {
        filter.matches(item)
    }

    /// Persons are not searched for.
    fn search_texts(&self, _texts: &mut Texts) {}

    fn label(&self) -> &str {
        ""
    }

    fn status(&self) -> Option<RegistrationStatus> {
        self.status
    }

    fn set_status(&mut self, status: RegistrationStatus) {
        self.status = Some(status);
    }

    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        self.member.visit("/member", visit);
    }

    /// The same person.
    fn is_same_child(&self, other: &Self) -> bool {
        let email = |it: &Self| it.email.as_ref().map(Email::folded);
        self.member == other.member && self.contact == other.contact && email(self) == email(other)
    }
}
