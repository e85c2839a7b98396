//! Collects cells into rows.

use vku_domain::bilingual;
use vku_domain::import::{RowFault, Source};
use vku_domain::kernel::bilingual::{counted, typed};
use vku_domain::kernel::tabular::{CsvDialect, DisplayedNumber, Kind};
use vku_domain::kernel::violation::FieldError;
use vku_persistence::any_table::AnyTable;

use super::super::row::{ParsedRow, RowSink, Stop, fault};
use super::super::table::Sheet;
use super::cells::{Area, Cell};

/// The maximum number of columns of a sheet.
const COLUMNS: usize = 1_000;

/// Collects the cells of the current row; empty cells are not in the file.
pub(super) struct Rows {
    sheet: Option<(Sheet, usize)>,
    pub(super) number: u64,
    cells: Vec<Option<DisplayedNumber>>,
    faults: Vec<(usize, FieldError)>,
    merged: Merged,
}

impl Rows {
    pub(super) fn new(merged: Vec<Area>) -> Self {
        let merged = Merged::new(merged);
        Self { sheet: None, number: 0, cells: Vec::new(), faults: Vec::new(), merged }
    }

    pub(super) fn take(&mut self, Cell { row: _, column, value }: Cell) {
        let value = match value {
            // A cell with only blanks counts as empty.
            Ok(displayed) if typed(&displayed.text).is_empty() => return,
            Ok(displayed) => displayed,
            Err(fault) => return self.faults.push((column, fault)),
        };
        if column >= COLUMNS {
            let detail = bilingual!(
                "A row can have at most {COLUMNS} cells.",
                "Eine Zeile hat höchstens {COLUMNS} Zellen."
            );
            return self.faults.push((column, FieldError::format(detail)));
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, None);
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = Some(value);
        }
    }

    /// Passes on the row, and starts the next one.
    pub(super) fn finish(&mut self, table: &'static AnyTable, sink: &mut RowSink) -> Result<(), Stop> {
        let (mut cells, mut faults) = (std::mem::take(&mut self.cells), std::mem::take(&mut self.faults));
        if cells.is_empty() && faults.is_empty() {
            return Ok(());
        }
        let number = self.number;
        let Some((sheet, width)) = &self.sheet else {
            let header_row = Some(number);
            sink.put(ParsedRow::Source(Source { header_row, ..Source::default() }))?;
            if !faults.is_empty() {
                let wrong =
                    |(_, FieldError { code, detail }): (usize, FieldError)| fault(number, code, detail);
                return self.end(sink, faults.into_iter().map(wrong).collect());
            }
            let header: Vec<_> = cells.iter().map(|cell| text(cell.as_ref(), None)).collect();
            match Sheet::open(table, number, &header, CsvDialect::Rfc4180) {
                Err(faults) => return self.end(sink, faults),
                Ok(sheet) => {
                    sink.put(ParsedRow::Head(sheet.head()))?;
                    let width = sheet.width();
                    self.sheet = Some((sheet, width));
                    return Ok(());
                }
            }
        };
        let head = sheet.head();
        faults.extend(
            self.merged.cells_without_value(number, &cells).into_iter().filter(|(column, _)| column < width),
        );
        let wrong = |(column, FieldError { code, detail }): (usize, FieldError)| {
            let column = head.get(column).map(|target| target.header.clone());
            RowFault { column, ..fault(number, code, detail) }
        };
        if !faults.is_empty() {
            faults.sort_by_key(|(column, _)| *column);
            return sink.put(ParsedRow::Faulty(number, faults.into_iter().map(wrong).collect()));
        }
        let found = cells.len();
        if found > *width {
            let cells = counted(found as u64, ["cell", "cells"], ["Zelle", "Zellen"]);
            let detail = bilingual!(
                "The row has {cells}, but the header has {width}.",
                "Die Zeile hat {cells}, die Kopfzeile {width}.",
                cells
            );
            return sink.put(ParsedRow::Faulty(number, vec![fault(number, "malformed_row", detail)]));
        }
        cells.resize(*width, None);
        let texts: Vec<_> =
            cells.iter().zip(&head).map(|(cell, to)| text(cell.as_ref(), Some(to.column.kind))).collect();
        sink.put(sheet.row(number, texts.iter().map(String::as_str)))
    }

    fn end(&self, sink: &mut RowSink, faults: Vec<RowFault>) -> Result<(), Stop> {
        sink.put(ParsedRow::Broken(faults))?;
        Err(Stop)
    }
}

/// The text of a cell as a user would type it into a column of this kind.
fn text(cell: Option<&DisplayedNumber>, kind: Option<Kind>) -> String {
    let Some(DisplayedNumber { text, value }) = cell else { return String::new() };
    match kind {
        Some(Kind::Number | Kind::Integer | Kind::Decimal) => value.clone(),
        _ => text.clone(),
    }
}

/// The merged cells of a sheet: all but the first are empty in the file, and display the content of the first.
struct Merged {
    /// The areas that begin below the current row, the lowest first.
    below: Vec<Area>,
    /// The areas that cover the current row, and whether they have a value.
    here: Vec<(Area, bool)>,
}

impl Merged {
    fn new(mut areas: Vec<Area>) -> Self {
        areas.sort_by_key(|area| std::cmp::Reverse(area.rows.0));
        Self { below: areas, here: Vec::new() }
    }

    /// Returns the cells of a row that display a value without having one.
    fn cells_without_value(
        &mut self,
        row: u64,
        cells: &[Option<DisplayedNumber>],
    ) -> Vec<(usize, FieldError)> {
        let is_filled = |column: usize| cells.get(column).is_some_and(Option::is_some);
        self.here.retain(|(area, _)| area.rows.1 >= row);
        while let Some(area) = self.below.pop_if(|area| area.rows.0 <= row) {
            let has_value = area.rows.0 == row && is_filled(area.columns.0);
            self.here.push((area, has_value));
        }
        let mut covered = Vec::new();
        for (area, _) in self.here.iter().filter(|(_, has_value)| *has_value) {
            let is_first = |column: usize| row == area.rows.0 && column == area.columns.0;
            let last = area.columns.1.min(COLUMNS);
            let columns = (area.columns.0..=last).filter(|it| !is_first(*it) && !is_filled(*it));
            covered.extend(columns.map(|column| (column, merged())));
        }
        covered
    }
}

fn merged() -> FieldError {
    let detail = bilingual!(
        "The cell is merged with another cell, and has no value of its own. Unmerge the cells in Excel, \
         fill in each of them, and save the file.",
        "Die Zelle ist mit einer anderen verbunden und hat keinen eigenen Wert. Heben Sie die Verbindung in Excel auf, \
         füllen Sie jede Zelle aus und speichern Sie."
    );
    FieldError::new("merged_cell", detail)
}
