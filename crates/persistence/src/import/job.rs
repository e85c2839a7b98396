//! The imports that run in this instance.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};

use crate::kernel::database::job_lock::JobLock;
use crate::kernel::id::new_id;
use crate::kernel::store::Store;
use crate::kernel::store::running_imports::{Progress, RunningImports};

/// An import that runs in this instance, until this is dropped.
pub struct Job {
    /// The id of the import.
    pub id: Uuid,
    /// The progress.
    pub progress: Arc<Progress>,
    running: Arc<RunningImports>,
    _lock: Option<JobLock>,
    _slot: OwnedSemaphorePermit,
}

impl Job {
    /// Waits for its turn: a database runs one import at a time.
    ///
    /// Errors: the server is shutting down.
    pub async fn acquire_run_slot(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.running.run_slot.clone().acquire_owned().await.map_err(Error::internal)
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

impl Store {
    /// Reserves a place for a new import, which is then begun in a write.
    ///
    /// Errors: 503 if too many imports are running, or the database is unavailable.
    pub async fn new_import(&self) -> Result<Job, Error> {
        let id = new_id();
        let mut job = self.job(id)?;
        self.sweep_imports().await?;
        job._lock = Some(JobLock::acquire(self.database(), id).await?);
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
        let slot = running.slots.clone().try_acquire_owned().map_err(|_| {
            let detail = bilingual!(
                "Too many imports are running; please try again shortly.",
                "Zu viele Importe laufen gerade; versuchen Sie es gleich noch einmal."
            );
            Error::new(Code::Unavailable, detail)
        })?;
        let progress = Arc::<Progress>::default();
        // A second commit of the same import waits for the first one, and shares its progress.
        let progress = running.jobs().entry(id).or_insert(progress).clone();
        Ok(Job { id, progress, running, _lock: None, _slot: slot })
    }
}
