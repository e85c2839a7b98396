//! XLSX: a sheet with the columns of CSV, with numbers and days as such where they are exact. It is written into a temporary file, off the async
//! threads.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::NaiveDate;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format as Style, Workbook, Worksheet, XlsxError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{JoinHandle, spawn_blocking};
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::tabular::cell::Cell;
use vku_domain::kernel::tabular::{Column, FieldSerializer, Kind, formula_error};
use vku_persistence::any_table::ExportRow;
use vku_persistence::kernel::transaction::Reader;

use super::Export;
use super::row_stream::Rows;
use super::sink::Sink;
use super::spool::out_of_disk_space;

/// The maximum number of rows of a sheet in Excel, including its header.
const SHEET_ROWS: u64 = 1_048_576;
/// The number of sheets that are written at the same time: each takes a core.
const CONCURRENT_SHEETS: usize = 1;
/// How long an export waits for a permit before the response is 503.
const MAX_WAIT: Duration = Duration::from_secs(20);
/// The value of `Retry-After` for a client that was rejected, in seconds.
const RETRY_SECONDS: u32 = 20;
/// The number of bytes that are passed on at once.
const CHUNK_SIZE: usize = 64 * 1024;

/// The limits of XLSX exports.
#[derive(Clone)]
pub struct XlsxLimits {
    max_rows: u64,
    permits: Arc<Semaphore>,
}

impl XlsxLimits {
    /// The default maximum number of rows of a sheet.
    pub const ROWS: u64 = 100_000;

    /// Limits sheets to a number of rows.
    pub fn limited_to(rows: u64) -> Self {
        Self { max_rows: rows.min(SHEET_ROWS - 1), permits: Arc::new(Semaphore::new(CONCURRENT_SHEETS)) }
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(Ok(permit)) = tokio::time::timeout(MAX_WAIT, self.permits.clone().acquire_owned()).await {
            return Ok(permit);
        }
        let detail = bilingual!(
            "Too many exports are running; please try again shortly.",
            "Andere exportieren gerade; bitte versuchen Sie es gleich noch einmal."
        );
        Err(Error { retry_after: Some(RETRY_SECONDS), ..Error::new(Code::Unavailable, detail) })
    }
}

fn refused(detail: Bilingual) -> Error {
    Error::invalid_parameter("format", "too_large", detail)
}

/// Rejects a list with more rows than a sheet may have.
pub(super) async fn check_row_limit(export: &Export, reader: &Reader<'_>) -> Result<(), Error> {
    let total = export.query.count(reader, export.parent.as_ref()).await?;
    let max_rows = export.sheets.max_rows;
    if total <= max_rows {
        return Ok(());
    }
    Err(refused(bilingual!(
        "The result has {total} rows, but an XLSX export is limited to {max_rows}: narrow the filter, or use \
         `format=csv`.",
        "Das sind {total} Zeilen, und ein Tabellenblatt hat höchstens {max_rows}: Grenzen Sie den Filter ein, oder \
         verwenden Sie `format=csv`."
    )))
}

pub(super) async fn write(export: Export, mut sink: Box<dyn Sink + '_>) -> Result<(), Error> {
    let mut file = write_file(export).await?;
    loop {
        let (read, piece) = spawn_blocking(move || next_chunk(file)).await.map_err(Error::internal)??;
        file = read;
        if piece.is_empty() || sink.push(piece).await.is_break() {
            return Ok(());
        }
    }
}

fn next_chunk(mut file: File) -> Result<(File, Bytes), Error> {
    let mut piece = Vec::with_capacity(CHUNK_SIZE);
    file.by_ref().take(CHUNK_SIZE as u64).read_to_end(&mut piece).map_err(out_of_disk_space)?;
    Ok((file, piece.into()))
}

/// Writes the whole file, and returns it at its beginning.
async fn write_file(export: Export) -> Result<File, Error> {
    let _permit = export.sheets.permit().await?;
    let reader = export.store.export(&export.actor).await?;
    check_row_limit(&export, &reader).await?;
    let languages = export.query.languages(&reader, export.parent.as_ref()).await?;
    let picker = FieldSerializer::new(export.query.columns(&languages, export.columns));
    let (send, receive) = mpsc::channel::<Vec<ExportRow>>(1);
    let (name, created_at) = (export.query.collection(), export.store.now().timestamp());
    let sheet: JoinHandle<Result<File, Error>> =
        spawn_blocking(move || Sheet::new(&name, picker, created_at)?.fill(receive));
    let mut rows = Rows::new(&reader, export.query, export.parent.as_ref());
    while let Some(batch) = rows.next().await? {
        // If the receiver is gone, the result of the sheet has the reason.
        if send.send(batch).await.is_err() {
            break;
        }
    }
    drop(send);
    sheet.await.map_err(Error::internal)?
}

