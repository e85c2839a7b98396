//! Keeps SQLite's write-ahead log short.
//!
//! Each commit checkpoints the log once it is long enough, but only pages that no reader may still read from
//! it, and the log is restarted only while nobody reads from it. A log that has grown during a long read, or
//! that overlapping short reads would never let restart, is truncated here, on a connection outside the
//! pools, in a write slot.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::runtime::Handle;

use super::write_slots::WriteSlots;

/// The size in bytes to which the log is truncated when it restarts: the size that it has in normal
/// operation.
pub(crate) const SIZE_LIMIT: &str = "16777216";
/// The size in bytes from which the log is truncated.
const TRUNCATE_FROM: u64 = 32 * 1024 * 1024;
/// How long the checkpoint waits for readers; nobody writes meanwhile.
const BUSY_TIMEOUT: Duration = Duration::from_millis(200);
/// How long to wait after a checkpoint that readers prevented.
const PAUSE: Duration = Duration::from_secs(1);

/// The write-ahead log of a database.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    options: SqliteConnectOptions,
    slots: Arc<WriteSlots>,
    /// Whether the log is being truncated.
    busy: AtomicBool,
}

impl Log {
    /// Makes the log at this path, of the database that these options open.
    pub(crate) fn new(path: PathBuf, options: SqliteConnectOptions, slots: Arc<WriteSlots>) -> Arc<Self> {
        let options = options.busy_timeout(BUSY_TIMEOUT).optimize_on_close(false, None);
        Arc::new(Self { path, options, slots, busy: AtomicBool::new(false) })
    }

    /// Truncates the log soon, if it is long.
    pub(crate) fn truncate(self: &Arc<Self>) {
        let is_long = || std::fs::metadata(&self.path).is_ok_and(|log| log.len() > TRUNCATE_FROM);
        // Without a runtime the server is ending, and the last connection checkpoints the log.
        let Ok(runtime) = Handle::try_current() else { return };
        if is_long() && !self.busy.swap(true, SeqCst) {
            let log = self.clone();
            runtime.spawn(async move {
                let truncated = log.checkpoint().await;
                if let Err(error) = &truncated {
                    tracing::warn!(%error, "the write-ahead log of the database could not be truncated");
                }
                if !matches!(truncated, Ok(true)) {
                    tokio::time::sleep(PAUSE).await;
                }
                log.busy.store(false, SeqCst);
            });
        }
    }

    /// Checkpoints and truncates the log; returns whether no reader prevented it.
    async fn checkpoint(&self) -> Result<bool, sqlx::Error> {
        let _slot = self.slots.acquire().await;
        let mut connection = self.options.connect().await?;
        let (busy, ..): (i64, i64, i64) =
            sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(busy == 0)
    }
}
