//! The cache generation: a number that increases with every write, and for each table the number that it last
//! changed in. A cached response is valid while none of the tables that it was read from has changed since the
//! generation in which it was read.
//!
//! A write of this instance increases it between its commit and its response. Other processes write too: on
//! PostgreSQL they send notifications (see `pg_notify`), and without a working listener
//! there is no generation; on SQLite the file is polled when the generation is requested, at most ten times a
//! second (see `file_watch`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use sea_orm::{DatabaseTransaction, DbErr};
use tokio::sync::{Mutex, watch};

use super::file_watch::FileWatch;
use super::table_set::{CAPACITY, GrowingTableSet, TableSet};

/// How long a write of another process to a SQLite file may stay unnoticed.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The number, and how writes of other processes are noticed.
#[derive(Debug)]
pub(crate) struct CacheGeneration {
    number: AtomicU64,
    changes: Arc<LastChanges>,
    /// On SQLite: notices writes of other processes. On PostgreSQL they send notifications.
    file: Option<FileWatch>,
    polling: Mutex<()>,
    /// Notified after each change of the number.
    bumped: watch::Sender<()>,
    started: Instant,
    /// Until when the number is valid without polling, in microseconds since `started`.
    until: AtomicU64,
}

/// The generation in which each table last changed.
#[derive(Debug)]
struct LastChanges([AtomicU64; CAPACITY]);

impl LastChanges {
    fn latest(&self, tables: TableSet) -> u64 {
        let changes = tables.places().filter_map(|place| self.0.get(place));
        changes.map(|change| change.load(SeqCst)).max().unwrap_or_default()
    }
}

/// The tables that a response is read from.
#[derive(Debug)]
pub struct TablesRead {
    tables: GrowingTableSet,
    changes: Arc<LastChanges>,
}

tokio::task_local! {
    /// The tables that the running task reads.
    static READS: Arc<TablesRead>;
}

impl TablesRead {
    /// What records the tables that the running task reads, if anything does.
    pub(crate) fn of_task() -> Option<Arc<Self>> {
        READS.try_with(Arc::clone).ok()
    }

    /// Whether one of the tables has changed since a generation. If no table is known, one may have.
    pub fn have_changed_since(&self, generation: u64) -> bool {
        let tables = self.tables.get();
        tables.is_empty() || self.changes.latest(tables) > generation
    }

    pub(crate) fn add(&self, tables: TableSet) {
        self.tables.add(tables);
    }
}

/// Increases the generation when dropped, even if the request is aborted before the write is answered.
pub(crate) struct BumpOnDrop<'a> {
    generation: &'a CacheGeneration,
    tables: TableSet,
    is_committed: bool,
}

impl BumpOnDrop<'_> {
    /// Increases the generation after the commit.
    pub(crate) fn committed(mut self) {
        self.is_committed = true;
    }
}

impl Drop for BumpOnDrop<'_> {
    fn drop(&mut self) {
        self.generation.bump(self.tables);
        // The commit may complete later, after others have read what was before it.
        if let Some(file) = self.generation.file.as_ref().filter(|_| !self.is_committed) {
            file.suspect_commit();
        }
    }
}

/// SQLite's write lock, held by a write. Drop it before the transaction is rolled back, and after it is committed.
pub(crate) struct WriteLock {
    generation: Arc<CacheGeneration>,
    is_committing: bool,
}

impl WriteLock {
    /// Declares that the commit begins. However long it takes, nobody else writes until it is done.
    pub(crate) fn begin_commit(&mut self) {
        self.generation.extend_validity(Instant::now(), POLL_INTERVAL);
        self.is_committing = true;
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        if let Some(file) = &self.generation.file {
            let at = Instant::now();
            file.set_locked(false);
            // After a commit, others may have written already.
            if !self.is_committing {
                self.generation.extend_validity(at, POLL_INTERVAL);
            }
        }
    }
}

