//! The background work of an import, which continues when the request that started it has ended.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::import::{Import, ImportStatus, Order};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::violation::Violations;
use vku_persistence::import::ImportWithProgress;
use vku_persistence::import::job::Job;
use vku_persistence::import::lifecycle::ImportOutcome;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::store::idempotency::{InFlightGuard, StoredResponse};
use vku_persistence::kernel::transaction::WriteContext;
use vku_transfer::import::{Plan, run};

use super::report::ImportBody;
use crate::kernel::media_type::JSON;
use crate::kernel::request::context::Context;

/// How often it is tried to store that an import has failed.
const STORE_ATTEMPTS: u32 = 30;
/// The time between two attempts.
const STORE_INTERVAL: Duration = Duration::from_secs(1);

/// Runs imports for an actor, in the context of a request.
pub(super) struct ImportWorker {
    store: Store,
    actor: Actor,
    request_id: Arc<str>,
}

impl ImportWorker {
    pub(super) fn of(context: &Context) -> Self {
        Self {
            store: context.shared.store.clone(),
            actor: context.actor.clone(),
            request_id: context.request_id(),
        }
    }

    fn writing(&self, dry_run: bool) -> WriteContext<'_> {
        WriteContext {
            actor: &self.actor,
            request_id: &self.request_id,
            dry_run,
            origin: InputSource::Import,
        }
    }

    /// Runs a new import, for real or as a dry run, and stores the outcome.
    pub(super) async fn begin(self, job: Job, order: Order, file: File, dry_run: bool) {
        let id = job.id;
        let ended = match self.done(&job, &order, file, dry_run).await {
            Ok(None) => Ok(()),
            Ok(Some(end)) => self.store.end_import(id, &end).await,
            Err(error) => {
                tracing::error!(code = error.code.as_str(), source = ?error.source, "an import failed");
                let (problem, at) = (Some(error.code), self.store.now());
                let end = ImportOutcome {
                    status: ImportStatus::Failed,
                    report: None,
                    plan_token: None,
                    problem,
                    at,
                };
                self.store_failure(id, &end).await
            }
        };
        if let Err(error) = ended {
            // The import is then reported as interrupted, which is correct.
            tracing::error!(code = error.code.as_str(), source = ?error.source, "the result of an import cannot be \
                stored");
        }
        drop(job);
    }

    /// Stores that an import has failed. What made it fail, such as a full disk, may also keep its failure from being
    /// stored for a moment.
    async fn store_failure(&self, id: Uuid, end: &ImportOutcome) -> Result<(), Error> {
        for _ in 1..STORE_ATTEMPTS {
            match self.store.end_import(id, end).await {
                Err(error) if error.is_server_error() => tokio::time::sleep(STORE_INTERVAL).await,
                stored => return stored,
            }
        }
        self.store.end_import(id, end).await
    }

    /// Runs the import; returns the outcome if it still has to be stored.
    async fn done(
        &self,
        job: &Job,
        order: &Order,
        file: File,
        dry_run: bool,
    ) -> Result<Option<ImportOutcome>, Error> {
        let _slot = job.acquire_run_slot().await?;
        let watch = |done, total| job.progress.set_progress(done, total);
        let mut found = None;
        let writing = self.writing(dry_run);
        let outcome = self.store.write(&writing, async |writer| {
            let plan = run(writer, order, file, &watch).await?;
            let can_be_written = plan.report.can_be_written(order.on_error);
            let Plan { report, token } = found.insert(plan);
            if !dry_run {
                // The outcome is stored in the same transaction as the rows.
                let end = ImportOutcome {
                    status: ImportStatus::Committed,
                    report: Some(report.clone()),
                    plan_token: Some(token.clone()),
                    problem: None,
                    at: self.store.now(),
                };
                if !can_be_written {
                    return Err(Error::invalid(Violations::default()));
                }
                writer.end_import(job.id, &end).await?;
            }
            Ok(())
        });
        let outcome = Box::pin(outcome).await;
        let Some(Plan { report, token }) = found else { return outcome.map(|()| None) };
        match outcome {
            Ok(()) if !dry_run => return Ok(None),
            Err(error) if error.code != Code::ValidationFailed => return Err(error),
            _ => {}
        }
        let is_rehearsed = dry_run && report.whole;
        Ok(Some(ImportOutcome {
            status: if is_rehearsed { ImportStatus::Rehearsed } else { ImportStatus::Failed },
            plan_token: (is_rehearsed && report.can_be_written(order.on_error)).then_some(token),
            report: Some(report),
            problem: None,
            at: self.store.now(),
        }))
    }

    /// Commits exactly what the dry run reported. Returns the response, and whether it is a stored one.
    ///
    /// Errors: 404, 409 (nothing to commit, or the data has changed), 422 (the token of another plan).
    pub(super) async fn commit(
        self,
        id: Uuid,
        token: String,
        in_flight: Option<InFlightGuard>,
        locale: Locale,
    ) -> Result<(StoredResponse, bool), Error> {
        let job = self.store.resume_import(id)?;
        let _slot = job.acquire_run_slot().await?;
        let mut file = tempfile::tempfile().map_err(Error::file)?;
        let is_there = self.store.import_file(id, &mut file).await?;
        file.seek(SeekFrom::Start(0)).map_err(Error::file)?;
        let watch = |done, total| job.progress.set_progress(done, total);
        let writing = self.writing(false);
        let work = self.store.write_in_flight(&writing, in_flight.as_ref(), async |writer| {
            let import = writer.import_locked(id).await?;
            let planned = import.plan_token.clone().ok_or_else(|| nothing_to_commit(import.status))?;
            if planned != token {
                return Err(other_plan());
            }
            match import.status {
                // It has already been committed, which is what was requested.
                ImportStatus::Committed => return committed_response(import, locale),
                ImportStatus::Rehearsed if is_there => {}
                status => return Err(nothing_to_commit(status)),
            }
            let Plan { report, token } = run(writer, &import.order, file, &watch).await?;
            if token != planned {
                let detail = bilingual!(
                    "The data has changed since the dry run; repeat the dry run.",
                    "Die Daten haben sich seit der Probe geändert; proben Sie die Datei neu."
                );
                return Err(Error::new(Code::PlanMoved, detail));
            }
            let (status, at) = (ImportStatus::Committed, self.store.now());
            let end =
                ImportOutcome { status, report: Some(report), plan_token: Some(token), problem: None, at };
            writer.end_import(id, &end).await?;
            committed_response(writer.import_locked(id).await?, locale)
        });
        Box::pin(work).await
    }
}

