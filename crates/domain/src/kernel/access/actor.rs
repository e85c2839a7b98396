//! Who asks, and what the table "Who may do what" grants.
//!
//! A resource says its row of that table in [`Resource::grant`](crate::kernel::resource::Resource::grant); the store asks
//! it at its door, so no handler can forget to.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::scope::{AUDIT, MAILS, PERSONAL_DATA, Scopes};
use crate::bilingual;
use crate::kernel::error::{Code, Error};
use crate::kernel::value::Visibility;

crate::string_enum! {
    /// The role of an account.
    Role {
        /// an administrator: everything, including users
        Admin = "admin",
        /// the coordination office: maintains all data of the exchange
        Coordinator = "coordinator",
        /// the intranet: reads what members can read, but cannot write
        Reader = "reader",
        /// bound to one or more municipal utilities: maintains their data
        Member = "member",
        /// bound to one or more partner utilities: follows their partnerships
        Partner = "partner",
    }
}

/// What somebody wants to do to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read one or list them.
    Read,
    /// Make a new one.
    Create,
    /// Change one.
    Update,
    /// Delete one (softly).
    Delete,
    /// Bring a deleted one back, or look at deleted ones.
    Restore,
    /// Lead one into another status.
    Transition,
}

/// How far a role's right to an action reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Not at all.
    Never,
    /// To what is its own, as the resource defines it.
    Own,
    /// To everything it can see.
    All,
}

/// Who asks, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account; nobody's for the public and for the command line.
    pub account: Option<Uuid>,
    /// The role; `None` is the public.
    pub role: Option<Role>,
    /// The utilities that the account is bound to.
    pub utilities: Vec<Uuid>,
    /// What an API key narrows its owner's rights to; `None` is not narrowed.
    pub scopes: Option<Scopes>,
    /// The instant of the request: "takes part today" is judged by it.
    pub at: DateTime<Utc>,
}

impl Actor {
    /// Somebody without an account.
    pub fn public(at: DateTime<Utc>) -> Self {
        Self { account: None, role: None, utilities: Vec::new(), scopes: None, at }
    }

    /// The operator at the command line: whoever can start the binary on the database may do everything.
    pub fn operator(at: DateTime<Utc>) -> Self {
        Self { account: None, role: Some(Role::Admin), utilities: Vec::new(), scopes: None, at }
    }

    /// The error of an actor whose role may not do this, or who needs an account for it.
    pub fn refusal(&self) -> Error {
        match self.role {
            None => Error::new(
                Code::Unauthenticated,
                bilingual!("This requires an account.", "Das verlangt ein Konto."),
            ),
            Some(role) => Error::new(
                Code::Forbidden,
                bilingual!(
                    "The role `{role}` is not allowed to do this.",
                    "Die Rolle `{role}` darf das hier nicht."
                ),
            ),
        }
    }

    /// Whether this is the coordination office or an administrator.
    pub fn is_staff(&self) -> bool {
        matches!(self.role, Some(Role::Coordinator | Role::Admin))
    }

    /// The day (UTC) of the request.
    pub fn today(&self) -> NaiveDate {
        self.at.date_naive()
    }

    /// The visibilities that this actor sees without taking part.
    pub fn visible_levels(&self) -> &'static [Visibility] {
        match self.role {
            None => &[Visibility::Public],
            Some(Role::Coordinator | Role::Admin) => {
                &[Visibility::Public, Visibility::Members, Visibility::Internal]
            }
            Some(_) => &[Visibility::Public, Visibility::Members],
        }
    }

    /// Whether the actor may read the audit.
    ///
    /// Errors: 401 without an account, 403 for everybody but the coordination office, or where the scopes of an API key
    /// are too narrow.
    pub fn require_audit(&self) -> Result<(), Error> {
        match &self.scopes {
            _ if !self.is_staff() => Err(self.refusal()),
            Some(scopes) => scopes.grant(AUDIT),
            None => Ok(()),
        }
    }

    /// Whether the actor may read the outbox.
    ///
    /// Errors: 401 without an account, 403 for everybody but the coordination office, or where the scopes of an API key
    /// are too narrow.
    pub fn require_mails(&self) -> Result<(), Error> {
        match &self.scopes {
            _ if !self.is_staff() => Err(self.refusal()),
            Some(scopes) => scopes.grant(MAILS).and_then(|()| scopes.grant(PERSONAL_DATA)),
            None => Ok(()),
        }
    }

    /// Whether the utility is one of the account's own.
    pub fn owns(&self, utility: Uuid) -> bool {
        self.utilities.contains(&utility)
    }
}
