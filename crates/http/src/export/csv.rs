//! CSV (RFC 4180): the columns that an import reads.

use vku_domain::kernel::cells::{Cell, Column, CsvDialect, Kind, Layout, Picker};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::view::{Shown, View};
use vku_persistence::kernel::table::{Parent, Table};

use super::Encoder;

/// The columns of a table: one for each member, and for each of the languages beside the usual ones; a part begins with
/// what it belongs to. What nobody writes has a column only where it was chosen.
pub(super) fn columns<T: Table>(languages: &[String], view: &View) -> Vec<Column> {
    let parent = <T::Parent as Parent>::NAME;
    let mut columns: Vec<_> = parent.iter().map(|name| Column::new(*name, Kind::Reference)).collect();
    columns.extend(Layout::of::<T>().columns(languages));
    if view.is_sparse() {
        columns.insert(0, Column::new("id", Kind::Text));
        columns.extend(Layout::derived::<T>().columns(languages));
        columns.extend(READ_ONLY.iter().skip(1).map(|name| Column::new(*name, Kind::Text)));
        columns.retain(|column| view.shows(column.name.split('.').next().unwrap_or_default()));
    }
    columns
}

/// Encodes rows as lines of cells.
pub struct CsvEncoder {
    picker: Picker,
    dialect: CsvDialect,
}

impl CsvEncoder {
    /// In a dialect, with columns for these languages beside the usual ones.
    pub fn new<T: Table>(languages: &[String], view: &View, dialect: CsvDialect) -> Self {
        Self { picker: Picker::new(columns::<T>(languages, view)), dialect }
    }

    fn line(&self, cells: impl Iterator<Item = String>) -> Result<Vec<u8>, Error> {
        let mut writer = ::csv::WriterBuilder::new()
            .delimiter(self.dialect.separator())
            .terminator(::csv::Terminator::CRLF)
            .from_writer(Vec::new());
        writer.write_record(cells).map_err(Error::internal)?;
        writer.into_inner().map_err(|error| Error::internal(error.to_string()))
    }
}

impl<T: Table> Encoder<T> for CsvEncoder {
    fn head(&mut self) -> Result<Vec<u8>, Error> {
        let mut head = self.dialect.byte_order_mark().as_bytes().to_vec();
        head.extend(self.line(self.picker.columns().iter().map(|column| column.title(self.dialect)))?);
        Ok(head)
    }

    fn row(&mut self, item: &Shown<T>) -> Result<Vec<u8>, Error> {
        let cells = self.picker.cells(item).map_err(Error::internal)?;
        self.line(cells.into_iter().map(|cell: Cell| cell.write(self.dialect)))
    }
}
