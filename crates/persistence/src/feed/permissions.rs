//! What a caller sees depends on as a whole: its role, and the utilities that it is bound to.

use std::collections::BTreeSet;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::change_log::{Change, ChangeAction};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::Resource;
use vku_domain::user::User;
use vku_domain::utility::Utility;

use super::past::PastStates;
use super::state::text_of;
use crate::kernel::database::error::failed;
use crate::kernel::transaction::change_log::row;
use crate::kernel::transaction::connection::Connection;

/// A fingerprint of the permissions of a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Permissions(pub(super) [u8; 8]);

impl Permissions {
    /// The permissions of an actor. They are the same in all instances and versions.
    pub(super) fn of(actor: &Actor) -> Self {
        let utilities: BTreeSet<Uuid> = actor.utilities.iter().copied().collect();
        let mut hash = Sha256::new_with_prefix(actor.role.map_or("", Role::as_str));
        for utility in utilities {
            hash.update(utility);
        }
        Self(hash.finalize().first_chunk().copied().unwrap_or_default())
    }
}

/// Checks that the caller's account had the same permissions at a position of the log.
///
/// Errors: 410.
pub(super) async fn check_unchanged(tx: &Connection, actor: &Actor, position: i64) -> Result<(), Error> {
    let Some(account) = actor.account else { return Ok(()) };
    let account_changes = after(tx, User::NAME, [account], position).await?;
    let mut is_changed = false;
    if let Some(last) = account_changes.last() {
        let mut before = PastStates::default();
        before.load(tx, [(account, position)]).await?;
        // An account that is newer than the token has seen nothing before.
        is_changed = before.last((account, position)).is_some_and(|before| rights(before) != rights(last));
    }
    // Those of the account, because an actor does not have those that are deleted.
    let mut now = PastStates::default();
    now.load(tx, [(account, i64::MAX)]).await?;
    let bound = now.last((account, i64::MAX)).map(|change| rights(change).1).unwrap_or_default();
    let bound: Vec<Uuid> = bound.into_iter().filter_map(|id| id.parse().ok()).collect();
    let bound = after(tx, Utility::NAME, bound, position).await?;
    is_changed |= bound.iter().any(|it| matches!(it.action, ChangeAction::Deleted | ChangeAction::Restored));
    if !is_changed {
        return Ok(());
    }
    let detail = bilingual!(
        "The permissions of your account have changed since this token. Read the lists again, and go on from the \
         `Change-Token` of the first one.",
        "Die Rechte Ihres Kontos haben sich seit diesem Token geändert. Lesen Sie die Listen neu, und machen Sie mit dem \
         `Change-Token` der ersten weiter."
    );
    Err(gone(detail))
}

/// 410: the log no longer has what follows this token, or what the caller sees has changed as a whole.
pub(super) fn gone(about: Bilingual) -> Error {
    Error::new(Code::ChangesGone, about)
}

/// What the permissions of an account follow from.
fn rights(change: &Change) -> (Option<&str>, BTreeSet<&str>) {
    let utilities = change.state.get("utilities").and_then(serde_json::Value::as_array);
    let ids = utilities.into_iter().flatten().filter_map(|it| text_of(it, "id"));
    (text_of(&change.state, "role"), ids.collect())
}

async fn after(
    tx: &Connection,
    resource: &str,
    ids: impl IntoIterator<Item = Uuid>,
    position: i64,
) -> Result<Vec<Change>, Error> {
    let ids: Vec<Uuid> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = row::Entity::find()
        .filter(row::Column::Resource.eq(resource))
        .filter(row::Column::ResourceId.is_in(ids))
        .filter(row::Column::Position.gt(position))
        .order_by_asc(row::Column::Position)
        .all(tx)
        .await
        .map_err(failed)?;
    Ok(rows.into_iter().map(row::Model::into_change).collect::<Result<_, _>>()?)
}
