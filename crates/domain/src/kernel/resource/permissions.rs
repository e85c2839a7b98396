//! What an actor may do with a resource: the role's grant, narrowed by the scopes of an API key.

use super::any::ResourceInfo;
use crate::kernel::access::actor::{Action, Actor, Grant};
use crate::kernel::access::scope::{PERSONAL_DATA, scope};
use crate::kernel::error::Error;

impl Actor {
    /// Returns for which resources of a type the actor may perform an action.
    ///
    /// Errors: 401 without an account, 403 if the role may never do this or the API key lacks a scope.
    pub fn require(&self, resource: &ResourceInfo, action: Action) -> Result<Grant, Error> {
        match self.role.map(|role| resource.policy.grant(role, action)) {
            Some(grant @ (Grant::Own | Grant::All)) => {
                self.within_scope(resource, action != Action::Read)?;
                Ok(grant)
            }
            Some(Grant::Never) | None => Err(self.refusal()),
        }
    }

    /// Checks that the actor may read resources of a type. The store decides which of them, and which of their fields,
    /// it sees.
    ///
    /// Errors: 401 without an account, 403 if the role may never read them or the API key lacks a scope.
    pub fn require_read(&self, resource: &ResourceInfo) -> Result<(), Error> {
        match self.role {
            None if resource.is_public => Ok(()),
            _ => self.require(resource, Action::Read).map(drop),
        }
    }

    /// Checks that the scopes of an API key permit reading or writing resources of a type. Without an API key, nothing
    /// is checked.
    fn within_scope(&self, resource: &ResourceInfo, write: bool) -> Result<(), Error> {
        let Some(scopes) = &self.scopes else { return Ok(()) };
        scopes.grant(&scope(resource.scope, write))?;
        // Also needed for writes: the response contains the resource.
        if resource.is_personal { scopes.grant(PERSONAL_DATA) } else { Ok(()) }
    }

    /// Returns the fields that the actor is not allowed to read: those hidden from its role, and those for which its
    /// API key lacks a scope.
    pub fn hidden_fields(&self, resource: &ResourceInfo) -> [&'static [&'static str]; 2] {
        let scopes = self.scopes.as_ref();
        let personal = scopes.is_some_and(|scopes| scopes.grant(PERSONAL_DATA).is_err());
        [(resource.hidden_fields)(self.role), if personal { resource.personal_fields } else { &[] }]
    }

    /// Checks that the actor may import resources of a type.
    ///
    /// Errors: 401 without an account, 403 for other roles than the coordination office and administrators, or if the
    /// API key lacks a scope.
    pub fn require_import(&self, resource: &ResourceInfo) -> Result<(), Error> {
        if !self.is_staff() {
            return Err(self.refusal());
        }
        self.require(resource, Action::Create)?;
        self.require(resource, Action::Update).map(drop)
    }
}
