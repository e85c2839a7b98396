//! The schema, and what is searched: brought up to date before a store is opened.

use vku_domain::kernel::error::Error;

use super::database::Database;
use super::search;

impl Database {
    /// Brings the schema up to date, and what is searched, where that is missing or of another version.
    ///
    /// Errors: the database is away, or a step failed (it is rolled back).
    pub async fn migrate(&self) -> Result<(), Error> {
        self.migrate_schema().await?;
        search::build(self).await
    }
}
