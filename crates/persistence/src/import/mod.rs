//! Stored imports: the request, the file until it is no longer needed, and the result.

use crate::kernel::store::running_imports::Progress;
use crate::kernel::store::running_imports::RunningImports;
use std::collections::HashSet;
use std::io::{Read, Write};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};
use tokio::sync::OwnedSemaphorePermit;
use vku_domain::bilingual;
use vku_domain::import::{EncodingSource, Import, ImportStatus, Order, Report, Source};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Code, Error};

use crate::kernel::codec::text;
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::database::job_lock::JobLock;
use crate::kernel::database::retry::retry_on_broken_connection;
use crate::kernel::store::Store;
use crate::kernel::table::Table;
use crate::kernel::transaction::Writer;
use crate::{Visitor, visit};

/// How long the file and the details of the report are stored: both may contain personal data.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// How many imports are listed.
const SHOWN: u64 = 100;
/// The size of a file chunk in bytes.
const PIECE: usize = 1 << 20;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "import")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account_id: Uuid,
        pub resource: String,
        pub mode: String,
        pub on_error: String,
        pub format: String,
        pub status: String,
        pub problem: Option<String>,
        pub created_at: DateTimeUtc,
        pub finished_at: Option<DateTimeUtc>,
        pub report: Option<Json>,
        pub plan_token: Option<String>,
        pub forgotten_at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod piece {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "import_piece")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub import_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i64,
        pub content: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An import that runs in this instance, until this is dropped.
pub struct Job {
    /// The id of the import.
    pub id: Uuid,
    /// The progress.
    pub progress: Arc<Progress>,
    running: Arc<RunningImports>,
    _alive: Option<JobLock>,
    _room: OwnedSemaphorePermit,
}

impl Job {
    /// Waits for its turn: a database runs one import at a time.
    ///
    /// Errors: the server is shutting down.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.running.turn.clone().acquire_owned().await.map_err(Error::internal)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let mut jobs = self.running.jobs();
        if jobs.get(&self.id).is_some_and(|progress| Arc::ptr_eq(progress, &self.progress)) {
            jobs.remove(&self.id);
        }
    }
}

/// An import with its progress, if it runs in this instance.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The stored import.
    pub import: Import,
    /// The number of processed rows, and the total if it is known.
    pub progress: Option<(u64, Option<u64>)>,
}

impl Store {
    /// Reserves a place for a new import, which is then begun in a write.
    ///
    /// Errors: 503 if too many imports are running, or the database is unavailable.
    pub async fn new_import(&self) -> Result<Job, Error> {
        let id = Uuid::now_v7();
        let mut job = self.job(id)?;
        self.sweep_imports().await?;
        job._alive = Some(JobLock::acquire(self.database(), id).await?);
        Ok(job)
    }

    /// Resumes an import after its dry run, to commit it. If that is interrupted, the import stays
    /// `rehearsed`.
    ///
    /// Errors: 503 if too many imports are running.
    pub fn resume_import(&self, id: Uuid) -> Result<Job, Error> {
        self.job(id)
    }

    fn job(&self, id: Uuid) -> Result<Job, Error> {
        let running = self.imports_running().clone();
        let room = running.room.clone().try_acquire_owned().map_err(|_| {
            let detail = bilingual!(
                "Too many imports are running; please try again shortly.",
                "Zu viele Importe laufen gerade; versuchen Sie es gleich noch einmal."
            );
            Error::new(Code::Unavailable, detail)
        })?;
        let progress = Arc::<Progress>::default();
        // A second commit of the same import waits for the first one, and shares its progress.
        let progress = running.jobs().entry(id).or_insert(progress).clone();
        Ok(Job { id, progress, running, _alive: None, _room: room })
    }