/// A sheet that is being written.
struct Sheet {
    book: Workbook,
    picker: FieldSerializer,
}

impl Sheet {
    /// Creates a sheet with its header.
    fn new(name: &str, picker: FieldSerializer, created_at: i64) -> Result<Self, Error> {
        let mut book = Workbook::new();
        let created_at = ExcelDateTime::from_timestamp(created_at).map_err(failed)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&created_at));
        let sheet = book.add_worksheet_with_constant_memory().map_err(failed)?;
        let name: String = name.chars().take(31).collect();
        sheet.set_name(name).map_err(failed)?;
        sheet.set_freeze_panes(1, 0).map_err(failed)?;
        let bold = Style::new().set_bold();
        for (index, column) in (0..).zip(picker.columns()) {
            sheet.set_column_width(index, width(column)).map_err(failed)?;
            sheet.write_string_with_format(0, index, &column.name, &bold).map_err(failed)?;
        }
        Ok(Self { book, picker })
    }

    /// Writes the rows and the file.
    fn fill(mut self, mut rows: mpsc::Receiver<Vec<ExportRow>>) -> Result<File, Error> {
        let sheet = self.book.worksheet_from_index(0).map_err(failed)?;
        let (mut line, day) = (0, Style::new().set_num_format(DAY));
        while let Some(batch) = rows.blocking_recv() {
            for row in &batch {
                line += 1;
                let cells = row.item.cells(&self.picker)?;
                for (index, cell) in (0..).zip(cells) {
                    put(sheet, line, index, cell, &day).map_err(failed)?;
                }
            }
        }
        // With a filter in the header, the rows can be filtered and sorted at once.
        if let Some(last) = self.picker.columns().len().checked_sub(1).and_then(|last| last.try_into().ok()) {
            sheet.autofilter(0, 0, line, last).map_err(failed)?;
        }
        let mut file = tempfile::tempfile().map_err(out_of_disk_space)?;
        self.book.save_to_writer(file.try_clone().map_err(out_of_disk_space)?).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(out_of_disk_space)?;
        Ok(file)
    }
}

/// The width of a column, which fits its name and what most of its cells have.
fn width(column: &Column) -> f64 {
    let letters = u16::try_from(column.name.chars().count()).unwrap_or(u16::MAX);
    let usual = match column.kind {
        _ if column.name == "id" || column.name.ends_with(".id") => UUID,
        Kind::Number | Kind::Integer | Kind::Decimal | Kind::Boolean | Kind::Date | Kind::PartialDate => 10,
        Kind::Text => 20,
        _ => 30,
    };
    // The button of the filter takes the place of two letters.
    f64::from(letters.min(UUID).max(usual) + 2)
}

/// The number of characters of an id.
const UUID: u16 = 36;

/// The number format of a day.
const DAY: &str = "yyyy-mm-dd";

/// The first day that all programs display alike: Excel takes 1900 for a leap year.
const FIRST_DAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(1900, 3, 1);

/// The number of digits that Excel stores of a number; a number with more is written as text.
const DIGITS: usize = 15;

/// The maximum length of a text in a cell of Excel, in UTF-16 code units.
const MAX_CELL_LENGTH: usize = 32_767;

fn put(sheet: &mut Worksheet, row: u32, column: u16, cell: Cell, day_style: &Style) -> Result<(), XlsxError> {
    let exact = |number: &str| number.bytes().filter(u8::is_ascii_digit).count() <= DIGITS;
    match cell {
        Cell::Empty => return Ok(()),
        Cell::Boolean(yes) => sheet.write_boolean(row, column, yes)?,
        Cell::Text(text) => sheet.write_string(row, column, cell_text(text))?,
        Cell::Date(day) if Some(day) >= FIRST_DAY => {
            let date = ExcelDateTime::parse_from_str(&day.to_string())?;
            sheet.write_datetime_with_format(row, column, date, day_style)?
        }
        Cell::Date(day) => sheet.write_string(row, column, day.to_string())?,
        Cell::Number(number) => match number.parse::<f64>() {
            Ok(value) if exact(&number) => sheet.write_number(row, column, value)?,
            _ => sheet.write_string(row, column, number)?,
        },
    };
    Ok(())
}

/// Returns the text, or, if it is too long for a cell, a mark that says so: one long text must not make the export
/// fail.
fn cell_text(text: String) -> String {
    let length = text.encode_utf16().count();
    if length <= MAX_CELL_LENGTH { text } else { formula_error::too_long(length) }
}

fn failed(error: XlsxError) -> Error {
    match error {
        XlsxError::IoError(error) => out_of_disk_space(error),
        error => Error::internal(error),
    }
}
