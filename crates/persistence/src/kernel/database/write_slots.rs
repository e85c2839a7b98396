//! The write slots: who has one may use a connection that writes.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Commits the open group.
pub(crate) type CommitGroup = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// The write slots, granted in order of arrival: as many as there are connections that write.
pub(crate) struct WriteSlots {
    slots: Semaphore,
    /// How many writers wait that could join a group.
    joining: AtomicUsize,
    /// On SQLite: whether a transaction is open that the next writer may join, and how to commit it.
    open_group: Mutex<Option<CommitGroup>>,
}

impl std::fmt::Debug for WriteSlots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriteSlots").field("slots", &self.slots).finish_non_exhaustive()
    }
}

/// Counts a waiting writer until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl WriteSlots {
    pub(super) fn new(slots: usize) -> Self {
        Self { slots: Semaphore::new(slots), joining: AtomicUsize::new(0), open_group: Mutex::default() }
    }

    /// Waits for a slot, and commits the open group; the slot is released when the permit is dropped.
    pub(crate) async fn acquire(&self) -> Option<SemaphorePermit<'_>> {
        let slot = self.slots.acquire().await.ok()?;
        self.commit_open_group().await;
        Some(slot)
    }

    /// Waits for a slot to write in the open group, if there is one.
    pub(crate) async fn acquire_to_join(&self) -> Option<SemaphorePermit<'_>> {
        self.joining.fetch_add(1, SeqCst);
        let _waiting = Waiting(&self.joining);
        self.slots.acquire().await.ok()
    }

    /// Returns a slot if one is free now, and no group is open.
    pub(super) fn try_acquire(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.try_acquire().ok().filter(|_| self.open_group().is_none())
    }

    /// Whether a writer waits that could join a group.
    pub(crate) fn awaits_group(&self) -> bool {
        self.joining.load(SeqCst) > 0
    }

    /// Declares that a group is open, and how to commit it, or that none is.
    pub(crate) fn set_open_group(&self, commit: Option<CommitGroup>) {
        *self.open_group() = commit;
    }

    /// Commits the open group, if there is one. The caller has a slot.
    pub(crate) async fn commit_open_group(&self) {
        let commit = self.open_group().take();
        if let Some(commit) = commit {
            // Spawned, so that others do not lose their writes if the request of the caller is aborted.
            let _ = tokio::spawn(commit()).await;
        }
    }

    fn open_group(&self) -> MutexGuard<'_, Option<CommitGroup>> {
        self.open_group.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