impl CacheGeneration {
    /// For a database whose writers send notifications.
    pub(crate) fn with_notifications() -> Self {
        Self {
            number: AtomicU64::new(0),
            changes: Arc::new(LastChanges(std::array::from_fn(|_| AtomicU64::new(0)))),
            file: None,
            polling: Mutex::default(),
            bumped: watch::Sender::new(()),
            started: Instant::now(),
            until: AtomicU64::new(0),
        }
    }

    /// For a SQLite file.
    pub(super) fn with_polling(file: FileWatch) -> Self {
        Self { file: Some(file), ..Self::with_notifications() }
    }

    /// Returns the current generation, or `None` if it is unknown whether other processes have written. Read
    /// it before any data that is to be cached under it.
    pub(crate) async fn current(&self) -> Option<u64> {
        if !self.is_valid() {
            self.poll(self.file.as_ref()?).await.ok()?;
        }
        // Read the number last: whatever made it valid has increased it before.
        Some(self.number.load(SeqCst))
    }

    /// Checks whether others have written to the file. Concurrent callers wait, and use the result of the first.
    async fn poll(&self, file: &FileWatch) -> Result<(), sqlx::Error> {
        let _turn = self.polling.lock().await;
        if self.is_valid() {
            return Ok(());
        }
        let at = Instant::now();
        if file.has_changed().await? {
            self.bump(TableSet::ALL);
        }
        self.extend_validity(at, POLL_INTERVAL);
        Ok(())
    }

    /// Checks whether others have written before a write, which has just begun, got the lock. `None` on PostgreSQL.
    pub(crate) async fn locked(
        self: &Arc<Self>,
        tx: &DatabaseTransaction,
    ) -> Result<Option<WriteLock>, DbErr> {
        let Some(file) = &self.file else { return Ok(None) };
        if file.has_changed_before(tx).await? {
            self.bump(TableSet::ALL);
        }
        file.set_locked(true);
        Ok(Some(WriteLock { generation: self.clone(), is_committing: false }))
    }

    /// Runs some work, and records the tables that it reads: by all readers that it begins in this task.
    pub(crate) async fn recording_reads<R>(&self, work: impl Future<Output = R>) -> (R, Arc<TablesRead>) {
        let reads = self.begin_reads();
        let result = READS.scope(reads.clone(), work).await;
        (result, reads)
    }

    pub(super) fn begin_reads(&self) -> Arc<TablesRead> {
        Arc::new(TablesRead { tables: GrowingTableSet::default(), changes: self.changes.clone() })
    }

    /// Increases the generation, because these tables were written or may have been.
    pub(crate) fn bump(&self, tables: TableSet) {
        let generation = self.number.fetch_add(1, SeqCst) + 1;
        for change in tables.places().filter_map(|place| self.changes.0.get(place)) {
            change.fetch_max(generation, SeqCst);
        }
        self.bumped.send_replace(());
    }

    /// Watches the number: wakes after each write, of this instance or of others.
    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.bumped.subscribe()
    }

    /// Whether other processes write without notifications, so that the number has to be polled.
    pub(crate) fn is_polled(&self) -> bool {
        self.file.is_some()
    }

    /// The generation in which one of these tables last changed.
    pub(crate) fn last_change(&self, tables: TableSet) -> u64 {
        self.changes.latest(tables)
    }

    /// Announces a write of these tables: the generation increases when the guard is dropped.
    pub(crate) fn bump_on_drop(&self, tables: TableSet) -> BumpOnDrop<'_> {
        BumpOnDrop { generation: self, tables, is_committed: false }
    }

    /// Declares that at the instant `at` all writes of others were known, and that the generation is valid
    /// for `long` from then on.
    pub(crate) fn extend_validity(&self, at: Instant, long: Duration) {
        let until = at.saturating_duration_since(self.started) + long;
        self.until.fetch_max(micros(until), SeqCst);
    }

    /// Declares the generation unknown, until its validity is extended again.
    pub(crate) fn suspend(&self) {
        self.until.store(0, SeqCst);
    }

    fn is_valid(&self) -> bool {
        micros(self.started.elapsed()) < self.until.load(SeqCst)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
