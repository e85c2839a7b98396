//! Exports of lists: all matching rows from one snapshot, encoded as they are read, in constant memory.

mod csv;
mod encoder;
mod geojson;
mod iati;
pub mod icalendar;
mod ndjson;
mod parquet;
mod row_stream;
mod sink;
pub mod spool;
mod text;
mod xlsx;

pub use self::csv::write_record;
pub use self::iati::ReportingOrg;
pub use self::xlsx::XlsxLimits;

use std::ops::ControlFlow;

use bytes::Bytes;
use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::tabular::{ColumnSet, CsvDialect};
use vku_persistence::any_table::{AnyQuery, AnyTable};
use vku_persistence::kernel::store::Store;

use self::sink::Sink;
use self::text::TextFormat;
use crate::format::Format;

/// A list that is exported in a format.
pub struct Export {
    /// The store to read from.
    pub store: Store,
    /// The actor who reads.
    pub actor: Actor,
    /// The resource.
    pub table: &'static AnyTable,
    /// The filter and the order.
    pub query: AnyQuery,
    /// The parent resource; `None` for the resources of all parents.
    pub parent: Option<Key>,
    /// The format; `Json` is written as NDJSON, because `json` has pages.
    pub format: Format,
    /// The columns of CSV, XLSX and Parquet.
    pub columns: ColumnSet,
    /// The dialect of CSV.
    pub dialect: CsvDialect,
    /// The limits of XLSX exports.
    pub sheets: XlsxLimits,
    /// The organisation that reports to IATI.
    pub reporter: ReportingOrg,
}

impl Export {
    /// Writes the list piece by piece; the first piece comes when the request can no longer be rejected. `emit` breaks
    /// if the reader is gone, or has enough.
    ///
    /// Errors: those of the list; 400 for an XLSX export with more rows than configured, 503 if other exports take
    /// too long.
    pub fn write<'a>(
        self,
        emit: impl AsyncFnMut(Bytes) -> ControlFlow<()> + 'a,
    ) -> LocalBoxFuture<'a, Result<(), Error>> {
        self.write_to(Box::new(emit))
    }

    /// Compiled once for all sinks, in this crate.
    fn write_to(self, sink: Box<dyn Sink + '_>) -> LocalBoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            match self.format {
                Format::Xlsx => xlsx::write(self, sink).await,
                Format::Parquet => parquet::write(self, sink).await,
                Format::Iati => iati::write(self, sink).await,
                Format::Csv => text::write(self, TextFormat::Csv, sink).await,
                Format::Geojson => text::write(self, TextFormat::Geojson, sink).await,
                Format::Ics => text::write(self, TextFormat::Icalendar, sink).await,
                Format::Ndjson | Format::Json => ndjson::write(self, sink).await,
            }
        })
    }

    /// Checks whether the export would be rejected, without writing anything.
    ///
    /// Errors: those of [`Self::write`].
    pub async fn check(self) -> Result<(), Error> {
        if self.format == Format::Xlsx {
            let reader = self.store.export(&self.actor).await?;
            return xlsx::check_row_limit(&self, &reader).await;
        }
        self.write(async |_| ControlFlow::Break(())).await
    }
}

/// The file name: the collection and the day, and nothing of the query.
pub fn file_name(query: &AnyQuery, format: Format, day: NaiveDate) -> String {
    format!("{}-{day}.{}", query.collection(), format.end_of_day())
}
