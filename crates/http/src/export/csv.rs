//! CSV (RFC 4180): the columns that an import reads.

use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::tabular::{Column, CsvDialect, FieldSerializer, Kind, Layout};
use vku_persistence::kernel::table::{Parent, Table};

use super::row_stream::Row;
use super::text::Encoder;

/// The columns of a table: one for each member, and for each of the languages beside the usual ones; a part begins with
/// what it belongs to. What nobody writes has a column only where it was chosen.
pub(crate) fn columns<T: Table>(languages: &[String], view: &Projection) -> Vec<Column> {
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

/// Encodes rows as lines of cells.
pub(super) struct CsvEncoder {
    picker: FieldSerializer,
    dialect: CsvDialect,
}

impl CsvEncoder {
    /// In a dialect, with columns for these languages beside the usual ones.
    pub(super) fn new<T: Table>(languages: &[String], view: &Projection, dialect: CsvDialect) -> Self {
        Self { picker: FieldSerializer::new(columns::<T>(languages, view)), dialect }
    }

    /// A line (RFC 4180): a cell stands in quotes where it would be taken for more or less than one.
    fn line(&self, cells: impl Iterator<Item = String>, out: &mut Vec<u8>) {
        let separator = self.dialect.separator();
        let alone = self.picker.columns().len() == 1;
        for (index, cell) in cells.enumerate() {
            if index > 0 {
                out.push(separator);
            }
            let divides = |byte: u8| byte == separator || matches!(byte, b'"' | b'\r' | b'\n');
            // An empty line would be no row.
            if cell.bytes().any(divides) || (alone && cell.is_empty()) {
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
