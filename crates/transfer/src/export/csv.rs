//! CSV (RFC 4180), with the columns that an import reads.

use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::tabular::{Column, CsvDialect, FieldSerializer, Kind, Layout};
use vku_persistence::kernel::table::{Parent, Table};

use super::encoder::Encoder;
use super::row_stream::Row;

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

/// Encodes each row as a line.
pub(super) struct CsvEncoder {
    picker: FieldSerializer,
    dialect: CsvDialect,
}

impl CsvEncoder {
    /// Creates an encoder for a dialect, with columns for these languages besides the usual ones.
    pub(super) fn new<T: Table>(languages: &[String], view: &Projection, dialect: CsvDialect) -> Self {
        Self { picker: FieldSerializer::new(columns::<T>(languages, view)), dialect }
    }

    /// Writes a line (RFC 4180): a cell is quoted if it contains a separator, a quote or a line break.
    fn line(&self, cells: impl Iterator<Item = String>, out: &mut Vec<u8>) {
        let separator = self.dialect.separator();
        let is_only_column = self.picker.columns().len() == 1;
        for (index, cell) in cells.enumerate() {
            if index > 0 {
                out.push(separator);
            }
            let needs_quotes = |byte: u8| byte == separator || matches!(byte, b'"' | b'\r' | b'\n');
            // A single empty cell is quoted, too, because readers skip an empty line.
            if cell.bytes().any(needs_quotes) || (is_only_column && cell.is_empty()) {
                out.push(b'"');
                out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
                out.push(b'"');
            } else {
                out.extend_from_slice(cell.as_bytes());
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}

impl<T: Table> Encoder<T> for CsvEncoder {
    fn head(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend_from_slice(self.dialect.byte_order_mark().as_bytes());
        self.line(self.picker.columns().iter().map(|column| column.title(self.dialect)), out);
        Ok(())
    }

    fn row(&mut self, row: &Row<T>, out: &mut Vec<u8>) -> Result<(), Error> {
        let cells = self.picker.cells(&row.shown).map_err(Error::internal)?;
        self.line(cells.into_iter().map(|cell| cell.write(self.dialect)), out);
        Ok(())
    }
}
