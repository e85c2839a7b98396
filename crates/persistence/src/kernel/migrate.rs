//! Brings the schema and the search index up to date, before a store is opened on the database.

use vku_domain::kernel::error::Error;

use super::database::Database;
use super::search;

impl Database {
    /// Brings the schema up to date, under a lock, so that several instances may start at the same time; then
    /// builds the search index if it is missing or outdated.
    ///
    /// Errors: the database is unavailable, or a migration failed (it is rolled back).
    pub async fn migrate(&self) -> Result<(), Error> {
        let pending = self.pending().await?;
        self.migrate_schema().await?;
        search::build(self).await?;
        if (1..vku_migration::MIGRATIONS.len()).contains(&pending) {
            // Without statistics, SQLite would not choose new indexes of tables that have some.
            self.analyze().await;
        }
        Ok(())
    }
}
