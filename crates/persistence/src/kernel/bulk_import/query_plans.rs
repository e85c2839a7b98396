//! Query plans on PostgreSQL for tables that an import makes large: cached plans do not fit them, nor do the
//! statistics from before.

use sea_orm::{ConnectionTrait, DatabaseBackend};
use vku_domain::kernel::error::Error;

use crate::kernel::database::error::failed;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Writer;
use crate::kernel::transaction::connection::Connection;
use crate::kernel::transaction::import_state::ImportState;

/// The number of changes after which query plans are discarded for the first time.
const FIRST_REPLAN: usize = 100;

/// The number of changes from which statistics are updated as well.
const ANALYZE_FROM: usize = 1_000;

/// The tables of all resources that an import fills.
const SHARED_TABLES: [&str; 4] = ["search_hit", "search_word", "search_part", "import_change"];

impl Writer<'_> {
    /// Discards cached plans, and updates the statistics of the tables that an import fills, each time
    /// that the number of changes has doubled. Without it, PostgreSQL assumes that a table is as it was at the
    /// last `ANALYZE`, and reads all slugs of a resource to find some of them.
    ///
    /// Errors: the database is unavailable.
    pub(super) async fn refresh_plans(&mut self, table: &AnyTable, written: usize) -> Result<(), Error> {
        if !self.import_state_mut().has_doubled(written) {
            return Ok(());
        }
        discard_plans(self.tx()).await?;
        if self.tx().get_database_backend() != DatabaseBackend::Postgres || written < ANALYZE_FROM {
            return Ok(());
        }
        let mut tables = vec![format!("\"{}\"", table.name())];
        tables.extend(table.child_tables().map(|name| format!("\"{name}\"")));
        tables.extend(table.resource.has_slug.then(|| "slug".to_owned()));
        tables.extend(SHARED_TABLES.map(str::to_owned));
        // A table that another import analyzes, or autovacuum does, is skipped.
        let statement = format!("ANALYZE (SKIP_LOCKED) {}", tables.join(", "));
        self.tx().execute_unprepared(&statement).await.map(drop).map_err(failed)
    }
}

impl ImportState {
    /// Whether twice as many rows have been written as when the plans were last discarded.
    pub(super) fn has_doubled(&mut self, written: usize) -> bool {
        let has_doubled = written >= FIRST_REPLAN.max(2 * self.planned);
        if has_doubled {
            self.planned = written;
        }
        has_doubled
    }
}

/// Discards PostgreSQL's cached plans. They live as long as the connection, including those of foreign-key
/// checks, and a plan that scans a small table would still be used after an import has made the table large.
pub(in crate::kernel) async fn discard_plans(tx: &Connection) -> Result<(), Error> {
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        tx.execute_unprepared("DISCARD PLANS").await.map_err(failed)?;
    }
    Ok(())
}
