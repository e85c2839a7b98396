//! CSV (RFC 4180): the columns that an import reads.

use vku_domain::kernel::cells::{Column, Kind, Layout};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::view::{Shown, View};
use vku_persistence::kernel::table::{Parent, Table};

use super::Encoder;

/// Encodes rows as lines of cells.
pub struct CsvEncoder {
    columns: Vec<Column>,
}

impl CsvEncoder {
    /// With a column for each member, and for each of the languages beside the usual ones; a part begins with what
    /// it belongs to. What nobody writes has a column only where it was chosen.
    pub fn new<T: Table>(languages: &[String], view: &View) -> Self {
        let column = |name: &str, kind| Column { name: name.to_owned(), kind };
        let parent = <T::Parent as Parent>::NAME;
        let mut columns: Vec<_> = parent.iter().map(|name| column(name, Kind::Reference)).collect();
        columns.extend(Layout::of::<T>().columns(languages));
        if view.is_sparse() {
            columns.insert(0, column("id", Kind::Text));
            columns.extend(Layout::derived::<T>().columns(languages));
            columns.extend(READ_ONLY.iter().skip(1).map(|name| column(name, Kind::Text)));
            columns.retain(|column| view.shows(column.name.split('.').next().unwrap_or_default()));
        }
        Self { columns }
    }

    fn line(cells: impl Iterator<Item = String>) -> Result<Vec<u8>, Error> {
        let mut writer =
            ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(cells).map_err(Error::internal)?;
        writer.into_inner().map_err(|error| Error::internal(error.to_string()))
    }
}

impl<T: Table> Encoder<T> for CsvEncoder {
    fn head(&mut self) -> Result<Vec<u8>, Error> {
        Self::line(self.columns.iter().map(|column| column.name.clone()))
    }

    fn row(&mut self, item: &Shown<T>) -> Result<Vec<u8>, Error> {
        let item = serde_json::to_value(item).map_err(Error::internal)?;
        Self::line(self.columns.iter().map(|column| column.write(&item)))
    }
}
