//! The lock under which an empty database is seeded.

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, TransactionOptions};
use vku_domain::kernel::error::Error;

use super::Database;
use super::error::failed;
use super::retry::begin;
use super::sqlite_file::FileLock;

/// The advisory lock for seeding an empty database: several instances may start at the same time.
const SEEDING_LOCK: i64 = 0x0076_6b75_5f66_696c;

/// The lock for seeding an empty database; released when dropped.
#[must_use]
#[derive(Debug)]
pub struct SeedLock(
    #[allow(dead_code, reason = "held until it is dropped, which releases the lock")] SeedLockKind,
);

#[derive(Debug)]
enum SeedLockKind {
    File { _hold: FileLock },
    Transaction { _lock: DatabaseTransaction },
}

impl Database {
    /// Waits until nobody else is seeding this database, in this process or another, so that two instances
    /// that start on an empty database do not both seed it.
    ///
    /// Errors: the database is unavailable.
    pub async fn lock_for_seeding(&self) -> Result<SeedLock, Error> {
        if let Some(file) = &self.file {
            let file_lock = FileLock::acquire(&file.0).await.map_err(Error::internal)?;
            return Ok(SeedLock(SeedLockKind::File { _hold: file_lock }));
        }
        let lock = begin(&self.locking, TransactionOptions::default()).await.map_err(failed)?;
        let statement =
            format!("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({SEEDING_LOCK})");
        lock.execute_unprepared(&statement).await.map_err(failed)?;
        Ok(SeedLock(SeedLockKind::Transaction { _lock: lock }))
    }

    /// Whether nothing has been written to the database except what its schema contains.
    ///
    /// Errors: the database is unavailable.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        let written = Statement::from_sql_and_values(
            self.backend,
            "SELECT 1 FROM change WHERE request_id <> $1 LIMIT 1",
            [crate::SCHEMA.into()],
        );
        let row = self.reading.query_one_raw(written).await;
        Ok(row.map_err(failed)?.is_none())
    }
}
