//! The imports that run in this instance, and their progress.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use uuid::Uuid;

/// How many imports may run in one instance, including those that wait for their turn.
const MAX_IMPORTS: usize = 4;

/// The progress of an import in this instance.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Returns the number of processed rows, and the total if it is known.
    pub fn read(&self) -> (u64, Option<u64>) {
        let total = self.total.load(Ordering::Relaxed);
        (self.done.load(Ordering::Relaxed), (total > 0).then_some(total))
    }

    /// Records the number of processed rows, and the total if it is known.
    pub fn set_progress(&self, done: u64, total: Option<u64>) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total.unwrap_or(0), Ordering::Relaxed);
    }
}

/// The imports that run in this instance.
#[derive(Debug)]
pub(crate) struct RunningImports {
    jobs: Mutex<HashMap<Uuid, Arc<Progress>>>,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) run_slot: Arc<Semaphore>,
}

impl Default for RunningImports {
    fn default() -> Self {
        let (slots, run_slot) = (Arc::new(Semaphore::new(MAX_IMPORTS)), Arc::new(Semaphore::new(1)));
        Self { jobs: Mutex::default(), slots, run_slot }
    }
}

impl RunningImports {
    pub(crate) fn jobs(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Arc<Progress>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
