//! `import`: imports a file with the columns or fields of an export, by the same code as `POST /api/v1/imports`.

use std::fmt;
use std::fs::File;
use std::io::{IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use vku_domain::import::{Counts, EncodingSource, ImportMode, OnError, Order, Report, RowFault, Source};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::violation::{Violations, hint};
use vku_persistence::any_table::AnyTable;
use vku_persistence::kernel::transaction::{WriteContext, Writer};
use vku_persistence::{collections, table_of};
use vku_transfer::import::{Charset, ImportFormat, Plan, run};

use crate::config::Config;
use crate::{CliError, bootstrap, print_line};

/// The arguments of an import.
pub(crate) struct Task {
    pub(crate) collection: String,
    pub(crate) file: PathBuf,
    pub(crate) format: Option<ImportFormat>,
    pub(crate) sheet: Option<String>,
    pub(crate) charset: Option<Charset>,
    pub(crate) mode: ImportMode,
    pub(crate) on_error: OnError,
    pub(crate) dry_run: bool,
}

/// An error as it is printed: the place and the text.
struct FaultLine<'a>(&'a str, &'a RowFault);

impl fmt::Display for FaultLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(file, RowFault { row, column, pointer, code, detail }) = self;
        match column.as_ref().or(pointer.as_ref()) {
            Some(place) if column.is_some() => write!(f, "{file}:{row}: column `{place}`: {detail} [{code}]"),
            Some(place) => write!(f, "{file}:{row}: {place}: {detail} [{code}]"),
            None => write!(f, "{file}:{row}: {detail} [{code}]"),
        }
    }
}

/// How the file was read, if its format has alternatives.
fn describe_source(source: &Source) -> Option<String> {
    let Source { sheet, encoding, encoding_source, delimiter, header_row } = source;
    let delimiter = delimiter.as_deref().map(|it| if it == "\t" { "a tab" } else { it });
    let parts = [
        sheet.as_ref().map(|it| format!("sheet `{it}`")),
        encoding.as_ref().map(|it| match encoding_source {
            Some(EncodingSource::Guessed) => format!("encoding {it} (guessed)"),
            _ => format!("encoding {it}"),
        }),
        delimiter.map(|it| format!("delimiter `{it}`")),
        header_row.map(|it| format!("header in row {it}")),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("Read with {}.", parts.join(", ")))
}

/// Runs `import <resource> <file>`.
pub(crate) async fn command(config: &Config, task: Task) -> Result<(), CliError> {
    let Task { collection, file, format, sheet, charset, mode, on_error, dry_run } = task;
    known(&collection)?;
    let name = file.display().to_string();
    let content =
        open_file(&file).map_err(|error| CliError::new(format!("{name} cannot be read: {error}")))?;
    let format = format.or_else(|| ImportFormat::of_name(&name)).unwrap_or(ImportFormat::Csv);
    if sheet.is_some() && format != ImportFormat::Xlsx {
        return Err(CliError::new("`--sheet` is only for `--format xlsx`"));
    }
    if charset.is_some() && format == ImportFormat::Xlsx {
        return Err(CliError::new("`--charset` is only for text files, not for `--format xlsx`"));
    }
    let (store, _) = bootstrap::store(config).await?;
    let operator = Actor::operator(store.now());
    let writing =
        WriteContext { actor: &operator, request_id: "import", dry_run, origin: InputSource::Import };
    let charset = charset.map(|charset| charset.name().to_owned());
    let order =
        Order { resource: collection.clone(), mode, on_error, format: format.to_string(), sheet, charset };
    let mut report = None;
    let written =
        store.write(&writing, async |writer| rows(writer, &order, content, &mut report).await).await;
    let Report { source, faults, faults_total, counts, .. } = report.unwrap_or_default();
    let mut output = std::io::stderr().lock();
    if let Some(description) = describe_source(&source) {
        writeln!(output, "{description}")?;
    }
    for fault in &faults {
        writeln!(output, "{}", FaultLine(&name, fault))?;
    }
    if let Some(more) = faults_total.checked_sub(faults.len() as u64).filter(|more| *more > 0) {
        writeln!(output, "… and {more} more")?;
    }
    drop(output);
    match written {
        Err(error) if error.code != Code::ValidationFailed || faults_total == 0 => Err(error.into()),
        Err(_) => {
            let plural = if faults_total == 1 { "" } else { "s" };
            Err(CliError::new(format!("{faults_total} error{plural}; nothing was written")))
        }
        Ok(()) => {
            if !dry_run {
                store.write_missing_json().await?;
            }
            let Counts { create, update, unchanged, skipped, faulty: _ } = counts;
            let left_out = if skipped > 0 { format!(", {skipped} left out") } else { String::new() };
            let rehearsal = if dry_run { " (a dry run: nothing was written)" } else { "" };
            print_line(format!(
                "{collection}: {create} created, {update} updated, {unchanged} unchanged{left_out}{rehearsal}"
            ))
        }
    }
}

/// Opens the file; standard input is copied first, because a file is read more than once.
fn open_file(file: &Path) -> std::io::Result<File> {
    if file.to_str() != Some("-") {
        return File::open(file).and_then(|file| match file.metadata()?.is_dir() {
            true => Err(std::io::ErrorKind::IsADirectory.into()),
            false => Ok(file),
        });
    }
    spooled(&mut std::io::stdin().lock())
}

/// Copies the content into a temporary file.
pub(crate) fn spooled(content: &mut impl std::io::Read) -> std::io::Result<File> {
    let mut copy = tempfile::tempfile()?;
    std::io::copy(content, &mut copy)?;
    copy.seek(SeekFrom::Start(0))?;
    Ok(copy)
}

/// Returns the resource of a collection; rejects an unknown one.
pub(crate) fn known(collection: &str) -> Result<&'static AnyTable, CliError> {
    if let Some(table) = table_of(collection) {
        return Ok(table);
    }
    let names = collections();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    Err(CliError::new(format!("there is no resource `{collection}`.{}", hint(collection, &names))))
}

/// Writes the rows of a file. Returns an error if they must not be committed, so that the write is rolled back.
pub(crate) async fn rows(
    writer: &mut Writer<'_>,
    order: &Order,
    file: File,
    reported: &mut Option<Report>,
) -> Result<(), Error> {
    let bar = progress(file.metadata().map_or(0, |file| file.len()));
    let watch = |done, total: Option<u64>| {
        total.into_iter().for_each(|total| bar.set_length(total));
        bar.set_position(done);
    };
    let done = run(writer, order, file, &watch).await;
    bar.finish_and_clear();
    let Plan { report, .. } = done?;
    let can_be_written = report.can_be_written(order.on_error);
    *reported = Some(report);
    if can_be_written { Ok(()) } else { Err(Error::invalid(Violations::default())) }
}

/// A progress bar; hidden for a small file, and if standard error is not a terminal.
fn progress(bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() || bytes < 100_000 {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} rows ({elapsed})");
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
