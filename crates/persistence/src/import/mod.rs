//! Stored imports: the request, the file until it is no longer needed, and the result.

mod file;
pub mod job;
pub mod lifecycle;
pub mod permission;
mod retention;
mod row;

use std::collections::HashSet;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{QueryOrder, QuerySelect};
use vku_domain::import::{Import, ImportStatus};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Code, Error};

use self::permission::may_import;
use self::row::import;
use crate::kernel::database::error::failed;
use crate::kernel::database::job_lock::JobLock;
use crate::kernel::database::retry::retry_on_broken_connection;
use crate::kernel::store::Store;

/// How many imports are listed.
const MAX_LISTED: u64 = 100;

/// An import with its progress, if it runs in this instance.
#[derive(Clone, Debug)]
pub struct ImportWithProgress {
    /// The stored import.
    pub import: Import,
    /// The number of processed rows, and the total if it is known.
    pub progress: Option<(u64, Option<u64>)>,
}

impl Store {
    /// Returns the latest imports of collections that the actor may import, newest first.
    ///
    /// Errors: 401 or 403 if the actor may import nothing.
    pub async fn imports(&self, actor: &Actor) -> Result<Vec<ImportWithProgress>, Error> {
        self.sweep_unless_stuck().await?;
        let mut allowed: HashSet<String> = HashSet::new();
        let mut refused = None;
        for collection in crate::collections() {
            match may_import(&collection, actor) {
                Ok(()) => allowed.extend([collection]),
                Err(error) => refused = Some(error),
            }
        }
        if let Some(error) = refused.filter(|_| allowed.is_empty()) {
            return Err(error);
        }
        let select = row::Entity::find()
            .filter(row::Column::Resource.is_in(allowed))
            .order_by_desc(row::Column::CreatedAt)
            .order_by_desc(row::Column::Id)
            .limit(MAX_LISTED);
        let reading = self.database().reading();
        let rows = retry_on_broken_connection(|| select.clone().all(reading)).await.map_err(failed)?;
        let mut imports = Vec::with_capacity(rows.len());
        for row in rows {
            imports.push(self.import_shown(row).await?);
        }
        Ok(imports)
    }

    /// Returns an import of a collection that the actor may import.
    ///
    /// Errors: 404 if there is none, 403 if the scopes of the API key do not include it.
    pub async fn import(&self, actor: &Actor, id: Uuid) -> Result<ImportWithProgress, Error> {
        self.sweep_unless_stuck().await?;
        let row = self.import_row(id).await?;
        may_import(&row.resource, actor).map_err(|error| match error.code {
            // Without the restricted key, the actor could see it.
            Code::InsufficientScope => error,
            _ => Error::not_found(),
        })?;
        self.import_shown(row).await
    }

    async fn import_row(&self, id: Uuid) -> Result<row::Model, Error> {
        let (select, reading) = (row::Entity::find_by_id(id), self.database().reading());
        let found = retry_on_broken_connection(|| select.clone().one(reading)).await.map_err(failed)?;
        found.ok_or_else(Error::not_found)
    }

    async fn import_shown(&self, row: row::Model) -> Result<ImportWithProgress, Error> {
        let progress = self.imports_running().jobs().get(&row.id).cloned();
        if let Some(progress) = progress {
            // Also while the plan of a dry run is committed.
            let import = Import { status: ImportStatus::Running, ..import(row)? };
            return Ok(ImportWithProgress { import, progress: Some(progress.read()) });
        }
        let found = import(row)?;
        if found.status != ImportStatus::Running || JobLock::is_held(self.database(), found.id).await? {
            return Ok(ImportWithProgress { import: found, progress: None });
        }
        // No process works on it: it has ended since it was read, or its process has died.
        let update = row::Entity::update_many()
            .col_expr(row::Column::Status, Expr::val(ImportStatus::Interrupted.as_str()))
            .col_expr(row::Column::FinishedAt, Expr::val(self.now()))
            .filter(row::Column::Id.eq(found.id))
            .filter(row::Column::Status.eq(ImportStatus::Running.as_str()));
        update.exec(self.database().writing()).await.map_err(failed)?;
        Ok(ImportWithProgress { import: import(self.import_row(found.id).await?)?, progress: None })
    }
}
