//! Guests: speakers who are invited to a session.

use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bilingual;
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::{Policy, STAFF_WRITES};
use crate::kernel::parameters::sort::Direction::Ascending;
use crate::kernel::resource::Resource;
use crate::kernel::resource::lifecycle::StatusFilter;
use crate::kernel::resource::reference::{Ref, UnresolvedReference};
use crate::kernel::search::Texts;
use crate::kernel::value::{Email, SingleLine};
use crate::kernel::violation::Violations;
use crate::party::Party;
use crate::session::Session;

crate::string_enum! {
    /// The response of a guest to the invitation.
    GuestStatus in "guest-statuses" {
        /// has been invited; visible to the coordination office only
        Invited = "invited" ("Invited", "Eingeladen":
            "eingeladen; nur für die Koordinierungsstelle sichtbar"),
        /// has accepted
        Confirmed = "confirmed" ("Confirmed", "Zugesagt"),
        /// has declined; visible to the coordination office only
        Declined = "declined" ("Declined", "Abgesagt":
            "hat abgesagt; nur für die Koordinierungsstelle sichtbar"),
    }
}

crate::states!(GuestStatus {
    Invited => [Confirmed, Declined],
    Confirmed => [Declined],
    Declined => [Invited],
});

/// An external speaker who is invited to a session.
#[skip_serializing_none]
#[derive(Clone, PartialEq, Serialize, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
pub struct Guest {
    /// The name of the person, if known.
    #[deserr(default)]
    pub name: Option<SingleLine>,
    /// The utility or organisation that the person represents, or that is invited if the person is not yet known.
    #[deserr(default)]
    pub party: Option<Party>,
    /// The job title or function of the person.
    #[deserr(default)]
    pub function: Option<SingleLine>,
    /// The e-mail address of the person. For the coordination office only.
    #[deserr(default)]
    pub email: Option<Email>,
    /// The guest's response to the invitation. Can be changed only by a transition.
    #[deserr(default)]
    pub status: Option<GuestStatus>,
    /// The title of the talk.
    #[deserr(default)]
    pub talk_title: Option<SingleLine>,
}

/// A reference to a guest.
pub type GuestRef = Ref<Guest>;

/// Omits personal data.
impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("status", &self.status).finish_non_exhaustive()
    }
}

crate::list_filter! {
    /// The filters of the list of guests.
    GuestFilter of Guest {
        /// The guest's response to the invitation.
        status: Vec<StatusFilter<GuestStatus>> => status(status),
    }
}

crate::word_list! {
    /// The keys by which guests can be sorted.
    GuestSort {
        /// the name, ignoring case and accents
        Name = "name",
        /// the status, alphabetically
        Status = "status",
        /// the time of creation
        CreatedAt = "created_at",
        /// the time of the last change
        UpdatedAt = "updated_at",
    }
}
crate::sort_keys!(GuestSort, default: [(Self::Name, Ascending), (Self::CreatedAt, Ascending)]);

impl Resource for Guest {
    const NAME: &'static str = "guest";
    const PATH: &'static str = "guests";
    const POLICY: Policy = STAFF_WRITES;
    const NAME_FIELD: &'static str = "";
    const PERSONAL_FIELDS: &'static [&'static str] = &["email"];
    const UNLOGGED: &'static [&'static str] = &["email"];
    const MAY_REPEAT: bool = true;

    type Parent = Session;
    type Filter = GuestFilter;
    type Sort = GuestSort;
    type Status = GuestStatus;
    type Derived = ();

    fn is_own(&self, _id: Option<Uuid>, _parent: Option<&Session>, _actor: &Actor) -> bool {
        false
    }

    fn hidden_fields(role: Option<Role>) -> &'static [&'static str] {
        match role {
            Some(Role::Admin | Role::Coordinator) => &[],
            _ => &["email"],
        }
    }

    fn redact(&mut self, members: &'static [&'static str]) {
        if members.contains(&"email") {
            self.email = None;
        }
    }

    /// Others than the coordination office only see guests who have accepted.
    fn redact_history(state: &mut Value, _own: bool, _actor: &Actor) -> bool {
        state.get("status").is_some_and(|status| status == GuestStatus::Confirmed.as_str())
    }

    fn validate(&self, violations: &mut Violations) {
        if self.name.is_none() && self.party.is_none() {
            let detail = bilingual!(
                "A `name` or a `party` is required.",
                "Ein Name (`name`) oder eine `party` ist erforderlich."
            );
            violations.member("/name", "required", detail);
        }
    }

    fn search_texts(&self, texts: &mut Texts) {
        if let Some(name) = &self.name {
            texts.name("name", name);
        }
        texts.details("function", &self.function);
        texts.details("talk_title", &self.talk_title);
    }

    fn label(&self) -> &str {
        let party = || self.party.as_ref()?.summary().map(|summary| summary.label.1.as_str());
        self.name.as_ref().map(SingleLine::as_str).or_else(party).unwrap_or_default()
    }

    fn status(&self) -> Option<GuestStatus> {
        self.status
    }

    fn set_status(&mut self, status: GuestStatus) {
        self.status = Some(status);
    }

    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        if let Some(party) = &mut self.party {
            party.visit("/party", visit);
        }
    }

    /// Compares the name and the party.
    fn is_same_child(&self, other: &Self) -> bool {
        self.name == other.name && self.party == other.party
    }
}
