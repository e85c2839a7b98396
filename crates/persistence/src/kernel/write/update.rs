//! Updating the row of a resource.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{ExprTrait, Query};
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::any::{AnyResource, AnyStored, Meta};

use super::record_change::Written;
use super::row_values::RowValues;
use super::unique;
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::child_tables;
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    /// Replaces the data of a resource.
    pub(crate) async fn replace(
        &mut self,
        table: &'static AnyTable,
        before: &dyn AnyStored,
        data: &dyn AnyResource,
    ) -> Result<Written, Error> {
        let written = self.update(table, before, data, None).await?;
        self.reindex_resource(before.id(), Some(before.data()), data);
        Ok(written)
    }

    pub(super) async fn mark_deleted(
        &self,
        table: &'static AnyTable,
        before: &dyn AnyStored,
    ) -> Result<Written, Error> {
        self.update(table, before, before.data(), Some(self.written_at())).await
    }

    /// Restores a deleted resource. Its words have stayed in the search index.
    pub(super) async fn mark_restored(
        &self,
        table: &'static AnyTable,
        before: &dyn AnyStored,
        data: &dyn AnyResource,
    ) -> Result<Written, Error> {
        self.update(table, before, data, None).await
    }

    async fn update(
        &self,
        table: &'static AnyTable,
        before: &dyn AnyStored,
        data: &dyn AnyResource,
        deleted_at: Option<DateTime<Utc>>,
    ) -> Result<Written, Error> {
        let known = before.meta();
        let meta = Meta { version: known.version + 1, updated_at: self.written_at(), deleted_at, ..known };
        let (row, children) = RowValues::of(table, meta, data)?;
        if meta.deleted_at.is_none() {
            unique::check(table, self, meta.id, &row).await?;
        }
        // The row is locked, so its version is the one that was read; if it ever were not, nothing would be
        // overwritten.
        let update = Query::update()
            .table(table.name())
            .values(row.assignments())
            .and_where(table.column("id").eq(meta.id))
            .and_where(table.column("version").eq(known.version))
            .take();
        let updated = self.tx().execute(&update).await;
        if updated.map_err(|error| unique::write_failed(table, error))?.rows_affected() != 1 {
            return Err(Error::new(Code::PreconditionFailed, concurrent_change()));
        }
        child_tables::save(self.tx(), table, meta.id, children).await?;
        Ok(Written(self.read_back(table, meta.id).await?))
    }
}

fn concurrent_change() -> Bilingual {
    bilingual!("The resource has changed in the meantime.", "Es wurde inzwischen geändert.")
}
