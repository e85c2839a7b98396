//! Tokens for followers that do not begin with a list: of the end of the log, and of an instant.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use vku_domain::kernel::error::Error;

use super::permissions::Permissions;
use super::token::{FeedCursor, Progress};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::database::log_watermark;
use crate::kernel::transaction::Writer;
use crate::kernel::transaction::change_log::row;

impl Writer<'_> {
    /// Returns the token of the end of the log. What is written now, and by transactions that have not ended, comes after
    /// it.
    pub(crate) async fn feed_end(&self) -> Result<String, Error> {
        let end = log_watermark::high_watermark(self.database()).await?;
        let last = row::Entity::find()
            .select_only()
            .column(row::Column::Position)
            .filter(row::Column::Position.lte(end))
            .order_by_desc(row::Column::Position)
            .into_tuple::<i64>()
            .one(self.tx())
            .await
            .map_err(failed)?;
        let progress = Progress::at(last.unwrap_or_default());
        FeedCursor { progress, permissions: Permissions::default() }.seal(self.cursors())
    }

    /// Returns the token before the first change at an instant or later; `None` if another token is not after it.
    pub(crate) async fn feed_before(
        &self,
        since: DateTime<Utc>,
        current: &str,
    ) -> Result<Option<String>, Error> {
        let Some(cursor) = FeedCursor::open(self.cursors(), current) else {
            return Err(Corrupt::from("the token of a follower").into());
        };
        let first = row::Entity::find()
            .select_only()
            .column(row::Column::Position)
            .filter(row::Column::At.gte(since))
            .order_by_asc(row::Column::Position)
            .into_tuple::<i64>()
            .one(self.tx())
            .await
            .map_err(failed)?;
        let reached = cursor.progress;
        let before = first.map(|position| position - 1);
        let before = before.filter(|before| *before < reached.position || reached.within.is_some());
        let before = before.map(|before| Progress::at(before.min(reached.position)));
        before.map(|progress| FeedCursor { progress, ..cursor }.seal(self.cursors())).transpose()
    }
}
