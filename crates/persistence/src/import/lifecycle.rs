//! An import from its beginning to its end.

use std::io::Read;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{IntoActiveModel, QuerySelect};
use vku_domain::import::{Import, ImportStatus, Order, Report};
use vku_domain::kernel::error::{Code, Error};

use super::ImportWithProgress;
use super::job::Job;
use super::row::{self, import};
use crate::kernel::database::error::failed;
use crate::kernel::store::Store;
use crate::kernel::transaction::Writer;

/// The result of an import.
#[derive(Clone, Debug)]
pub struct ImportOutcome {
    /// The new status.
    pub status: ImportStatus,
    /// The report.
    pub report: Option<Report>,
    /// The token of a plan that can be committed.
    pub plan_token: Option<String>,
    /// Why the import failed, if the file is not the cause.
    pub problem: Option<Code>,
    /// When the import ended.
    pub at: DateTime<Utc>,
}

impl Store {
    /// Records the result of an import that wrote nothing.
    ///
    /// Errors: the database is unavailable.
    pub async fn end_import(&self, id: Uuid, end: &ImportOutcome) -> Result<(), Error> {
        self.in_own_transaction(async |writer| writer.end_import(id, end).await).await
    }
}

impl Writer<'_> {
    /// Stores a new import as running, with its file.
    ///
    /// Errors: the database is unavailable.
    pub async fn begin_import(
        &self,
        job: &Job,
        account: Uuid,
        order: &Order,
        file: &mut (impl Read + Send),
    ) -> Result<ImportWithProgress, Error> {
        let row = row::Model {
            id: job.id,
            account_id: account,
            resource: order.resource.clone(),
            mode: order.mode.to_string(),
            on_error: order.on_error.to_string(),
            format: order.format.clone(),
            status: ImportStatus::Running.to_string(),
            problem: None,
            created_at: self.written_at(),
            finished_at: None,
            report: None,
            plan_token: None,
            forgotten_at: None,
        };
        let inserted = row::Entity::insert(row.clone().into_active_model()).exec_without_returning(self.tx());
        inserted.await.map_err(failed)?;
        self.store_file(job.id, file).await?;
        Ok(ImportWithProgress { import: import(row)?, progress: Some(job.progress.read()) })
    }

    /// Returns the import whose plan is to be committed, locked.
    ///
    /// Errors: 404 if there is none.
    pub async fn import_locked(&self, id: Uuid) -> Result<Import, Error> {
        let found =
            row::Entity::find_by_id(id).lock(LockType::Update).one(self.tx()).await.map_err(failed)?;
        Ok(import(found.ok_or_else(Error::not_found)?)?)
    }

    /// Records the result of an import, in the same transaction as its changes; deletes the file if it is no
    /// longer needed.
    ///
    /// Errors: the database is unavailable.
    pub async fn end_import(&self, id: Uuid, end: &ImportOutcome) -> Result<(), Error> {
        let report = end.report.as_ref().map(serde_json::to_value).transpose().map_err(Error::internal)?;
        let update = row::Entity::update_many()
            .col_expr(row::Column::Status, Expr::val(end.status.as_str()))
            .col_expr(row::Column::FinishedAt, Expr::val(end.at))
            .col_expr(row::Column::Report, Expr::val(report))
            .col_expr(row::Column::PlanToken, Expr::val(end.plan_token.clone()))
            .col_expr(row::Column::Problem, Expr::val(end.problem.map(Code::as_str)))
            .filter(row::Column::Id.eq(id));
        update.exec(self.tx()).await.map_err(failed)?;
        if end.plan_token.is_none() || end.status == ImportStatus::Committed {
            self.drop_file(id).await?;
        }
        Ok(())
    }
}
