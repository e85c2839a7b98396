//! The change log: one row for each resource that a write has changed, appended in the transaction of the write.

pub mod diff;
pub mod redaction;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::kernel::value::Visibility;

crate::string_enum! {
    /// The kind of change.
    ChangeAction in "change-actions" {
        /// created
        Created = "created" ("Created", "Angelegt"),
        /// changed
        Updated = "updated" ("Changed", "Geändert"),
        /// deleted
        Deleted = "deleted" ("Deleted", "Gelöscht"),
        /// restored
        Restored = "restored" ("Restored", "Wiederhergestellt"),
        /// the status was changed
        Transitioned = "transitioned" ("Status changed", "Status geändert"),
        /// for a user: a refresh token was reused, so somebody else may have it; its login has ended
        RefreshTokenReused = "refresh_token_reused" ("Refresh token reused", "Refresh-Token wiederverwendet":
            "bei einem Konto: Ein Refresh-Token wurde noch einmal verwendet, jemand anderes hat es also \
             vielleicht; seine Anmeldung ist beendet"),
    }
}

/// A status change that has taken place.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusChange {
    /// The previous status; `None` if it was unknown.
    pub from: Option<String>,
    /// The new status.
    pub to: String,
    /// The reason, in the words of the person who changed the status.
    pub reason: Option<String>,
}

/// A row of the change log.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The position in the log. Positions grow in the order in which changes become visible, with gaps.
    pub position: i64,
    /// The time of the change.
    pub at: DateTime<Utc>,
    /// The account; `None` for the command line. Shown only in the audit log.
    pub actor: Option<Uuid>,
    /// The id of the request. Shown only in the audit log.
    pub request_id: String,
    /// The type of the resource, such as `partnership`.
    pub resource: String,
    /// The id of the resource.
    pub resource_id: Uuid,
    /// The id of the parent.
    pub parent_id: Option<Uuid>,
    /// The kind of change.
    pub action: ChangeAction,
    /// The version of the resource after the change.
    pub version: i64,
    /// The visibility of the resource after the change.
    pub visibility: Visibility,
    /// The state of the resource after the change, without personal data.
    pub state: Value,
    /// The status change: of a transition, or of a restoration with another status.
    pub status_change: Option<StatusChange>,
}
