//! NDJSON: one JSON text per line.

use vku_domain::kernel::error::Error;
use vku_persistence::any_table::ExportRow;

use super::encoder::Encoder;

/// Encodes each row as `GET` on the resource returns it.
pub(super) struct NdjsonEncoder;

impl Encoder for NdjsonEncoder {
    fn row(&mut self, row: &ExportRow, out: &mut Vec<u8>) -> Result<(), Error> {
        row.item.write_json(out)?;
        out.push(b'\n');
        Ok(())
    }
}
