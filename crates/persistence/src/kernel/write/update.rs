//! Updating the row of a resource.

use sea_orm::sea_query::ExprTrait;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryFilter};
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::{Resource, Stored};

use super::record_change::Written;
use super::{parent_of, row, unique};
use crate::kernel::table::row::Meta;
use crate::kernel::table::{Table, child_rows, column};
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    pub(crate) async fn replace<T: Table>(
        &mut self,
        before: Stored<T>,
        data: T,
    ) -> Result<Written<T>, Error> {
        let meta = Meta { version: before.version + 1, updated_at: self.written_at(), ..meta(&before) };
        self.update(meta, &data, before.version).await?;
        self.reindex_resource(before.id, Some(&before.data), &data);
        Ok(Written::new(before.id))
    }

    pub(super) async fn mark_deleted<T: Table>(
        &self,
        before: &Stored<T>,
        deleted: bool,
    ) -> Result<Written<T>, Error> {
        let deleted_at = deleted.then(|| self.written_at());
        let meta =
            Meta { version: before.version + 1, updated_at: self.written_at(), deleted_at, ..meta(before) };
        self.update(meta, &before.data, before.version).await?;
        Ok(Written::new(before.id))
    }

    async fn update<T: Table>(&self, meta: Meta, data: &T, version: i64) -> Result<(), Error> {
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
            .filter(column::<T>("version").eq(version))
            .exec(self.tx())
            .await
            .map_err(unique::failed::<T>)?;
        if updated.rows_affected != 1 {
            return Err(Error::new(Code::PreconditionFailed, changed_meanwhile()));
        }
        child_rows::save::<T>(self.tx(), meta.id, links, false).await
    }
}

fn meta<T: Resource>(stored: &Stored<T>) -> Meta {
    Meta {
        id: stored.id,
        parent: parent_of(stored),
        version: stored.version,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        deleted_at: stored.deleted_at,
    }
}

fn changed_meanwhile() -> Bilingual {
    bilingual!("The resource has changed in the meantime.", "Es wurde inzwischen geändert.")
}
