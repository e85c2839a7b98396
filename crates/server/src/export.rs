//! `export`: writes a whole collection to standard output.

use std::io::{ErrorKind, Write};
use std::ops::ControlFlow;

use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::tabular::{ColumnSet, CsvDialect};
use vku_transfer::export::{Export, XlsxLimits};
use vku_transfer::format::Format;

use crate::command_line::{ExportDialect, ExportFormat};
use crate::config::Config;
use crate::import::known;
use crate::{CliError, bootstrap};

/// Runs `export <resource> --format …`.
pub(crate) async fn command(
    config: &Config,
    collection: String,
    format: ExportFormat,
    dialect: Option<ExportDialect>,
) -> Result<(), CliError> {
    let table = known(&collection)?;
    let format = match format {
        ExportFormat::Csv => Format::Csv,
        ExportFormat::Ndjson => Format::Ndjson,
        ExportFormat::Xlsx => Format::Xlsx,
        ExportFormat::Parquet => Format::Parquet,
        ExportFormat::Geojson => Format::Geojson,
        ExportFormat::Iati => Format::Iati,
        ExportFormat::Ics => Format::Ics,
    };
    if dialect.is_some() && format != Format::Csv {
        return Err(CliError::new("`--csv-dialect` is only for `--format csv`"));
    }
    let dialect = match dialect {
        Some(ExportDialect::ExcelDe) => CsvDialect::ExcelDe,
        Some(ExportDialect::Rfc4180) | None => CsvDialect::Rfc4180,
    };
    let (store, _) = bootstrap::store(config).await?;
    let (sheets, reporter) = (XlsxLimits::limited_to(config.xlsx_rows), config.iati_reporting_org.clone());
    let reporter = reporter.unwrap_or_default();
    if !Format::of(table).contains(&format) {
        let (path, format) = (table.info().path, format.as_str());
        let why = match format {
            "iati" => "they are not partnerships",
            "ics" => "they have no dates",
            _ => "they have no locations",
        };
        return Err(CliError::new(format!("{path} cannot be exported as {format}: {why}")));
    }
    let (actor, query) = (Actor::operator(store.now()), table.all());
    let columns = ColumnSet::Import;
    let export =
        Export { store, actor, table, query, parent: None, format, columns, dialect, sheets, reporter };
    let mut output = std::io::stdout().lock();
    let mut broken = None;
    let written = export.write(async |piece| match output.write_all(&piece) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            broken = Some(error);
            ControlFlow::Break(())
        }
    });
    written.await?;
    match broken {
        // The reader has closed the pipe.
        Some(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Some(error) => Err(error.into()),
        None => Ok(output.flush()?),
    }
}
