//! The migrations of the schema.

use sea_orm::{ConnectionTrait, TransactionOptions};
use vku_domain::kernel::error::Error;

use super::Database;
use super::error::{failed, is_unavailable};
use super::retry::{begin, retry_on_broken_connection};
use super::sqlite_file::FileLock;

/// The advisory lock for PostgreSQL migrations: several instances may start at the same time.
const MIGRATION_LOCK: i64 = 0x0076_6b75_5f6d_6967;

/// Analyzes tables with few rows, too: by default, PostgreSQL waits for fifty changes. Without statistics it takes a table
/// for one with a single row, so that a join of a few small tables may take seconds.
const ANALYZE_SMALL_TABLES: &str = "DO $$ DECLARE name regclass; BEGIN \
    FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace LOOP \
    EXECUTE format('ALTER TABLE %s SET (autovacuum_analyze_threshold = 5)', name); END LOOP; END $$";

impl Database {
    /// Brings the schema up to date, under a lock, so that several instances may start at the same time.
    ///
    /// Errors: the database is unavailable, or a migration failed (it is rolled back).
    pub(in crate::kernel) async fn migrate_schema(&self) -> Result<(), Error> {
        match (self.pending().await?, &self.file) {
            (0, _) => Ok(()),
            (_, None) => self.migrate_postgres().await,
            (_, Some(file)) => {
                let start_lock = FileLock::acquire(&file.0).await.map_err(Error::file)?;
                let migrated = vku_migration::up(&self.writing).await.map_err(failed);
                drop(start_lock);
                migrated
            }
        }
    }

    async fn migrate_postgres(&self) -> Result<(), Error> {
        let lock = begin(&self.writing, TransactionOptions::default()).await.map_err(failed)?;
        // The second instance waits as long as the first one needs.
        let statement =
            format!("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
        lock.execute_unprepared(&statement).await.map_err(failed)?;
        let migrated = match vku_migration::up(&self.writing).await {
            Ok(()) => self.writing.execute_unprepared(ANALYZE_SMALL_TABLES).await.map(drop),
            failed => failed,
        };
        // A migration may have changed rows.
        if let Some(notifier) = &self.notifier {
            notifier.notify_of_all().await;
        }
        lock.rollback().await.map_err(failed)?;
        migrated.map_err(failed)
    }

    /// Returns the number of pending migrations.
    ///
    /// Errors: the database is unavailable.
    pub async fn pending(&self) -> Result<usize, Error> {
        match retry_on_broken_connection(|| vku_migration::pending(&self.reading)).await {
            Ok(pending) => Ok(pending.len()),
            Err(error) if is_unavailable(&error) => Err(failed(error)),
            // A newer version has migrated the database.
            Err(_) => Ok(vku_migration::MIGRATIONS.len()),
        }
    }
}
