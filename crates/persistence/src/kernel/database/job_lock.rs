//! Shows whether the process that does a job is still alive: a lock that ends with the process, however it
//! ends.
//!
//! On PostgreSQL it is an advisory lock of a separate transaction, on SQLite the lock of a file beside the
//! database.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, TransactionOptions};
use uuid::Uuid;
use vku_domain::kernel::error::Error;

use super::Database;
use super::error::failed;
use super::retry::begin;
use super::sqlite_file::sibling;

/// Held while a job runs, by the process that runs it.
pub(crate) struct JobLock(
    #[allow(dead_code, reason = "held until it is dropped, which releases the lock")] Lock,
);

enum Lock {
    Transaction(#[allow(dead_code, reason = "the transaction holds the lock")] DatabaseTransaction),
    File(PathBuf, #[allow(dead_code, reason = "the open file holds the lock")] File),
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Self::File(path, _) = self {
            // A lock file that remains does no harm, and is removed by the next check.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl JobLock {
    /// Acquires the lock: from now on, other processes see that the job is running.
    ///
    /// Errors: the database is unavailable, or its folder is not writable.
    pub(crate) async fn acquire(database: &Database, of: Uuid) -> Result<Self, Error> {
        if let Some(path) = database.file() {
            let path = lock_file(path, of);
            let file = File::options().read(true).write(true).create_new(true).open(&path);
            let file = file.and_then(|file| file.lock().map(|()| file)).map_err(Error::file)?;
            return Ok(Self(Lock::File(path, file)));
        }
        let lock = begin(database.locking(), TransactionOptions::default()).await.map_err(failed)?;
        let statement = lock_statement(database, "SELECT pg_advisory_xact_lock($1)", of);
        lock.execute_raw(statement).await.map_err(failed)?;
        Ok(Self(Lock::Transaction(lock)))
    }

    /// Whether a process still holds the lock.
    ///
    /// Errors: the database is unavailable.
    pub(crate) async fn is_held(database: &Database, of: Uuid) -> Result<bool, Error> {
        if let Some(path) = database.file() {
            let path = lock_file(path, of);
            let Ok(file) = File::open(&path) else { return Ok(false) };
            let held = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            if !held {
                let _ = std::fs::remove_file(path);
            }
            return Ok(held);
        }
        let tx = begin(database.reading(), TransactionOptions::default()).await.map_err(failed)?;
        let statement = lock_statement(database, "SELECT pg_try_advisory_xact_lock_shared($1) AS free", of);
        let row = tx.query_one_raw(statement).await.map_err(failed)?;
        let free: Option<bool> = row.map(|row| row.try_get("", "free")).transpose().map_err(failed)?;
        tx.rollback().await.map_err(failed)?;
        Ok(free == Some(false))
    }
}

fn lock_file(database: &Path, of: Uuid) -> PathBuf {
    sibling(database, &format!(".import-{of}.lock"))
}

fn lock_statement(database: &Database, sql: &'static str, of: Uuid) -> Statement {
    // The second half of a UUIDv7 is random.
    let (_, key) = of.as_u64_pair();
    Statement::from_sql_and_values(database.backend(), sql, [key.cast_signed().into()])
}
