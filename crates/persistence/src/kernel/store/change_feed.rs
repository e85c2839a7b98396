//! The change log, for its followers.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::change_log::Change;
use vku_domain::kernel::error::Error;

use super::Store;
use crate::kernel::database::error::failed;
use crate::kernel::database::log_watermark;
use crate::kernel::transaction::change_log::row;

impl Store {
    /// Returns the log after a position, oldest first, up to the high watermark; for staff, and for internal
    /// followers.
    ///
    /// Errors: 401 or 403 for everybody else, because the log contains data that others may not see.
    pub async fn changes_after(
        &self,
        actor: &Actor,
        position: i64,
        limit: u64,
    ) -> Result<Vec<Change>, Error> {
        if !actor.is_staff() {
            return Err(actor.refusal());
        }
        let end = log_watermark::high_watermark(self.database()).await?;
        let reader = self.read(actor).await?;
        let rows = row::Entity::find()
            .filter(row::Column::Position.gt(position))
            .filter(row::Column::Position.lte(end))
            .order_by_asc(row::Column::Position)
            .limit(limit)
            .all(reader.tx())
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().map(row::Model::into_change).collect::<Result<_, _>>()?)
    }
}
