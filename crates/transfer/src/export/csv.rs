//! CSV (RFC 4180), with the columns that an import reads.

use csv::{Terminator, WriterBuilder};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::tabular::{Column, CsvDialect, FieldSerializer};
use vku_persistence::any_table::ExportRow;

use super::encoder::Encoder;

/// The size of the buffer for a record, in bytes; a longer one is written in pieces.
const BUFFER: usize = 1024;

/// Appends a record (RFC 4180) in a dialect. A writer for each record costs less than a microsecond, which is nothing
/// beside the query for the row.
///
/// Errors: none in practice; writing into memory does not fail.
pub fn write_record(
    cells: impl Iterator<Item = String>,
    dialect: CsvDialect,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let mut writer = WriterBuilder::new()
        .delimiter(dialect.separator())
        .terminator(Terminator::CRLF)
        .buffer_capacity(BUFFER)
        .from_writer(out);
    writer.write_record(cells).map_err(Error::internal)?;
    writer.flush().map_err(Error::internal)
}

/// Encodes each row as a record.
pub(super) struct CsvEncoder {
    picker: FieldSerializer,
    dialect: CsvDialect,
}

impl CsvEncoder {
    /// Creates an encoder for these columns and a dialect.
    pub(super) fn new(columns: Vec<Column>, dialect: CsvDialect) -> Self {
        Self { picker: FieldSerializer::new(columns), dialect }
    }
}

impl Encoder for CsvEncoder {
    fn header(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend_from_slice(self.dialect.byte_order_mark().as_bytes());
        write_record(self.picker.columns().iter().map(|column| column.title(self.dialect)), self.dialect, out)
    }

    fn row(&mut self, row: &ExportRow, out: &mut Vec<u8>) -> Result<(), Error> {
        let cells = row.item.cells(&self.picker)?;
        write_record(cells.into_iter().map(|cell| cell.write(self.dialect)), self.dialect, out)
    }
}
