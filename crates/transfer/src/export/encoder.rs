//! What all text formats have in common.

use vku_domain::kernel::error::Error;
use vku_persistence::any_table::ExportRow;

/// Encodes rows in a format.
pub(super) trait Encoder {
    /// Writes what comes before all rows.
    fn header(&mut self, _out: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    /// Writes a row.
    fn row(&mut self, row: &ExportRow, out: &mut Vec<u8>) -> Result<(), Error>;

    /// Writes what comes after all rows.
    fn footer(&mut self, _out: &mut Vec<u8>) {}
}