/// The response to a commit.
fn committed_response(import: Import, locale: Locale) -> Result<StoredResponse, Error> {
    let body = ImportBody::of(ImportWithProgress { import, progress: None }, locale);
    let body = serde_json::to_vec(&body).map_err(Error::internal)?;
    Ok(StoredResponse {
        status: StatusCode::OK.as_u16(),
        tag: None,
        location: None,
        media_type: JSON.to_owned(),
        body,
    })
}

fn nothing_to_commit(status: ImportStatus) -> Error {
    let detail = match status {
        ImportStatus::Rehearsed => bilingual!(
            "Some rows have errors, or the file has been deleted; correct the file and repeat the dry run.",
            "Zeilen stimmen nicht, oder die Datei ist gelöscht; korrigieren Sie sie und proben Sie die Datei neu."
        ),
        ImportStatus::Committed => bilingual!(
            "The import was committed without a dry run, or too long ago.",
            "Er wurde ohne Probe ausgeführt, oder vor langer Zeit."
        ),
        _ => bilingual!("There was no dry run of the import.", "Er wurde nicht geprobt."),
    };
    Error::new(Code::NothingToCommit, detail)
}

fn other_plan() -> Error {
    let detail = bilingual!(
        "This plan does not belong to this import; see its `plan_token`.",
        "Das ist nicht der Plan dieses Imports; siehe dessen `plan_token`."
    );
    Error::invalid_at("/plan_token", "unknown_value", detail)
}
