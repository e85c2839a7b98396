//! SQLite's write-ahead log is kept short.
//!
//! Each commit brings pages home once the log is long enough, but only those that no reader may still want from the log,
//! and the log begins anew only while nobody reads from it. What a long reader has let grow, and what many short ones
//! that overlap would never let end, is taken in here, on a connection beside the pools, in a writer's turn.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// How long the log may stay when it begins anew, in bytes: as long as it is when all goes well.
pub(crate) const USUAL: &str = "16777216";
/// From how many bytes on it is looked after.
const LONG: u64 = 32 * 1024 * 1024;
/// How long it waits for readers: nobody writes meanwhile.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long it leaves readers alone that it has waited for in vain.
const PAUSE: Duration = Duration::from_secs(1);

/// The log of a database.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    options: SqliteConnectOptions,
    turns: Arc<Semaphore>,
    /// Whether it is being looked after.
    busy: AtomicBool,
}

impl Log {
    /// The log in this file, of the database that these options open.
    pub(crate) fn new(path: PathBuf, options: SqliteConnectOptions, turns: Arc<Semaphore>) -> Arc<Self> {
        let options = options.busy_timeout(PATIENCE).optimize_on_close(false, None);
        Arc::new(Self { path, options, turns, busy: AtomicBool::new(false) })
    }

    /// Shortens it soon where it is long.
    pub(crate) fn shorten(self: &Arc<Self>) {
        let is_long = || std::fs::metadata(&self.path).is_ok_and(|log| log.len() > LONG);
        // Where the server ends, the last connection takes it in.
        let Ok(runtime) = Handle::try_current() else { return };
        if is_long() && !self.busy.swap(true, SeqCst) {
            let log = self.clone();
            runtime.spawn(async move {
                let taken_in = log.take_in().await;
                if let Err(error) = &taken_in {
                    tracing::warn!(%error, "the write-ahead log of the database could not be truncated");
                }
                if !matches!(taken_in, Ok(true)) {
                    tokio::time::sleep(PAUSE).await;
                }
                log.busy.store(false, SeqCst);
            });
        }
    }

    /// Takes all of it in and empties it; whether nobody was in the way.
    async fn take_in(&self) -> Result<bool, sqlx::Error> {
        let _turn = self.turns.acquire().await;
        let mut connection = self.options.connect().await?;
        let (busy, ..): (i64, i64, i64) =
            sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(busy == 0)
    }
}
