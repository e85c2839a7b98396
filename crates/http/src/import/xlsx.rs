//! Excel workbooks: the first sheet, cell by cell.

use std::fs::File;
use std::io::{self, BufReader, Read};

use calamine::{DataRef, ExcelDateTime, Reader, Xlsx};
use vku_domain::import::{RowFault, Source};
use vku_domain::kernel::cells::CsvDialect;
use vku_domain::kernel::text::Both;
use vku_domain::say;
use vku_persistence::kernel::table::Table;
use zip::ZipArchive;

use super::read::{Enough, Item, Sink, fault};
use super::table::Sheet;

/// How much a workbook may be when it is unpacked, in bytes: its texts are in memory at once.
const UNPACKED: u64 = 256 << 20;

/// How many columns a sheet may have.
const COLUMNS: usize = 1_000;

/// Reads all rows.
pub(super) fn read<T: Table>(file: File, _sheet: Option<&str>, sink: &mut Sink) -> io::Result<Result<(), Enough>> {
    if !is_bearable(&file)? {
        return Ok(sink.broken(1, "malformed_file", no_workbook()));
    }
    let workbook = Xlsx::new(BufReader::new(file));
    let Ok(mut workbook) = workbook else { return Ok(sink.broken(1, "malformed_file", no_workbook())) };
    Ok(sheet::<T, _>(&mut workbook, sink))
}

fn no_workbook() -> Both {
    say!(
        "The file is no Excel workbook (`.xlsx`), or unpacks to more than 256 MiB.",
        "Die Datei ist keine Excel-Arbeitsmappe (`.xlsx`) oder wird entpackt größer als 256 MiB."
    )
}

/// Whether it is an archive that can be unpacked: what its parts say of their sizes is not believed.
fn is_bearable(file: &File) -> io::Result<bool> {
    let Ok(mut archive) = ZipArchive::new(BufReader::new(file.try_clone()?)) else { return Ok(false) };
    let mut room = UNPACKED;
    for index in 0..archive.len() {
        let Ok(part) = archive.by_index(index) else { return Ok(false) };
        let Ok(unpacked) = io::copy(&mut part.take(room + 1), &mut io::sink()) else { return Ok(false) };
        match room.checked_sub(unpacked) {
            Some(rest) => room = rest,
            None => return Ok(false),
        }
    }
    Ok(true)
}

fn sheet<T: Table, R: io::Read + io::Seek>(workbook: &mut Xlsx<R>, sink: &mut Sink) -> Result<(), Enough> {
    let Some(name) = workbook.sheet_names().into_iter().next() else {
        return sink.broken(1, "malformed_file", no_workbook());
    };
    let Ok(mut cells) = workbook.worksheet_cells_reader(&name) else {
        return sink.broken(1, "malformed_file", no_workbook());
    };
    let dimensions = cells.dimensions();
    let mut rows = Rows { sheet: None, number: 0, cells: Vec::new(), faults: Vec::new() };
    if let Some(total) = dimensions.end.0.checked_sub(dimensions.start.0).filter(|total| *total > 0) {
        sink.put(Item::Total(total.into()))?;
    }
    loop {
        match cells.next_cell() {
            Ok(Some(cell)) => {
                let (row, column) = cell.get_position();
                let (number, column) = (u64::from(row) + 1, usize::try_from(column).unwrap_or(usize::MAX));
                if number != rows.number {
                    rows.finish::<T>(sink)?;
                    rows.number = number;
                }
                rows.take(column, cell.get_value());
            }
            Ok(None) => return rows.finish::<T>(sink),
            Err(_) => return sink.broken(rows.number + 1, "malformed_file", no_workbook()),
        }
    }
}

/// The row that is being read; cells that are empty are passed over in the file.
struct Rows {
    sheet: Option<(Sheet, usize)>,
    number: u64,
    cells: Vec<String>,
    faults: Vec<(usize, Both)>,
}

impl Rows {
    fn take(&mut self, column: usize, value: &DataRef<'_>) {
        let text = match text(value) {
            Ok(text) if text.is_empty() => return,
            Ok(text) => text,
            Err(detail) => {
                self.faults.push((column, detail));
                return;
            }
        };
        if column >= COLUMNS {
            let detail =
                say!("A row has at most {COLUMNS} cells.", "Eine Zeile hat höchstens {COLUMNS} Zellen.");
            self.faults.push((column, detail));
            return;
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = text;
        }
    }

    fn finish<T: Table>(&mut self, sink: &mut Sink) -> Result<(), Enough> {
        let (mut cells, faults) = (std::mem::take(&mut self.cells), std::mem::take(&mut self.faults));
        if cells.is_empty() && faults.is_empty() {
            return Ok(());
        }
        let Some((sheet, width)) = &self.sheet else {
            let header_row = Some(self.number);
            sink.put(Item::Source(Source { header_row, ..Source::default() }))?;
            let sheet = match Sheet::open::<T>(self.number, &cells, CsvDialect::Rfc4180) {
                Ok(sheet) => sheet,
                Err(faults) => {
                    sink.put(Item::Broken(faults))?;
                    return Err(Enough);
                }
            };
            sink.put(Item::Head(sheet.head()))?;
            self.sheet = Some((sheet, cells.len()));
            return Ok(());
        };
        let head = sheet.head();
        let wrong = |(column, detail): (usize, Both)| {
            let header = head.get(column).map(|target| target.header.clone());
            RowFault { column: header, ..fault(self.number, "invalid_format", detail) }
        };
        if !faults.is_empty() {
            return sink.put(Item::Faulty(self.number, faults.into_iter().map(wrong).collect()));
        }
        let found = cells.len();
        if found > *width {
            let detail = say!(
                "The row has {found} cells, the header has {width}.",
                "Die Zeile hat {found} Zellen, die Kopfzeile {width}."
            );
            return sink.put(Item::Faulty(self.number, vec![fault(self.number, "malformed_row", detail)]));
        }
        cells.resize(*width, String::new());
        sink.put(sheet.row(self.number, cells.iter().map(String::as_str)))
    }
}

/// The cell as somebody would type it.
fn text(value: &DataRef<'_>) -> Result<String, Both> {
    Ok(match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::DateTime(at) => day(at),
        DataRef::Error(_) => {
            return Err(say!("The cell is an error of the sheet.", "Die Zelle ist ein Fehler der Tabelle."));
        }
    })
}

fn day(at: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    match (hour, minute, second) {
        (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"),
    }
}
