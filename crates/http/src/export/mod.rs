//! Exports are the list: the whole filtered set, of one instant, encoded as it goes, in constant memory.

mod csv;
mod download;
mod geojson;
mod iati;
pub(crate) mod icalendar;
mod ndjson;
mod row_stream;
mod spool;
mod text;
mod xlsx;

pub(crate) use self::csv::columns;
pub(crate) use self::download::stream;
pub use self::iati::ReportingOrg;
pub use self::xlsx::XlsxLimits;

use actix_web::web::Bytes;
use chrono::NaiveDate;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::tabular::CsvDialect;
use vku_persistence::collection;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;

use crate::kernel::negotiation::Format;

/// A list to be written in a format.
pub struct Export<T: Table> {
    /// Whose data.
    pub store: Store,
    /// Who asks.
    pub actor: Actor,
    /// Which rows, in which order.
    pub query: Query<T>,
    /// What the parts belong to; those of all parents where it is left out.
    pub parent: Option<Key>,
    /// The format; `json` has pages, so it is written as lines.
    pub format: Format,
    /// How CSV is written.
    pub dialect: CsvDialect,
    /// How sheets are made.
    pub sheets: XlsxLimits,
    /// Who reports to IATI.
    pub reporter: ReportingOrg,
}

/// Whether whoever reads wants more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Go on.
    On,
    /// It has gone, or has seen enough.
    Ended,
}

impl<T: Table> Export<T> {
    /// Writes the list, a piece at a time; the first one comes when nothing is left to be refused.
    ///
    /// Errors: as for the list; 400 for a sheet with more rows than configured, 503 where others export too long.
    pub async fn write(self, emit: impl AsyncFnMut(Bytes) -> Reading) -> Result<(), Error> {
        match self.format {
            Format::Xlsx => xlsx::write(self, emit).await,
            Format::Iati => iati::write(self, emit).await,
            Format::Csv | Format::Geojson | Format::Ics | Format::Ndjson | Format::Json => {
                text::write(self, emit).await
            }
        }
    }

    /// Finds out what would be refused, and writes nothing.
    ///
    /// Errors: as for [`Self::write`].
    pub async fn check(self) -> Result<(), Error> {
        if self.format == Format::Xlsx {
            let reader = self.store.export(&self.actor).await?;
            return xlsx::within_cap(&self, &reader).await;
        }
        self.write(async |_| Reading::Ended).await
    }
}

/// What the file of a list is called: the collection and the day, and nothing of what was asked for.
pub fn file_name<T: Table>(format: Format, day: NaiveDate) -> String {
    format!("{}-{day}.{}", collection::<T>(), format.ending())
}
