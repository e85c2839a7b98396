//! CSV (RFC 4180), with the columns that an import reads.

use csv::{Terminator, WriterBuilder};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::tabular::{Column, CsvDialect, FieldSerializer, Kind, Layout};
use vku_persistence::kernel::table::{Parent, Table};

use super::encoder::Encoder;
use super::row_stream::Row;

/// The size of the buffer for a record, in bytes; a longer one is written in pieces.
const BUFFER: usize = 1024;

/// The columns of a table: one for each member, and for each of the languages besides the usual ones; a resource with
/// a parent begins with the parent. Members that cannot be written have a column only if they are selected, or if
/// [`Layout::shown`] has them.
pub fn columns<T: Table>(languages: &[String], view: &Projection) -> Vec<Column> {
    let parent = <T::Parent as Parent>::NAME;
    let mut columns: Vec<_> = parent.iter().map(|name| Column::new(*name, Kind::Reference)).collect();
    columns.extend(Layout::of::<T>().columns(languages));
    if view.is_sparse() {
        columns.insert(0, Column::new("id", Kind::Text));
        columns.extend(Layout::derived::<T>().columns(languages));
        columns.extend(READ_ONLY.iter().skip(1).map(|name| Column::new(*name, Kind::Text)));
        columns.retain(|column| view.shows(column.name.split('.').next().unwrap_or_default()));
    } else {
        columns.extend(Layout::shown::<T>(languages));
    }
    columns
}

/// Appends a record (RFC 4180) in a dialect.
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
    /// Creates an encoder for a dialect, with columns for these languages besides the usual ones.
    pub(super) fn new<T: Table>(languages: &[String], view: &Projection, dialect: CsvDialect) -> Self {
        Self { picker: FieldSerializer::new(columns::<T>(languages, view)), dialect }
    }
}

impl<T: Table> Encoder<T> for CsvEncoder {
    fn head(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend_from_slice(self.dialect.byte_order_mark().as_bytes());
        write_record(self.picker.columns().iter().map(|column| column.title(self.dialect)), self.dialect, out)
    }

    fn row(&mut self, row: &Row<T>, out: &mut Vec<u8>) -> Result<(), Error> {
        let cells = self.picker.cells(&row.projected).map_err(Error::internal)?;
        write_record(cells.into_iter().map(|cell| cell.write(self.dialect)), self.dialect, out)
    }
}
