//! What all text formats have in common.

use vku_domain::kernel::error::Error;
use vku_persistence::kernel::table::Table;

use super::row_stream::Row;

/// Encodes rows in a format.
pub(super) trait Encoder<T: Table> {
    /// Writes what comes before all rows.
    fn head(&mut self, _out: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    /// Writes a row.
    fn row(&mut self, row: &Row<T>, out: &mut Vec<u8>) -> Result<(), Error>;

    /// Writes what comes after all rows.
    fn tail(&mut self, _out: &mut Vec<u8>) {}
}
