//! The statistics from which the query planner estimates its costs.

use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr};

use super::Database;
use super::cache_generation::WriteLock;
use super::retry::{begin, immediate};

impl Database {
    /// Updates the planner statistics. PostgreSQL would do so itself a minute later; until then its plans
    /// assume tables that were never analyzed, and index-only scans fetch the rows as well, because the
    /// visibility map is not set. Empty tables are skipped: a plan for an empty table would be kept while the
    /// table fills up.
    pub(crate) async fn analyze(&self) {
        if let Err(error) = self.update_statistics().await {
            tracing::warn!(%error, "the database statistics could not be updated");
        }
    }

    /// The same after an empty database was filled, but not on SQLite, which would keep plans for few rows while the
    /// tables grow.
    pub async fn analyze_first_rows(&self) {
        if self.backend != DatabaseBackend::Sqlite {
            self.analyze().await;
        }
    }

    async fn update_statistics(&self) -> Result<(), DbErr> {
        if self.backend == DatabaseBackend::Sqlite {
            // All rows are read: with a limit, SQLite takes the values that most rows have for rare ones, finds these rows
            // by them, and sorts them for each page. 50,000 partnerships take half a second.
            let tx = begin(&self.writing, immediate()).await?;
            let mut lock = self.generation.locked(&tx).await?;
            tx.execute_unprepared("ANALYZE").await?;
            lock.iter_mut().for_each(WriteLock::begin_commit);
            return tx.commit().await;
        }
        let filled = "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' \
                      AND relnamespace = current_schema()::regnamespace AND pg_relation_size(oid) > 0";
        for row in self.writing.query_all_raw(self.statement(filled)).await? {
            let table: String = row.try_get("", "name")?;
            // Skip tables that are already being vacuumed, and do not block writers.
            let statement = format!("VACUUM (ANALYZE, SKIP_LOCKED, TRUNCATE false) {table}");
            self.writing.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}
