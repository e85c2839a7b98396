//! The caller of a request, and the permissions of its role.
//!
//! Each resource names its policy in [`Resource::POLICY`](crate::kernel::resource::Resource::POLICY). The store checks it
//! on every access, so that no handler can forget to.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::scope::{AUDIT, MAILS, PERSONAL_DATA, Scopes};
use crate::bilingual;
use crate::kernel::error::{Code, Error};
use crate::kernel::value::Visibility;

crate::string_enum! {
    /// The role of an account.
    Role in "roles" {
        /// an administrator: may do everything, including managing users
        Admin = "admin" ("Administrator", "Administration": "darf alles, auch Konten verwalten"),
        /// the coordination office: maintains all data of the exchange
        Coordinator = "coordinator" ("Coordination office", "Koordinierungsstelle":
            "pflegt alle Daten des Austauschs"),
        /// for the intranet: can read what members can read, but cannot write
        Reader = "reader" ("Intranet (read-only)", "Intranet (nur lesen)":
            "liest, was Mitglieder lesen können, schreibt aber nichts"),
        /// bound to one or more municipal utilities: maintains their data
        Member = "member" ("Member", "Mitglied":
            "an ein oder mehrere kommunale Unternehmen gebunden: pflegt deren Daten"),
        /// bound to one or more partner utilities: maintains their data, and contributes to their partnerships
        Partner = "partner" ("Partner utility", "Partnerunternehmen":
            "an ein oder mehrere Partnerunternehmen gebunden: pflegt deren Daten und trägt zu deren \
             Partnerschaften bei"),
    }
}

/// What the caller wants to do with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read one resource, or list them.
    Read,
    /// Create a resource.
    Create,
    /// Change a resource.
    Update,
    /// Delete a resource (softly).
    Delete,
    /// Restore a deleted resource, or read deleted ones.
    Restore,
    /// Change the status of a resource.
    Transition,
}

/// The resources for which a role may perform an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// None.
    Never,
    /// The caller's own, as the resource defines it.
    Own,
    /// All that the caller can see.
    All,
}

/// The caller, and the time of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account; `None` for the public and the command line.
    pub account: Option<Uuid>,
    /// The role; `None` for the public.
    pub role: Option<Role>,
    /// The utilities that the account is bound to.
    pub utilities: Vec<Uuid>,
    /// The scopes of an API key, which narrow the rights of its owner; `None` without an API key.
    pub scopes: Option<Scopes>,
    /// The time of the request. Rules about "today" use it instead of the clock.
    pub at: DateTime<Utc>,
}

impl Actor {
    /// Makes an actor without an account.
    pub fn public(at: DateTime<Utc>) -> Self {
        Self { account: None, role: None, utilities: Vec::new(), scopes: None, at }
    }

    /// Makes the actor of the command line, who may do everything: whoever can start the binary with the database has
    /// full access anyway.
    pub fn operator(at: DateTime<Utc>) -> Self {
        Self { account: None, role: Some(Role::Admin), utilities: Vec::new(), scopes: None, at }
    }

    /// Returns the error for an action that the role does not permit (403), or that requires an account (401).
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

    /// Returns whether the actor is the coordination office or an administrator.
    pub fn is_staff(&self) -> bool {
        matches!(self.role, Some(Role::Coordinator | Role::Admin))
    }

    /// Returns the date (UTC) of the request.
    pub fn today(&self) -> NaiveDate {
        self.at.date_naive()
    }

    /// Returns the visibility levels of the resources that the actor sees without being involved in them.
    pub fn visible_levels(&self) -> &'static [Visibility] {
        match self.role {
            None => &[Visibility::Public],
            Some(Role::Coordinator | Role::Admin) => {
                &[Visibility::Public, Visibility::Members, Visibility::Internal]
            }
            Some(_) => &[Visibility::Public, Visibility::Members],
        }
    }

    /// Checks that the actor may read the audit log.
    ///
    /// Errors: 401 without an account, 403 for other roles than the coordination office and administrators, or if the
    /// API key lacks a scope.
    pub fn require_audit(&self) -> Result<(), Error> {
        match &self.scopes {
            _ if !self.is_staff() => Err(self.refusal()),
            Some(scopes) => scopes.grant(AUDIT),
            None => Ok(()),
        }
    }

    /// Checks that the actor may read the outgoing e-mails.
    ///
    /// Errors: 401 without an account, 403 for other roles than the coordination office and administrators, or if the
    /// API key lacks a scope.
    pub fn require_mails(&self) -> Result<(), Error> {
        match &self.scopes {
            _ if !self.is_staff() => Err(self.refusal()),
            Some(scopes) => scopes.grant(MAILS).and_then(|()| scopes.grant(PERSONAL_DATA)),
            None => Ok(()),
        }
    }

    /// Returns whether the utility is one of those that the account is bound to.
    pub fn owns(&self, utility: Uuid) -> bool {
        self.utilities.contains(&utility)
    }
}
