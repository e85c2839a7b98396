//! NDJSON: one JSON text per line.

use vku_domain::kernel::error::Error;
use vku_persistence::kernel::table::Table;

use super::encoder::Encoder;
use super::row_stream::Row;

/// Encodes each row as `GET` on the resource returns it.
pub(super) struct NdjsonEncoder;

impl<T: Table> Encoder<T> for NdjsonEncoder {
    fn row(&mut self, row: &Row<T>, out: &mut Vec<u8>) -> Result<(), Error> {
        serde_json::to_writer(&mut *out, &row.projected).map_err(Error::internal)?;
        out.push(b'\n');
        Ok(())
    }
}
