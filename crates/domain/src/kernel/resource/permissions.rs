//! What an actor may do with a resource: the role's grant, narrowed by the scopes of an API key.

use super::Resource;
use crate::kernel::access::actor::{Action, Actor, Grant};
use crate::kernel::access::scope::{PERSONAL_DATA, scope};
use crate::kernel::error::Error;

impl Actor {
    /// How far the actor's role reaches for this action on a kind of resource.
    ///
    /// Errors: 401 without an account, 403 where the role may never, or where the scopes of an API key are too narrow.
    pub fn require<T: Resource>(&self, action: Action) -> Result<Grant, Error> {
        match self.role.map(|role| T::grant(role, action)) {
            Some(grant @ (Grant::Own | Grant::All)) => {
                self.within_scope::<T>(action != Action::Read)?;
                Ok(grant)
            }
            Some(Grant::Never) | None => Err(self.refusal()),
        }
    }

    /// Whether the actor may read this kind of resource at all; what it sees of it is the store's to say.
    ///
    /// Errors: 401 without an account, 403 where the role may never.
    pub fn require_read<T: Resource>(&self) -> Result<(), Error> {
        match self.role {
            None if T::PUBLIC => Ok(()),
            _ => self.require::<T>(Action::Read).map(drop),
        }
    }

    /// Whether the scopes of an API key reach to a kind of resource; whoever has none is not narrowed.
    fn within_scope<T: Resource>(&self, write: bool) -> Result<(), Error> {
        let Some(scopes) = &self.scopes else { return Ok(()) };
        scopes.grant(&scope(T::SCOPE, write))?;
        // Whoever writes is answered with what is there.
        if T::PERSONAL { scopes.grant(PERSONAL_DATA) } else { Ok(()) }
    }

    /// The members that the actor does not read: what its role does not, and what the scopes of its key do not reach.
    pub fn hidden_fields<T: Resource>(&self) -> [&'static [&'static str]; 2] {
        let scopes = self.scopes.as_ref();
        let personal = scopes.is_some_and(|scopes| scopes.grant(PERSONAL_DATA).is_err());
        [T::hidden_fields(self.role), if personal { T::PERSONAL_MEMBERS } else { &[] }]
    }

    /// Whether the actor may import this kind of resource.
    ///
    /// Errors: 401 without an account, 403 for everybody but the coordination office, or where the scopes of an API key
    /// are too narrow.
    pub fn require_import<T: Resource>(&self) -> Result<(), Error> {
        if !self.is_staff() {
            return Err(self.refusal());
        }
        self.require::<T>(Action::Create)?;
        self.require::<T>(Action::Update).map(drop)
    }
}
