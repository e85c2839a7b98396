//! The caller of a request, and the permissions of its role.
//!
//! Each resource states its permissions in [`Resource::grant`](super::resource::Resource::grant). The store checks them
//! on every access, so that no handler can forget to.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::error::Error;
use super::resource::Resource;
use super::scope::{AUDIT, MAILS, PERSONAL_DATA, Scopes, scope};
use super::value::Visibility;

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

    /// Returns for which resources of a type the actor may perform an action.
    ///
    /// Errors: 401 without an account, 403 if the role may never do this or the API key lacks a scope.
    pub fn require<T: Resource>(&self, action: Action) -> Result<Grant, Error> {
        match self.role.map(|role| T::grant(role, action)) {
            Some(grant @ (Grant::Own | Grant::All)) => {
                self.within_scope::<T>(action != Action::Read)?;
                Ok(grant)
            }
            Some(Grant::Never) | None => Err(Error::refused(self)),
        }
    }

    /// Checks that the actor may read resources of a type. The store decides which of them, and which of their members,
    /// it sees.
    ///
    /// Errors: 401 without an account, 403 if the role may never read them or the API key lacks a scope.
    pub fn require_read<T: Resource>(&self) -> Result<(), Error> {
        match self.role {
            None if T::PUBLIC => Ok(()),
            _ => self.require::<T>(Action::Read).map(drop),
        }
    }

    /// Checks that the scopes of an API key permit reading or writing resources of a type. Without an API key, nothing
    /// is checked.
    fn within_scope<T: Resource>(&self, write: bool) -> Result<(), Error> {
        let Some(scopes) = &self.scopes else { return Ok(()) };
        scopes.grant(&scope(T::SCOPE, write))?;
        // Also needed for writes: the response contains the resource.
        if T::PERSONAL { scopes.grant(PERSONAL_DATA) } else { Ok(()) }
    }

    /// Returns the members that the actor is not allowed to read: those hidden from its role, and those for which its
    /// API key lacks a scope.
    pub fn hidden_fields<T: Resource>(&self) -> [&'static [&'static str]; 2] {
        let scopes = self.scopes.as_ref();
        let personal = scopes.is_some_and(|scopes| scopes.grant(PERSONAL_DATA).is_err());
        [T::hidden_fields(self.role), if personal { T::PERSONAL_MEMBERS } else { &[] }]
    }

    /// Checks that the actor may read the audit log.
    ///
    /// Errors: 401 without an account, 403 for other roles than the coordination office and administrators, or if the
    /// API key lacks a scope.
    pub fn require_audit(&self) -> Result<(), Error> {
        match &self.scopes {
            _ if !self.is_staff() => Err(Error::refused(self)),
            Some(scopes) => scopes.grant(AUDIT),
            None => Ok(()),
        }
    }

    /// Checks that the actor may read the outgoing mails.
    ///
    /// Errors: 401 without an account, 403 for other roles than the coordination office and administrators, or if the
    /// API key lacks a scope.
    pub fn require_mails(&self) -> Result<(), Error> {
        match &self.scopes {
            _ if !self.is_staff() => Err(Error::refused(self)),
            Some(scopes) => scopes.grant(MAILS).and_then(|()| scopes.grant(PERSONAL_DATA)),
            None => Ok(()),
        }
    }

    /// Checks that the actor may import resources of a type.
    ///
    /// Errors: 401 without an account, 403 for other roles than the coordination office and administrators, or if the
    /// API key lacks a scope.
    pub fn require_import<T: Resource>(&self) -> Result<(), Error> {
        if !self.is_staff() {
            return Err(Error::refused(self));
        }
        self.require::<T>(Action::Create)?;
        self.require::<T>(Action::Update).map(drop)
    }

    /// Returns whether the utility is one of those that the account is bound to.
    pub fn owns(&self, utility: Uuid) -> bool {
        self.utilities.contains(&utility)
    }
}
