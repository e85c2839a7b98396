//! The generation of what is stored: a number that moves with every write. What was read under one may be kept and
//! answered again as long as it is the current one.
//!
//! A write of this instance moves it between its commit and its answer. Others write too: on PostgreSQL they tell so
//! (see [`notice`](crate::kernel::notice)), and while nobody listens there is no generation; on SQLite the file is looked at
//! when it is asked for, ten times a second at most.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::Mutex;

/// How long another process may have written to a SQLite file before it is noticed.
const LOOK: Duration = Duration::from_millis(100);

/// The number, and how writes of others come to it.
#[derive(Debug)]
pub(crate) struct CacheGeneration {
    number: AtomicU64,
    others: Others,
    started: Instant,
    /// Until when it can be relied upon without asking, in microseconds since the start.
    until: AtomicU64,
}

#[derive(Debug)]
enum Others {
    /// They tell.
    Tell,
    /// They are looked for.
    Looked(Box<SqliteConnectOptions>, Mutex<Option<FileWatch>>),
}

/// A connection that never writes, and the version of the file that it saw last: one that another connection wrote,
/// of this process or of any, has another.
#[derive(Debug)]
struct FileWatch {
    connection: SqliteConnection,
    version: i64,
}

/// Moves the generation when it is dropped: also where whoever asked for the write is gone in the middle of it.
pub(crate) struct Moving<'a>(&'a CacheGeneration);

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        self.0.bump();
    }
}

impl CacheGeneration {
    fn new(others: Others) -> Self {
        Self { number: AtomicU64::new(0), others, started: Instant::now(), until: AtomicU64::new(0) }
    }

    /// Of a database whose writers tell each other.
    pub(crate) fn told() -> Self {
        Self::new(Others::Tell)
    }

    /// Of a SQLite file, opened with these options once more.
    pub(crate) fn looked(options: SqliteConnectOptions) -> Self {
        Self::new(Others::Looked(Box::new(options.optimize_on_close(false, None)), Mutex::default()))
    }

    /// The generation now; `None` where nobody knows whether others have written. To be taken before anything is read
    /// that is to be kept under it.
    pub(crate) async fn current(&self) -> Option<u64> {
        if self.now() >= self.until.load(SeqCst) {
            match &self.others {
                Others::Tell => return None,
                Others::Looked(options, eye) => self.poll(options, eye).await.ok()?,
            }
        }
        // Last: whatever made it reliable has moved it before.
        Some(self.number.load(SeqCst))
    }

    /// Something was written, or may have been.
    pub(crate) fn bump(&self) {
        self.number.fetch_add(1, SeqCst);
    }

    /// Something is about to be written: moves when the answer is dropped.
    pub(crate) fn begin_write(&self) -> Moving<'_> {
        Moving(self)
    }

    /// It was known at `at` that whatever others wrote is told, and it will be for so long.
    pub(crate) fn extend_validity(&self, at: Instant, long: Duration) {
        let until = at.saturating_duration_since(self.started) + long;
        self.until.store(micros(until), SeqCst);
    }

    /// It is not known any more.
    pub(crate) fn invalidate(&self) {
        self.until.store(0, SeqCst);
    }

    fn now(&self) -> u64 {
        micros(self.started.elapsed())
    }

    /// Looks whether the file has been written to. One at a time: whoever waits takes what the one before saw.
    async fn poll(
        &self,
        options: &SqliteConnectOptions,
        eye: &Mutex<Option<FileWatch>>,
    ) -> Result<(), sqlx::Error> {
        let mut eye = eye.lock().await;
        if self.now() < self.until.load(SeqCst) {
            return Ok(());
        }
        let at = Instant::now();
        // One that fails in the middle is not used again.
        let (mut connection, before) = match eye.take() {
            Some(FileWatch { connection, version }) => (connection, Some(version)),
            None => (options.connect().await?, None),
        };
        let version = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut connection).await?;
        if before != Some(version) {
            self.bump();
        }
        *eye = Some(FileWatch { connection, version });
        self.extend_validity(at, LOOK);
        Ok(())
    }

    /// Ends the connection beside the pools, if there is one.
    pub(crate) async fn close(&self) {
        if let Others::Looked(_, eye) = &self.others
            && let Some(eye) = eye.lock().await.take()
        {
            // It has written nothing.
            let _ = eye.connection.close().await;
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
