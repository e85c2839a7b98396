//! Excel workbooks: one sheet is read, cell by cell, as it is displayed.

mod cells;
mod rows;
mod workbook;
mod xml;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use vku_domain::bilingual;
use vku_domain::import::Source;
use vku_domain::kernel::bilingual::Bilingual;
use vku_persistence::any_table::AnyTable;
use zip::ZipArchive;

use self::cells::Cells;
use self::rows::Rows;
use self::workbook::{SheetEntry, Workbook};
use super::row::{ParsedRow, RowSink, Stop};

/// The maximum size of an unpacked workbook, in bytes: all its texts are in memory at once.
const MAX_UNPACKED_BYTES: u64 = 256 << 20;

/// The maximum number of sheets that an error lists.
const NAMED: usize = 20;

/// A part of the workbook is missing or malformed.
struct Malformed;

/// Reads all rows of the sheet with this name, or of the only visible one with cells.
pub(super) fn read(
    table: &'static AnyTable,
    file: File,
    name: Option<&str>,
    sink: &mut RowSink,
) -> io::Result<Result<(), Stop>> {
    let Some(archive) = open_within_limits(file)? else {
        return Ok(sink.broken(1, "malformed_file", no_workbook()));
    };
    let Ok(mut workbook) = Workbook::open(archive) else {
        return Ok(sink.broken(1, "malformed_file", no_workbook()));
    };
    Ok(match choose(&mut workbook, name) {
        Ok(Ok(sheet)) => each(table, &mut workbook, &sheet, sink),
        Ok(Err((code, detail))) => sink.broken(1, code, detail),
        Err(Malformed) => sink.broken(1, "malformed_file", no_workbook()),
    })
}

fn no_workbook() -> Bilingual {
    bilingual!(
        "The file is not an Excel workbook (`.xlsx`), is damaged or protected by a password, or unpacks to \
         more than 256 MiB. Open the file in Excel and save it as `.xlsx` without a password.",
        "Die Datei ist keine Excel-Arbeitsmappe (`.xlsx`), ist beschädigt oder mit einem Kennwort geschützt, oder wird \
         entpackt größer als 256 MiB. Öffnen Sie sie in Excel und speichern Sie sie als `.xlsx` ohne Kennwort."
    )
}

/// Opens the archive; `None` if it cannot be unpacked within the limit. The sizes that its parts declare are not
/// trusted.
fn open_within_limits(file: File) -> io::Result<Option<ZipArchive<BufReader<File>>>> {
    let Ok(mut archive) = ZipArchive::new(BufReader::new(file)) else { return Ok(None) };
    let mut room = MAX_UNPACKED_BYTES;
    for index in 0..archive.len() {
        let Ok(part) = archive.by_index(index) else { return Ok(None) };
        let Ok(unpacked) = io::copy(&mut part.take(room + 1), &mut io::sink()) else { return Ok(None) };
        match room.checked_sub(unpacked) {
            Some(rest) => room = rest,
            None => return Ok(None),
        }
    }
    Ok(Some(archive))
}

type SheetError = (&'static str, Bilingual);

/// Chooses the sheet to read.
fn choose<R: Read + Seek>(
    workbook: &mut Workbook<R>,
    name: Option<&str>,
) -> Result<Result<SheetEntry, SheetError>, Malformed> {
    let sheets: Vec<_> = workbook.sheets.iter().filter(|sheet| sheet.is_worksheet).cloned().collect();
    if let Some(name) = name {
        let exact = sheets.iter().find(|sheet| sheet.name == name);
        let folded =
            || sheets.iter().find(|sheet| sheet.name.trim().to_lowercase() == name.trim().to_lowercase());
        return Ok(exact.or_else(folded).cloned().ok_or_else(|| {
            let name: String = name.chars().take(50).collect();
            let names = named(sheets.iter().filter(|sheet| sheet.is_visible));
            (
                "unknown_sheet",
                bilingual!(
                    "There is no sheet `{name}`; the workbook has {names}.",
                    "Es gibt kein Blatt `{name}`; die Arbeitsmappe hat {names}."
                ),
            )
        }));
    }
    let mut filled = Vec::new();
    for sheet in sheets.into_iter().filter(|sheet| sheet.is_visible) {
        if Cells::new(workbook.cells(&sheet)?).next()?.is_some() {
            filled.push(sheet);
        }
    }
    let names = named(filled.iter());
    Ok(match filled.pop() {
        Some(only) if filled.is_empty() => Ok(only),
        Some(_) => Err((
            "ambiguous_sheet",
            bilingual!(
                "More than one sheet contains data: {names}. Select one with `sheet`, or hide or remove the \
                 others.",
                "Mehr als ein Blatt hat Zellen: {names}. Nennen Sie mit `sheet` das zu lesende, oder blenden Sie die anderen aus \
                 oder entfernen Sie sie."
            ),
        )),
        None => Err((
            "no_rows",
            bilingual!(
                "The workbook has no visible sheet that contains data.",
                "Kein sichtbares Blatt der Arbeitsmappe hat Zellen."
            ),
        )),
    })
}

fn named<'a>(sheets: impl Iterator<Item = &'a SheetEntry>) -> String {
    let names: Vec<_> = sheets.take(NAMED).map(|sheet| format!("`{}`", sheet.name)).collect();
    names.join(", ")
}

fn each<R: Read + Seek>(
    table: &'static AnyTable,
    workbook: &mut Workbook<R>,
    sheet: &SheetEntry,
    sink: &mut RowSink,
) -> Result<(), Stop> {
    sink.put(ParsedRow::Source(Source { sheet: Some(sheet.name.clone()), ..Source::default() }))?;
    // Merged cells are listed after all others, so they are read first.
    let Ok((total, merged)) = scan_sheet(workbook, sheet) else {
        return sink.broken(1, "malformed_file", no_workbook());
    };
    if total > 1 {
        sink.put(ParsedRow::Total(total - 1))?;
    }
    let Ok(cells) = workbook.cells(sheet) else { return sink.broken(1, "malformed_file", no_workbook()) };
    let mut cells = Cells::new(cells);
    let mut rows = Rows::new(merged);
    loop {
        match cells.next() {
            Ok(Some(cell)) => {
                if cell.row != rows.number {
                    rows.finish(table, sink)?;
                    rows.number = cell.row;
                }
                rows.take(cell);
            }
            Ok(None) => return rows.finish(table, sink),
            Err(Malformed) => return sink.broken(rows.number + 1, "malformed_file", no_workbook()),
        }
    }
}

/// Returns the number of rows with cells, and the merged cells.
fn scan_sheet<R: Read + Seek>(
    workbook: &mut Workbook<R>,
    sheet: &SheetEntry,
) -> Result<(u64, Vec<cells::Area>), Malformed> {
    let mut cells = Cells::new(workbook.cells(sheet)?);
    let (mut total, mut last) = (0, 0);
    while let Some(cell) = cells.next()? {
        total += u64::from(cell.row != last);
        last = cell.row;
    }
    Ok((total, cells.merged))
}
