//! Registrations: the people who have a seat in a session, or are on its waiting list.

mod mail;
mod query;
mod status;

use chrono::{DateTime, Utc};
use deserr::Deserr;
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

pub use mail::MailKind;
pub use query::{RegistrationFilter, RegistrationSort};
pub use status::RegistrationStatus;

use crate::bilingual;
use crate::contact::ContactRef;
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::{MEMBERS_REGISTER, Policy};
use crate::kernel::resource::Resource;
use crate::kernel::resource::reference::UnresolvedReference;
use crate::kernel::search::Texts;
use crate::kernel::value::{Email, Language, SingleLine};
use crate::kernel::violation::Violations;
use crate::member::MemberRef;
use crate::session::{RegistrationReason, Session, SessionFormat};

crate::string_enum! {
    /// How a person takes part.
    Attendance in "attendances" {
        /// on site
        InPerson = "in_person" ("In person", "Vor Ort"),
        /// online
        Online = "online" ("Online", "Online"),
    }
}

impl Attendance {
    /// Returns whether the session offers this kind of attendance.
    pub fn is_offered(self, session: &Session) -> bool {
        match session.format {
            Some(SessionFormat::Online) => self == Self::Online,
            Some(SessionFormat::InPerson) => self == Self::InPerson,
            Some(SessionFormat::Hybrid) | None => true,
        }
    }
}

/// A person who takes part in a session on behalf of a member, or is on the waiting list.
#[skip_serializing_none]
#[derive(Clone, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Registration {
    /// The member that the person belongs to.
    pub member: MemberRef,
    /// The person, if the person is a contact of the member; otherwise `name` and `email` are required.
    #[deserr(default)]
    pub contact: Option<ContactRef>,
    /// The name of the person, if the person is not a contact.
    #[deserr(default)]
    pub name: Option<SingleLine>,
    /// The e-mail address of the person, if the person is not a contact.
    #[deserr(default)]
    pub email: Option<Email>,
    /// The language for messages to the person (ISO 639-1), if the person is not a contact; German by default.
    #[deserr(default)]
    pub language: Option<Language>,
    /// On site or online.
    pub attendance: Attendance,
    /// Whether the person has a seat. Changed only by a transition, or when a seat becomes free.
    #[deserr(default)]
    pub status: Option<RegistrationStatus>,
}

/// Omits personal data.
impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The person who takes part.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct Person {
    /// The name of the person.
    pub name: String,
    /// The e-mail address of the person.
    pub email: Email,
    /// The language for messages to the person (ISO 639-1), if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

/// Omits personal data.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").finish_non_exhaustive()
    }
}

/// The members that the store derives for a registration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct RegistrationDerived {
    /// The position on the waiting list, starting at 1; absent if the person is not waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The person, whether a contact or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
}

impl Registration {
    /// Returns whether the registration may enter the status now, regardless of seats. Attendance can be recorded once
    /// the session has begun; from then on, only people on the waiting list can be cancelled.
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

    /// Returns whether the registration is for a seat on site.
    pub fn in_room(&self) -> bool {
        self.attendance == Attendance::InPerson
    }

    /// Checks that the session offers the attendance.
    pub fn check_attendance(&self, session: &Session, violations: &mut Violations) {
        let attendance = self.attendance;
        if !attendance.is_offered(session) {
            let detail = bilingual!(
                "This session does not offer `{attendance}`.",
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
    const POLICY: Policy = MEMBERS_REGISTER;
    const NAME_FIELD: &'static str = "";
    const DERIVED: &'static [&'static str] = &["position", "person"];
    const DERIVED_IN_TABLES: &'static [&'static str] = &["person"];
    const IMMUTABLE_FIELDS: &'static [&'static str] = &["member"];
    const PUBLIC: bool = false;
    const PERSONAL: bool = true;
    /// The possible statuses change when the session begins.
    const TIME_DEPENDENT: bool = true;
    const UNLOGGED: &'static [&'static str] = &["name", "email", "language", "position", "person"];

    type Parent = Session;
    type Filter = RegistrationFilter;
    type Sort = RegistrationSort;
    type Status = RegistrationStatus;
    type Derived = RegistrationDerived;

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
                    "`{member}` is taken from the contact: give either `contact` or `{member}`.",
                    "`{member}` steht bei der Ansprechperson: Lassen Sie eines von beiden weg."
                );
                violations.member(format!("/{member}"), "one_of", detail);
            } else if self.contact.is_none() && !is_there {
                let detail = bilingual!(
                    "`{member}` is required if there is no `contact`.",
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

    /// People cannot be searched for.
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

    /// Compares the member, the contact and the e-mail address.
    fn is_same_child(&self, other: &Self) -> bool {
        let email = |registration: &Self| registration.email.as_ref().map(Email::folded);
        self.member == other.member && self.contact == other.contact && email(self) == email(other)
    }
}
