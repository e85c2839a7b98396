//! Accounts: who may sign in, and as what.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::kernel::access::{Actor, Role};
use crate::kernel::reference::Card;
use crate::kernel::value::{Email, Line};

/// Somebody who may sign in. Personal data: it goes to nobody but the person and administrators, and never into a log.
#[derive(Clone, PartialEq)]
pub struct Account {
    /// UUIDv7.
    pub id: Uuid,
    /// Signs in with this; unique whatever the case of its letters.
    pub email: Email,
    /// What the person is called.
    pub name: Line,
    /// What the account may do.
    pub role: Role,
    /// The utilities that it is bound to.
    pub utilities: Vec<Card>,
    /// When it was disabled, if it is.
    pub disabled_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Account {
    /// The account as it asks for something.
    pub fn acting(&self, at: DateTime<Utc>) -> Actor {
        Actor {
            account: Some(self.id),
            role: Some(self.role),
            utilities: self.utilities.iter().map(|utility| utility.id).collect(),
            scopes: None,
            at,
        }
    }
}

/// Prints the id only: the rest is personal data.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}
