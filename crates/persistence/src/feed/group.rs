//! A group of log rows, each with the state before it.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;
use vku_domain::kernel::change_log::{Change, ChangeAction};
use vku_domain::kernel::error::Error;

use super::past::PastStates;
use crate::kernel::database::error::failed;
use crate::kernel::transaction::change_log::row;
use crate::kernel::transaction::connection::Connection;

/// A log row, and the last one before it of the same resource.
pub(super) struct LoggedChange {
    pub(super) change: Change,
    pub(super) before: Option<Change>,
}

impl LoggedChange {
    /// Whether the resource came or went.
    pub(super) fn is_lifecycle(&self) -> bool {
        let action = self.change.action;
        self.before.is_none()
            || matches!(action, ChangeAction::Created | ChangeAction::Deleted | ChangeAction::Restored)
    }

    /// Whether the resource came or went, or one of these members has changed.
    pub(super) fn changes(&self, members: &[&str]) -> bool {
        self.is_lifecycle() || members.iter().any(|name| self.member(name).0 != self.member(name).1)
    }

    fn member(&self, name: &str) -> (Option<&Value>, Option<&Value>) {
        (self.before.as_ref().and_then(|before| before.state.get(name)), self.change.state.get(name))
    }

    /// The states before and after the row; a deleted resource has none after it.
    pub(super) fn states(&self) -> impl Iterator<Item = &Change> {
        let live = |change: &&Change| change.action != ChangeAction::Deleted;
        self.before.iter().chain([&self.change]).filter(live)
    }
}

/// Reads up to `limit` rows after a position, up to another one.
pub(super) async fn read(
    tx: &Connection,
    after: i64,
    end: i64,
    limit: u64,
) -> Result<Vec<LoggedChange>, Error> {
    let rows = row::Entity::find()
        .filter(row::Column::Position.gt(after))
        .filter(row::Column::Position.lte(end))
        .order_by_asc(row::Column::Position)
        .limit(limit)
        .all(tx)
        .await
        .map_err(failed)?;
    let changes = rows.into_iter().map(row::Model::into_change).collect::<Result<Vec<_>, _>>()?;
    let key = |change: &Change| (change.resource_id, change.position - 1);
    let mut states = PastStates::default();
    states.load(tx, changes.iter().filter(|change| change.version > 1).map(key)).await?;
    let with_before = changes.into_iter().map(|change| {
        let before = states.last(key(&change)).cloned();
        LoggedChange { change, before }
    });
    Ok(with_before.collect())
}
