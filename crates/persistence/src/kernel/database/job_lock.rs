//! Whether the process that does something is still there: a lock that ends with it, however it ends.
//!
//! On PostgreSQL it is an advisory lock of a transaction of its own, on SQLite the lock of a file beside the database.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, TransactionOptions};
use uuid::Uuid;
use vku_domain::kernel::error::Error;

use super::error::failed;
use super::sqlite_file::beside;
use super::{Database, begin};

/// Held while something is done, by whoever does it.
pub(crate) struct JobLock(#[allow(dead_code, reason = "it is held, and ends when it is dropped")] Lock);

enum Lock {
    Transaction(#[allow(dead_code, reason = "the lock is its own")] DatabaseTransaction),
    File(PathBuf, #[allow(dead_code, reason = "what is locked is the open file")] File),
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Self::File(path, _) = self {
            // One that stays is in nobody's way, and is removed when somebody looks.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl JobLock {
    /// Begins: from now on others see that it is being done.
    ///
    /// Errors: the database is away, or its folder is not to be written.
    pub(crate) async fn acquire(database: &Database, of: Uuid) -> Result<Self, Error> {
        if let Some(path) = database.file() {
            let path = lock_file(path, of);
            let file = File::options().read(true).write(true).create_new(true).open(&path);
            let file = file.and_then(|file| file.lock().map(|()| file)).map_err(Error::file)?;
            return Ok(Self(Lock::File(path, file)));
        }
        let lock = begin(database.locking(), TransactionOptions::default()).await.map_err(failed)?;
        let statement = ask(database, "SELECT pg_advisory_xact_lock($1)", of);
        lock.execute_raw(statement).await.map_err(failed)?;
        Ok(Self(Lock::Transaction(lock)))
    }

    /// Whether somebody still does it.
    ///
    /// Errors: the database is away.
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
        let look = begin(database.reading(), TransactionOptions::default()).await.map_err(failed)?;
        let statement = ask(database, "SELECT pg_try_advisory_xact_lock_shared($1) AS free", of);
        let row = look.query_one_raw(statement).await.map_err(failed)?;
        let free: Option<bool> = row.map(|row| row.try_get("", "free")).transpose().map_err(failed)?;
        look.rollback().await.map_err(failed)?;
        Ok(free == Some(false))
    }
}

fn lock_file(database: &Path, of: Uuid) -> PathBuf {
    beside(database, &format!(".import-{of}.lock"))
}

fn ask(database: &Database, sql: &'static str, of: Uuid) -> Statement {
    // The second half is random.
    let (_, key) = of.as_u64_pair();
    Statement::from_sql_and_values(database.backend(), sql, [key.cast_signed().into()])
}
