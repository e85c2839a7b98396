//! Whether the database takes writes: read-only, full and failing disks are noticed, and so is that they are over.
//!
//! Each write tells by how it ends. Readiness looks once more, and writes nothing to a database that is well:
//!
//! - On SQLite it writes a small file in the folder of the database and lets it go again. A full disk, a quota that is
//!   used up and a file system that is read-only refuse that as they refuse the database, and it wakes nobody: a row
//!   would make all instances forget what they keep in memory. (A write that is rolled back would prove nothing: it
//!   never leaves the cache.)
//! - On PostgreSQL it asks whether a transaction would be read-only. Its disks are its own: of a full one the next write
//!   tells, and everybody who signs in writes.
//!
//! Only after a write has failed for such a reason is one tried, until one succeeds.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, Statement, TransactionOptions};
use sqlx::Connection;
use sqlx::pool::PoolConnectionMetadata;
use vku_domain::kernel::error::{Code, Error};

use super::error::{failed, is_away, is_unwritable};
use super::sqlite_file::folder_of;
use super::{Database, begin, retry_on_broken_connection};

/// As much room as a small write needs.
const ROOM: usize = 64 * 1024;

/// What writes have told.
#[derive(Debug)]
pub(crate) struct Writes {
    started: Instant,
    /// Whether the last one failed because nothing can be written.
    failing: AtomicBool,
    /// When one did so last, in microseconds since the start.
    failed: AtomicU64,
}

impl Default for Writes {
    fn default() -> Self {
        Self { started: Instant::now(), failing: AtomicBool::default(), failed: AtomicU64::default() }
    }
}

impl Writes {
    /// A write is on the disk.
    pub(crate) fn succeeded(&self) {
        if self.failing.load(SeqCst) {
            self.failing.store(false, SeqCst);
        }
    }

    /// A write failed; whatever for.
    pub(crate) fn failed(&self, error: &Error) {
        let source = error.source.as_deref().and_then(|source| source.downcast_ref::<DbErr>());
        if error.code == Code::InsufficientStorage || source.is_some_and(is_unwritable) {
            self.fail();
        }
    }

    fn fail(&self) {
        self.failed.store(micros(self.started.elapsed()), SeqCst);
        self.failing.store(true, SeqCst);
    }

    /// Whether a connection that lay in the pool may be used to write.
    ///
    /// One is closed where it was made before the last write failed: PostgreSQL keeps a session read-only that began so,
    /// and after a fail-over it leads to the server that is no longer the one to write to.
    pub(crate) fn trusts<C: Connection>(&self, connection: &C, of: &PoolConnectionMetadata) -> bool {
        let made = self.started.elapsed().saturating_sub(of.age);
        is_idle(connection) && (self.failed.load(SeqCst) == 0 || micros(made) > self.failed.load(SeqCst))
    }
}

/// Whether a connection that lay in the pool is in no transaction. SQLite ends one by itself when the disk fails; the
/// roll-back then fails, the driver still counts the transaction, and the next one on this connection would be a part
/// of it that nobody commits.
pub(crate) fn is_idle<C: Connection>(connection: &C) -> bool {
    !connection.is_in_transaction()
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Database {
    /// Whether it takes writes.
    ///
    /// Errors: it does not, as far as can be told.
    pub async fn takes_writes(&self) -> Result<(), Error> {
        if let Some(path) = self.file() {
            let folder = folder_of(path).to_owned();
            let written = tokio::task::spawn_blocking(move || probe_folder(&folder)).await;
            written.map_err(Error::internal)?.map_err(Error::file)?;
        }
        // While as many write as can, what becomes of their writes tells.
        let Some(_turn) = self.try_acquire_write_slot() else { return Ok(()) };
        match self.probe().await {
            // There are more who take a connection than who take a turn.
            Err(Probed::Failed(DbErr::ConnectionAcquire(_))) | Ok(()) => Ok(()),
            Err(Probed::Failed(error)) => Err(self.noted(failed(error))),
            Err(Probed::ReadOnly) => {
                self.writes().fail();
                Err(Error::read_only("the database is read-only"))
            }
        }
    }

    fn noted(&self, error: Error) -> Error {
        self.writes().failed(&error);
        error
    }

    async fn probe(&self) -> Result<(), Probed> {
        let is_postgres = self.backend() == DatabaseBackend::Postgres;
        if is_postgres && is_read_only(self.writing()).await? {
            return Err(Probed::ReadOnly);
        }
        if !self.writes().failing.load(SeqCst) {
            return Ok(());
        }
        let written = match is_postgres {
            true => self.write_and_forget().await,
            false => write_again(self.writing()).await,
        };
        match written {
            // Whatever else it says, it is not that the disk refuses; an account may have no right to this.
            Err(error) if is_unwritable(&error) || is_away(&error) => Err(error.into()),
            _ => {
                self.writes().succeeded();
                Ok(())
            }
        }
    }

    /// On PostgreSQL: fills a table that goes with its transaction, where the tables of the database are.
    async fn write_and_forget(&self) -> Result<(), DbErr> {
        let tx = begin(self.writing(), TransactionOptions::default()).await?;
        let written = tx.execute_unprepared(
            "CREATE TEMPORARY TABLE vku_probe ON COMMIT DROP AS \
             SELECT md5(i::text) AS filler FROM generate_series(1, 2000) AS i",
        );
        let written = written.await.map(drop);
        tx.rollback().await?;
        written
    }
}

/// Why it takes no writes.
enum Probed {
    Failed(DbErr),
    ReadOnly,
}

impl From<DbErr> for Probed {
    fn from(error: DbErr) -> Self {
        Self::Failed(error)
    }
}

async fn is_read_only(writing: &DatabaseConnection) -> Result<bool, DbErr> {
    const ASK: &str = "SELECT current_setting('transaction_read_only') = 'on'";
    let row = retry_on_broken_connection(|| {
        writing.query_one_raw(Statement::from_string(DatabaseBackend::Postgres, ASK))
    });
    let read_only = row.await?.map(|row| row.try_get_by_index::<bool>(0)).transpose()?;
    Ok(read_only == Some(true))
}

/// On SQLite: writes a number of its own again, as it is.
async fn write_again(writing: &DatabaseConnection) -> Result<(), DbErr> {
    let ask = Statement::from_string(DatabaseBackend::Sqlite, "PRAGMA user_version");
    let version = writing.query_one_raw(ask).await?.map(|row| row.try_get_by_index::<i64>(0)).transpose()?;
    writing.execute_unprepared(&format!("PRAGMA user_version = {}", version.unwrap_or(0))).await.map(drop)
}

/// A file without a name: gone when it is closed.
fn probe_folder(folder: &Path) -> std::io::Result<()> {
    tempfile::tempfile_in(folder)?.write_all(&[0; ROOM])
}
