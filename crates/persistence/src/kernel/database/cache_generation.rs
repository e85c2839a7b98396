//! The cache generation: a number that increases with every write. Cached responses are valid while the
//! generation in which they were read is the current one.
//!
//! A write of this instance increases it between its commit and its response. Other processes write too: on
//! PostgreSQL they send notifications (see [`pg_notify`](super::pg_notify)), and without a working listener
//! there is no generation; on SQLite the file is polled when the generation is requested, at most ten times a
//! second.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::Mutex;

/// How long a write of another process to a SQLite file may stay unnoticed.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The number, and how writes of other processes are noticed.
#[derive(Debug)]
pub(crate) struct CacheGeneration {
    number: AtomicU64,
    detection: ChangeDetection,
    started: Instant,
    /// Until when the number is valid without polling, in microseconds since `started`.
    until: AtomicU64,
}

#[derive(Debug)]
enum ChangeDetection {
    /// By notifications.
    Notify,
    /// By polling the file.
    Poll(Box<SqliteConnectOptions>, Mutex<Option<FileWatch>>),
}

/// A read-only connection, and the `data_version` of the file that it last saw: every commit of another
/// connection, in this process or another, changes it.
#[derive(Debug)]
struct FileWatch {
    connection: SqliteConnection,
    version: i64,
}

/// Increases the generation when dropped, even if the request is aborted before the write is answered.
pub(crate) struct BumpOnDrop<'a>(&'a CacheGeneration);

impl Drop for BumpOnDrop<'_> {
    fn drop(&mut self) {
        self.0.bump();
    }
}

impl CacheGeneration {
    fn new(detection: ChangeDetection) -> Self {
        Self { number: AtomicU64::new(0), detection, started: Instant::now(), until: AtomicU64::new(0) }
    }

    /// For a database whose writers send notifications.
    pub(crate) fn with_notifications() -> Self {
        Self::new(ChangeDetection::Notify)
    }

    /// For a SQLite file, with the options to open a connection for polling.
    pub(crate) fn with_polling(options: SqliteConnectOptions) -> Self {
        Self::new(ChangeDetection::Poll(Box::new(options.optimize_on_close(false, None)), Mutex::default()))
    }

    /// Returns the current generation, or `None` if it is unknown whether other processes have written. Read
    /// it before any data that is to be cached under it.
    pub(crate) async fn current(&self) -> Option<u64> {
        if self.now() >= self.until.load(SeqCst) {
            match &self.detection {
                ChangeDetection::Notify => return None,
                ChangeDetection::Poll(options, watch) => self.poll(options, watch).await.ok()?,
            }
        }
        // Read the number last: whatever made it valid has increased it before.
        Some(self.number.load(SeqCst))
    }

    /// Increases the generation, because something was written or may have been.
    pub(crate) fn bump(&self) {
        self.number.fetch_add(1, SeqCst);
    }

    /// Announces a write: the generation increases when the guard is dropped.
    pub(crate) fn bump_on_drop(&self) -> BumpOnDrop<'_> {
        BumpOnDrop(self)
    }

    /// Declares that at the instant `at` all writes of others were known, and that the generation is valid
    /// for `long` from then on.
    pub(crate) fn extend_validity(&self, at: Instant, long: Duration) {
        let until = at.saturating_duration_since(self.started) + long;
        self.until.store(micros(until), SeqCst);
    }

    /// Declares the generation unknown, until its validity is extended again.
    pub(crate) fn suspend(&self) {
        self.until.store(0, SeqCst);
    }

    fn now(&self) -> u64 {
        micros(self.started.elapsed())
    }

    /// Checks whether the file has been written to. Concurrent callers wait, and use the result of the first.
    async fn poll(
        &self,
        options: &SqliteConnectOptions,
        watch: &Mutex<Option<FileWatch>>,
    ) -> Result<(), sqlx::Error> {
        let mut watch = watch.lock().await;
        if self.now() < self.until.load(SeqCst) {
            return Ok(());
        }
        let at = Instant::now();
        // A connection that fails here is not used again.
        let (mut connection, before) = match watch.take() {
            Some(FileWatch { connection, version }) => (connection, Some(version)),
            None => (options.connect().await?, None),
        };
        let version = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut connection).await?;
        if before != Some(version) {
            self.bump();
        }
        *watch = Some(FileWatch { connection, version });
        self.extend_validity(at, POLL_INTERVAL);
        Ok(())
    }

    /// Closes the polling connection, if there is one.
    pub(crate) async fn close(&self) {
        if let ChangeDetection::Poll(_, watch) = &self.detection
            && let Some(watch) = watch.lock().await.take()
        {
            // The connection has written nothing.
            let _ = watch.connection.close().await;
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
