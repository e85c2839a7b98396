//! How long the files of imports and the details of their reports are stored.

use chrono::TimeDelta;
use sea_orm::QuerySelect;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use vku_domain::import::Report;
use vku_domain::kernel::error::{Code, Error};

use super::row::{self, import};
use crate::kernel::database::error::failed;
use crate::kernel::database::retry::retry_on_broken_connection;
use crate::kernel::store::Store;

/// How long the file and the details of the report are stored: both may contain personal data.
const RETENTION: TimeDelta = TimeDelta::hours(24);
/// How many imports are swept at a time.
const BATCH: u64 = 100;

impl Store {
    /// Deletes old files, or leaves them while nothing can be written, because reading must go on.
    pub(super) async fn sweep_unless_stuck(&self) -> Result<(), Error> {
        match self.sweep_imports().await {
            Err(error) if error.code == Code::Internal => Err(error),
            _ => Ok(()),
        }
    }

    /// Deletes the files that are older than a day, and the details in their reports.
    ///
    /// Errors: the database is unavailable.
    pub async fn sweep_imports(&self) -> Result<(), Error> {
        self.sweep_staged().await?;
        let before = self.now() - RETENTION;
        let old = row::Entity::find()
            .filter(row::Column::CreatedAt.lt(before))
            .filter(row::Column::ForgottenAt.is_null())
            .limit(BATCH);
        let reading = self.database().reading();
        let old = retry_on_broken_connection(|| old.clone().all(reading)).await.map_err(failed)?;
        for row in old {
            if self.imports_running().jobs().contains_key(&row.id) {
                continue;
            }
            self.in_own_transaction(async |writer| {
                let mut report = import(row.clone())?.report;
                report.iter_mut().for_each(Report::forget);
                let report = report.map(serde_json::to_value).transpose().map_err(Error::internal)?;
                let update = row::Entity::update_many()
                    .col_expr(row::Column::Report, Expr::val(report))
                    .col_expr(row::Column::PlanToken, Expr::val(None::<String>))
                    .col_expr(row::Column::ForgottenAt, Expr::val(writer.written_at()))
                    .filter(row::Column::Id.eq(row.id));
                update.exec(writer.tx()).await.map_err(failed)?;
                writer.drop_file(row.id).await
            })
            .await?;
        }
        Ok(())
    }
}
