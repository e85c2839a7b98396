//! Deletes the hidden rows of abandoned imports.

use sea_orm::{EntityTrait, QuerySelect};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use uuid::Uuid;
use vku_domain::kernel::error::Error;

use super::Store;
use crate::kernel::database::error::failed;
use crate::kernel::database::job_lock::JobLock;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Writer;
use crate::kernel::transaction::change_log::staged;
use crate::kernel::transaction::staging::Staging;

impl Store {
    /// Abandons an import whose last transaction was rolled back. Rows that cannot be deleted now are deleted
    /// later.
    pub(crate) async fn abandon(&self, staging: Staging) {
        if !staging.has_committed {
            return;
        }
        let removed = self.remove_staged(staging.id, staging.resource).await;
        if let Err(error) = removed {
            tracing::warn!(source = ?error.source, "the staged rows of an import could not be removed yet");
        }
    }

    /// Runs on a separate thread, because a failed write calls this function, which itself writes.
    async fn remove_staged(&self, staging_id: Uuid, resource: &str) -> Result<(), Error> {
        let (store, runtime, table) = (self.clone(), Handle::current(), AnyTable::find(resource)?);
        let removed = spawn_blocking(move || runtime.block_on(store.remove_hidden(table, staging_id)));
        removed.await.map_err(Error::internal)?
    }

    async fn remove_hidden(&self, table: &'static AnyTable, staging_id: Uuid) -> Result<(), Error> {
        let remove = async |writer: &mut Writer<'_>| writer.remove_hidden(table, staging_id).await;
        while self.in_own_transaction(remove).await? {}
        Ok(())
    }

    /// Deletes the hidden rows of imports whose process has died.
    ///
    /// Errors: the database is unavailable, or does not take writes.
    pub async fn sweep_staged(&self) -> Result<(), Error> {
        let select = staged::Entity::find()
            .select_only()
            .column(staged::Column::StagingId)
            .column(staged::Column::Resource)
            .distinct()
            .into_tuple::<(Uuid, String)>();
        for (id, resource) in select.all(self.database().reading()).await.map_err(failed)? {
            if !JobLock::is_held(self.database(), id).await? {
                self.remove_staged(id, &resource).await?;
            }
        }
        Ok(())
    }
}
