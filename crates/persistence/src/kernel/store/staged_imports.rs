//! Deletes the hidden rows of abandoned imports.

use sea_orm::{EntityTrait, QuerySelect};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::naming::pascal;

use super::Store;
use crate::kernel::database::error::failed;
use crate::kernel::database::job_lock::JobLock;
use crate::kernel::table::Table;
use crate::kernel::transaction::change_log::staged;
use crate::kernel::transaction::staging::Staging;
use crate::{Visitor, visit_schema};

/// Deletes the hidden rows of an import.
struct Removal<'a> {
    store: &'a Store,
    staging_id: Uuid,
}

impl Visitor for Removal<'_> {
    type Answer = Result<(), Error>;

    async fn visit<T: Table>(self) -> Self::Answer {
        while self
            .store
            .in_own_transaction(async |writer| writer.remove_hidden::<T>(self.staging_id).await)
            .await?
        {}
        Ok(())
    }
}

impl Store {
    /// Abandons an import whose last transaction was rolled back. Rows that cannot be deleted now are deleted
    /// later.
    pub(crate) async fn abandon(&self, staging: Staging) {
        if !staging.has_committed {
            return;
        }
        let removed = self.remove_staged(staging.id, staging.resource.to_owned()).await;
        if let Err(error) = removed {
            tracing::warn!(source = ?error.source, "the staged rows of an import could not be removed yet");
        }
    }

    /// Runs on a separate thread, because a failed write calls this function, which itself writes.
    async fn remove_staged(&self, staging_id: Uuid, resource: String) -> Result<(), Error> {
        let (store, runtime) = (self.clone(), Handle::current());
        let removed = spawn_blocking(move || remove(&runtime, &store, staging_id, &resource));
        removed.await.map_err(Error::internal)?
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
                self.remove_staged(id, resource).await?;
            }
        }
        Ok(())
    }
}

/// Deletes the hidden rows of an import. Not generic and not async, so that it is compiled in this crate alone.
fn remove(runtime: &Handle, store: &Store, staging_id: Uuid, resource: &str) -> Result<(), Error> {
    let removal = Removal { store, staging_id };
    let removed = runtime.block_on(visit_schema(&pascal(resource), removal));
    removed.ok_or_else(|| Error::internal("a resource that is not known"))?
}
