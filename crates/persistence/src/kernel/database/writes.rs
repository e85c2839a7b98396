//! Detects whether the database takes writes: read-only databases and full or failing disks are noticed, and
//! so is their recovery.
//!
//! The result of each write is observed. The readiness check adds a probe, which writes nothing to a healthy
//! database:
//!
//! - On SQLite it writes a small file to the folder of the database and deletes it. A full disk, an exhausted
//!   quota and a read-only file system refuse the file as they refuse the database; a row instead would make
//!   all instances drop their caches. (A write that is rolled back would prove nothing, because it never
//!   leaves the page cache.)
//! - On PostgreSQL it asks whether a transaction would be read-only. The disks of the server cannot be
//!   probed: a full one is noticed by the next write, and every sign-in writes.
//!
//! Only after a write has failed for such a reason does the probe write, until it succeeds.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, Statement, TransactionOptions};
use sqlx::Connection;
use sqlx::pool::PoolConnectionMetadata;
use vku_domain::kernel::error::{Code, Error};

use super::Database;
use super::error::{failed, is_unavailable, is_unwritable};
use super::retry::{begin, retry_on_broken_connection};
use super::sqlite_file::folder_of;

/// The size of the probe file in bytes: enough for a small write.
const PROBE_SIZE: usize = 64 * 1024;

/// The results of recent writes.
#[derive(Debug)]
pub(crate) struct Writes {
    started: Instant,
    /// Whether the last write failed because the database does not take writes.
    failing: AtomicBool,
    /// When a write last failed for this reason, in microseconds since `started`.
    failed: AtomicU64,
}

impl Default for Writes {
    fn default() -> Self {
        Self { started: Instant::now(), failing: AtomicBool::default(), failed: AtomicU64::default() }
    }
}

impl Writes {
    /// Records a committed write.
    pub(crate) fn succeeded(&self) {
        if self.failing.load(SeqCst) {
            self.failing.store(false, SeqCst);
        }
    }

    /// Records a failed write, for whatever reason.
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

    /// Whether an idle connection of the pool may be used to write.
    ///
    /// A connection that was made before the last write failed is closed: a PostgreSQL session that began
    /// read-only stays so, and after a fail-over the connection leads to the server that is no longer the
    /// primary.
    pub(crate) fn trusts<C: Connection>(&self, connection: &C, of: &PoolConnectionMetadata) -> bool {
        let created = self.started.elapsed().saturating_sub(of.age);
        is_idle(connection) && (self.failed.load(SeqCst) == 0 || micros(created) > self.failed.load(SeqCst))
    }
}

/// Whether an idle connection of the pool is in no transaction. SQLite ends a transaction by itself when the
/// disk fails; the rollback then fails, the driver still counts the transaction, and the next one on this
/// connection would become a part of it that is never committed.
pub(crate) fn is_idle<C: Connection>(connection: &C) -> bool {
    !connection.is_in_transaction()
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Database {
    /// Checks whether the database takes writes.
    ///
    /// Errors: it does not, as far as can be detected.
    pub async fn takes_writes(&self) -> Result<(), Error> {
        if let Some(path) = self.file() {
            let folder = folder_of(path).to_owned();
            let written = tokio::task::spawn_blocking(move || probe_folder(&folder)).await;
            written.map_err(Error::internal)?.map_err(Error::file)?;
        }
        // If all write slots are in use, the results of those writes show it.
        let Some(_turn) = self.try_acquire_write_slot() else { return Ok(()) };
        match self.probe().await {
            // More tasks use these connections than there are write slots.
            Err(ProbeFailure::Failed(DbErr::ConnectionAcquire(_))) | Ok(()) => Ok(()),
            Err(ProbeFailure::Failed(error)) => Err(self.report(failed(error))),
            Err(ProbeFailure::ReadOnly) => {
                self.writes().fail();
                Err(Error::read_only("the database is read-only"))
            }
        }
    }

    fn report(&self, error: Error) -> Error {
        self.writes().failed(&error);
        error
    }

    async fn probe(&self) -> Result<(), ProbeFailure> {
        let is_postgres = self.backend() == DatabaseBackend::Postgres;
        if is_postgres && is_read_only(self.writing()).await? {
            return Err(ProbeFailure::ReadOnly);
        }
        if !self.writes().failing.load(SeqCst) {
            return Ok(());
        }
        let written = match is_postgres {
            true => self.write_temporary_table().await,
            false => rewrite_user_version(self.writing()).await,
        };
        match written {
            // Any other error does not mean that the disk refuses; the account may lack the privilege for the
            // probe.
            Err(error) if is_unwritable(&error) || is_unavailable(&error) => Err(error.into()),
            _ => {
                self.writes().succeeded();
                Ok(())
            }
        }
    }

    /// On PostgreSQL: fills a temporary table that is dropped with its transaction; temporary tables share
    /// the disk of the database.
    async fn write_temporary_table(&self) -> Result<(), DbErr> {
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

/// Why the database takes no writes.
enum ProbeFailure {
    Failed(DbErr),
    ReadOnly,
}

impl From<DbErr> for ProbeFailure {
    fn from(error: DbErr) -> Self {
        Self::Failed(error)
    }
}

async fn is_read_only(writing: &DatabaseConnection) -> Result<bool, DbErr> {
    const QUERY: &str = "SELECT current_setting('transaction_read_only') = 'on'";
    let row = retry_on_broken_connection(|| {
        writing.query_one_raw(Statement::from_string(DatabaseBackend::Postgres, QUERY))
    });
    let read_only = row.await?.map(|row| row.try_get_by_index::<bool>(0)).transpose()?;
    Ok(read_only == Some(true))
}

/// On SQLite: writes the unchanged `user_version`.
async fn rewrite_user_version(writing: &DatabaseConnection) -> Result<(), DbErr> {
    let select = Statement::from_string(DatabaseBackend::Sqlite, "PRAGMA user_version");
    let version =
        writing.query_one_raw(select).await?.map(|row| row.try_get_by_index::<i64>(0)).transpose()?;
    writing.execute_unprepared(&format!("PRAGMA user_version = {}", version.unwrap_or(0))).await.map(drop)
}

/// Writes an unnamed file, which is deleted when it is closed.
fn probe_folder(folder: &Path) -> std::io::Result<()> {
    tempfile::tempfile_in(folder)?.write_all(&[0; PROBE_SIZE])
}