    /// Returns the latest imports of collections that the actor may import, newest first.
    ///
    /// Errors: 401 or 403 if the actor may import nothing.
    pub async fn imports(&self, actor: &Actor) -> Result<Vec<Shown>, Error> {
        self.sweep_unless_stuck().await?;
        let mut allowed: HashSet<String> = HashSet::new();
        let mut refused = None;
        for collection in crate::collections() {
            match may_import(&collection, actor).await {
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
            .limit(SHOWN);
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
    pub async fn import(&self, actor: &Actor, id: Uuid) -> Result<Shown, Error> {
        self.sweep_unless_stuck().await?;
        let row = self.import_row(id).await?;
        may_import(&row.resource, actor).await.map_err(|error| match error.code {
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

    async fn import_shown(&self, row: row::Model) -> Result<Shown, Error> {
        let progress = self.imports_running().jobs().get(&row.id).cloned();
        if let Some(progress) = progress {
            // Also while the plan of a dry run is committed.
            let import = Import { status: ImportStatus::Running, ..import(row)? };
            return Ok(Shown { import, progress: Some(progress.read()) });
        }
        let found = import(row)?;
        if found.status != ImportStatus::Running || JobLock::is_held(self.database(), found.id).await? {
            return Ok(Shown { import: found, progress: None });
        }
        // No process works on it: it has ended since it was read, or its process has died.
        let update = row::Entity::update_many()
            .col_expr(row::Column::Status, Expr::val(ImportStatus::Interrupted.as_str()))
            .col_expr(row::Column::FinishedAt, Expr::val(self.now()))
            .filter(row::Column::Id.eq(found.id))
            .filter(row::Column::Status.eq(ImportStatus::Running.as_str()));
        update.exec(self.database().writing()).await.map_err(failed)?;
        Ok(Shown { import: import(self.import_row(found.id).await?)?, progress: None })
    }

    /// Copies the file of an import to a writer; returns false if the file is no longer stored.
    ///
    /// Errors: the database is unavailable, or the writer fails.
    pub async fn import_file(&self, id: Uuid, to: &mut (impl Write + Send)) -> Result<bool, Error> {
        for position in 0_i64.. {
            let (select, reading) = (piece::Entity::find_by_id((id, position)), self.database().reading());
            let found = retry_on_broken_connection(|| select.clone().one(reading)).await.map_err(failed)?;
            let Some(piece) = found else { return Ok(position > 0) };
            to.write_all(&piece.content).map_err(Error::file)?;
        }
        Ok(true)
    }

    /// Records the result of an import that wrote nothing.
    ///
    /// Errors: the database is unavailable.
    pub async fn end_import(&self, id: Uuid, end: &ImportOutcome) -> Result<(), Error> {
        self.in_own_transaction(async |writer| writer.end_import(id, end).await).await
    }

    /// Deletes old files, or leaves them while nothing can be written, because reading must go on.
    async fn sweep_unless_stuck(&self) -> Result<(), Error> {
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
        let before = self.now() - KEPT;
        let old = row::Entity::find()
            .filter(row::Column::CreatedAt.lt(before))
            .filter(row::Column::ForgottenAt.is_null())
            .limit(SHOWN);
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
    ) -> Result<Shown, Error> {
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
        for position in 0.. {
            let mut content = Vec::new();
            let mut next = (&mut *file).take(u64::try_from(PIECE).unwrap_or(u64::MAX));
            if next.read_to_end(&mut content).map_err(Error::file)? == 0 {
                break;
            }
            let piece = piece::Model { import_id: job.id, position, content }.into_active_model();
            piece::Entity::insert(piece).exec_without_returning(self.tx()).await.map_err(failed)?;
        }
        Ok(Shown { import: import(row)?, progress: Some(job.progress.read()) })
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

    async fn drop_file(&self, id: Uuid) -> Result<(), Error> {
        let delete = piece::Entity::delete_many().filter(piece::Column::ImportId.eq(id));
        delete.exec(self.tx()).await.map(drop).map_err(failed)
    }
}

/// Returns the encoding that the client declared. Detected ones are detected again.
fn declared(source: &Source) -> Option<String> {
    let is_declared = source.encoding_source == Some(EncodingSource::Declared);
    source.encoding.clone().filter(|_| is_declared)
}

fn import(row: row::Model) -> Result<Import, Corrupt> {
    let report: Option<Report> = row.report.map(serde_json::from_value).transpose()?;
    Ok(Import {
        id: row.id,
        order: Order {
            resource: row.resource,
            mode: text(row.mode)?,
            on_error: text(row.on_error)?,
            format: row.format,
            sheet: report.as_ref().and_then(|report| report.source.sheet.clone()),
            charset: report.as_ref().and_then(|report| declared(&report.source)),
        },
        status: text(row.status)?,
        problem: row.problem,
        created_at: row.created_at,
        finished_at: row.finished_at,
        report,
        plan_token: row.plan_token,
    })
}

/// Checks whether the actor may import this collection.
///
/// Errors: 401, 403; 404 for an unknown collection.
pub async fn may_import(collection: &str, actor: &Actor) -> Result<(), Error> {
    visit(collection, ImportPermission(actor)).await.ok_or_else(Error::not_found)?
}

struct ImportPermission<'a>(&'a Actor);

impl Visitor for ImportPermission<'_> {
    type Answer = Result<(), Error>;

    async fn visit<T: Table>(self) -> Self::Answer {
        self.0.require_import::<T>()
    }
}
