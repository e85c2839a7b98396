//! The change log: one row for each thing that a write changed, appended in the write's transaction.

pub mod diff;
pub mod redaction;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::kernel::value::Visibility;

crate::string_enum! {
    /// The kind of change.
    ChangeAction {
        /// created
        Created = "created",
        /// changed
        Updated = "updated",
        /// deleted
        Deleted = "deleted",
        /// restored
        Restored = "restored",
        /// the status was changed
        Transitioned = "transitioned",
        /// for a user: a refresh token was reused, so somebody else may have it; its login has ended
        RefreshTokenReused = "refresh_token_reused",
    }
}

/// A way from one status to another that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusChange {
    /// The status before; absent where it was unknown.
    pub from: Option<String>,
    /// The status after.
    pub to: String,
    /// Why, in the words of who did it.
    pub reason: Option<String>,
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Positions grow in the order in which the changes became visible; they have gaps.
    pub position: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// By which account; nobody's from the command line. Shown in the audit only.
    pub actor: Option<Uuid>,
    /// In which request. Shown in the audit only.
    pub request_id: String,
    /// The kind of thing, such as `partnership`.
    pub resource: String,
    /// Which one.
    pub resource_id: Uuid,
    /// What it is a part of.
    pub parent_id: Option<Uuid>,
    /// The kind of change.
    pub action: ChangeAction,
    /// Its version after it.
    pub version: i64,
    /// Who could see it after it.
    pub visibility: Visibility,
    /// Its state after it, personal members left out.
    pub state: Value,
    /// The way it took, for a transition.
    pub status_change: Option<StatusChange>,
}
