//! The query plans that PostgreSQL has cached, which do not fit tables that an import has made large.

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction};
use vku_domain::kernel::error::Error;

use crate::kernel::database::error::failed;
use crate::kernel::transaction::import_state::ImportState;

/// The number of changes after which query plans are discarded for the first time.
const PLANNED: usize = 100;

impl ImportState {
    /// Whether twice as many rows have been written as when the plans were last discarded.
    pub(super) fn has_doubled(&mut self, written: usize) -> bool {
        let has_doubled = written >= PLANNED.max(2 * self.planned);
        if has_doubled {
            self.planned = written;
        }
        has_doubled
    }
}

/// Discards PostgreSQL's cached plans. They live as long as the connection, including those of foreign-key
/// checks, and a plan that scans a small table would still be used after an import has made the table large.
pub(in crate::kernel) async fn replan(tx: &DatabaseTransaction) -> Result<(), Error> {
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        tx.execute_unprepared("DISCARD PLANS").await.map_err(failed)?;
    }
    Ok(())
}
