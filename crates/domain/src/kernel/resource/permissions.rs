//! What an actor may do with a resource: the role's grant, narrowed by the scopes of an API key.

use super::Resource;
use crate::kernel::access::actor::{Action, Actor, Grant};
use crate::kernel::access::scope::{PERSONAL_DATA, scope};
use crate::kernel::error::Error;

impl Actor {
    /// Returns for which resources of a type the actor may perform an action.
    ///
    /// Errors: 401 without an account, 403 if the role may never do this or the API key lacks a scope.
    pub fn require<T: Resource>(&self, action: Action) -> Result<Grant, Error> {
        match self.role.map(|role| T::POLICY.grant(role, action)) {
            Some(grant @ (Grant::Own | Grant::All)) => {
                self.within_scope::<T>(action != Action::Read)?;
                Ok(grant)
            }
            Some(Grant::Never) | None => Err(self.refusal()),
        }
    }

    /// Checks that the actor may read resources of a type. The store decides which of them, and which of their fields,
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

    /// Returns the fields that the actor is not allowed to read: those hidden from its role, and those for which its
    /// API key lacks a scope.
    pub fn hidden_fields<T: Resource>(&self) -> [&'static [&'static str]; 2] {
        let scopes = self.scopes.as_ref();
        let personal = scopes.is_some_and(|scopes| scopes.grant(PERSONAL_DATA).is_err());
        [T::hidden_fields(self.role), if personal { T::PERSONAL_FIELDS } else { &[] }]
    }

    /// Checks that the actor may import resources of a type.
    ///
    /// Errors: 401 without an account, 403 for other roles than the coordination office and administrators, or if the
    /// API key lacks a scope.
    pub fn require_import<T: Resource>(&self) -> Result<(), Error> {
        if !self.is_staff() {
            return Err(self.refusal());
        }
        self.require::<T>(Action::Create)?;
        self.require::<T>(Action::Update).map(drop)
    }
}
