//! Updating the row of a resource.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryFilter};
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::Stored;

use super::record_change::Written;
use super::{parent_of, row, unique};
use crate::kernel::table::row::Meta;
use crate::kernel::table::{Table, child_rows, column};
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    /// Replaces the data of a resource.
    pub(crate) async fn replace<T: Table>(
        &mut self,
        before: &Stored<T>,
        data: T,
    ) -> Result<Written<T>, Error> {
        let written = self.update(before, &data, None).await?;
        self.reindex_resource(before.id, Some(&before.data), &data);
        Ok(written)
    }

    pub(super) async fn mark_deleted<T: Table>(&self, before: &Stored<T>) -> Result<Written<T>, Error> {
        self.update(before, &before.data, Some(self.written_at())).await
    }

    /// Restores a deleted resource. Its words have stayed in the search index.
    pub(super) async fn mark_restored<T: Table>(
        &self,
        before: &Stored<T>,
        data: &T,
    ) -> Result<Written<T>, Error> {
        self.update(before, data, None).await
    }

    async fn update<T: Table>(
        &self,
        before: &Stored<T>,
        data: &T,
        deleted_at: Option<DateTime<Utc>>,
    ) -> Result<Written<T>, Error> {
        let meta = Meta {
            id: before.id,
            parent: parent_of(before),
            version: before.version + 1,
            created_at: before.created_at,
            updated_at: self.written_at(),
            deleted_at,
        };
        let (row, links) = row::<T>(meta, data)?;
        let row = row.into_active_model().reset_all();
        if meta.deleted_at.is_none() {
            unique::check::<T>(self, meta.id, &row).await?;
        }
        // The row is locked, so its version is the one that was read; if it ever were not, nothing would be
        // overwritten.
        let updated = T::Entity::update_many()
            .set(row)
            .filter(column::<T>("id").eq(meta.id))
            .filter(column::<T>("version").eq(before.version))
            .exec(self.tx())
            .await
            .map_err(unique::write_failed::<T>)?;
        if updated.rows_affected != 1 {
            return Err(Error::new(Code::PreconditionFailed, concurrent_change()));
        }
        child_rows::save::<T>(self.tx(), meta.id, links, false).await?;
        Ok(Written(self.read_back::<T>(meta.id).await?))
    }
}

fn concurrent_change() -> Bilingual {
    bilingual!("The resource has changed in the meantime.", "Es wurde inzwischen geändert.")
}
