//! NDJSON: one JSON text a line.

use vku_domain::kernel::error::Error;
use vku_domain::kernel::view::Shown;
use vku_persistence::kernel::table::Table;

use super::Encoder;

/// Encodes each row as it is read one by one.
pub struct NdjsonEncoder;

impl<T: Table> Encoder<T> for NdjsonEncoder {
    fn head(&mut self) -> Result<Vec<u8>, Error> {
        Ok(Vec::new())
    }

    fn row(&mut self, item: &Shown<T>) -> Result<Vec<u8>, Error> {
        let mut line = serde_json::to_vec(item).map_err(Error::internal)?;
        line.push(b'\n');
        Ok(line)
    }
}
