//! The cells of a sheet, in order.

use std::io::Read;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use quick_xml::events::{BytesStart, Event};
use vku_domain::bilingual;
use vku_domain::kernel::tabular::{DisplayedNumber, NumberFormat, Parts, formula_error};
use vku_domain::kernel::violation::FieldError;

use super::Malformed;
use super::workbook::Shared;
use super::xml::{Xml, attribute, unescaped};

/// A rectangle of cells; rows count from 1, columns from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) rows: (u64, u64),
    pub(super) columns: (usize, usize),
}

impl Area {
    /// Parses `B2:D4`, or a single cell.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        let (first, last) = (position(first)?, position(last)?);
        Some(Self { rows: (first.0, last.0), columns: (first.1, last.1) })
    }

    fn has(&self, row: u64, column: usize) -> bool {
        (self.rows.0..=self.rows.1).contains(&row) && (self.columns.0..=self.columns.1).contains(&column)
    }
}

/// Parses `AB12` into row and column.
fn position(text: &str) -> Option<(u64, usize)> {
    let text = text.replace('$', "");
    let split = text.find(|letter: char| letter.is_ascii_digit())?;
    let (letters, row) = text.split_at_checked(split)?;
    let mut column = 0_usize;
    for letter in letters.bytes() {
        let digit = letter.to_ascii_uppercase().checked_sub(b'A').filter(|digit| *digit < 26)?;
        column = column.checked_mul(26)?.checked_add(usize::from(digit) + 1)?;
    }
    Some((row.parse().ok()?, column.checked_sub(1)?))
}

/// A cell that is not empty: what it displays, or why it has no value.
pub(super) struct Cell {
    pub(super) row: u64,
    pub(super) column: usize,
    pub(super) value: Result<DisplayedNumber, FieldError>,
}

/// Reads the cells of a sheet.
pub(super) struct Cells<'a, R> {
    xml: Xml<R>,
    shared: &'a Shared,
    row: u64,
    column: usize,
    /// The areas of formulas that fill more than their own cell.
    filled: Vec<Area>,
    /// The merged cells, which are listed after all others.
    pub(super) merged: Vec<Area>,
}

/// The content of an element `c`.
#[derive(Default)]
struct Content {
    kind: String,
    style: usize,
    text: String,
    has_value: bool,
    is_formula: bool,
    area: Option<Area>,
}

impl<'a, R: Read> Cells<'a, R> {
    pub(super) fn new((xml, shared): (Xml<R>, &'a Shared)) -> Self {
        Self { xml, shared, row: 0, column: 0, filled: Vec::new(), merged: Vec::new() }
    }

    /// Returns the next cell that is not empty.
    ///
    /// Errors: the sheet is malformed from here on.
    pub(super) fn next(&mut self) -> Result<Option<Cell>, Malformed> {
        loop {
            let mut content = Content::default();
            match self.xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "row" => {
                        let number = attribute(&element, "r")?.and_then(|row| row.parse().ok());
                        (self.row, self.column) = (number.unwrap_or(self.row + 1), 0);
                        let row = self.row;
                        self.filled.retain(|area| area.rows.1 >= row);
                        continue;
                    }
                    "mergeCell" => {
                        let area = attribute(&element, "ref")?.as_deref().and_then(Area::parse);
                        self.merged.extend(area);
                        continue;
                    }
                    "c" => {
                        let at = attribute(&element, "r")?.as_deref().and_then(position);
                        (self.row, self.column) = at.unwrap_or((self.row, self.column));
                        content.kind = attribute(&element, "t")?.unwrap_or_default();
                        let style = attribute(&element, "s")?.and_then(|style| style.parse().ok());
                        content.style = style.unwrap_or(0);
                    }
                    _ => continue,
                },
                Event::Eof => return Ok(None),
                _ => continue,
            }
            self.content(&mut content)?;
            let (row, column) = (self.row, self.column);
            self.column += 1;
            if let Some(value) = self.value(content, row, column)? {
                return Ok(Some(Cell { row, column, value }));
            }
        }
    }

    /// Reads the content of a cell, to its end.
    fn content(&mut self, content: &mut Content) -> Result<(), Malformed> {
        loop {
            let what = match self.xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "f" => {
                        content.is_formula = true;
                        content.area = filled(&element)?;
                        What::Other
                    }
                    "v" => What::Value,
                    "is" => What::Inline,
                    _ => What::Other,
                },
                Event::End(_) => return Ok(()),
                Event::Eof => return Err(Malformed),
                _ => continue,
            };
            match what {
                What::Value if content.kind == "inlineStr" => self.xml.text(&mut String::new())?,
                What::Value => {
                    content.has_value = true;
                    self.xml.text(&mut content.text)?;
                }
                What::Inline => self.xml.rich_text(&mut content.text)?,
                What::Other => self.xml.text(&mut String::new())?,
            }
        }
    }

    /// Returns what the cell displays; `None` if it is empty.
    fn value(
        &mut self,
        content: Content,
        row: u64,
        column: usize,
    ) -> Result<Option<Result<DisplayedNumber, FieldError>>, Malformed> {
        let Content { kind, style, text, has_value, is_formula, area } = content;
        let is_formula = is_formula || self.filled.iter().any(|area| area.has(row, column));
        self.filled.extend(area.filter(|area| area.rows != (row, row) || area.columns != (column, column)));
        let has_value = has_value && (kind == "str" || !text.is_empty());
        if is_formula && (self.shared.recalculates || !has_value) {
            return Ok(Some(Err(not_calculated())));
        }
        let format = self.shared.format(style);
        let plain =
            |text: String| (!text.is_empty()).then(|| Ok(DisplayedNumber { value: text.clone(), text }));
        Ok(match kind.as_str() {
            "s" if text.is_empty() => None,
            "s" => plain(
                self.shared.text(text.trim().parse().map_err(|_| Malformed)?).ok_or(Malformed)?.to_owned(),
            ),
            "inlineStr" => plain(text),
            "str" => plain(unescaped(&text).unwrap_or(text)),
            "b" => match text.trim() {
                "" => None,
                "0" | "false" => plain("false".to_owned()),
                "1" | "true" => plain("true".to_owned()),
                _ => return Err(Malformed),
            },
            "e" if text.is_empty() => None,
            "e" => Some(Err(formula_error::fault(&text))),
            "d" => plain(text).map(|displayed| displayed.and_then(|displayed| iso(&displayed.text, format))),
            "" | "n" => match text.trim() {
                "" => None,
                number => Some(format.display(number.parse().map_err(|_| Malformed)?, self.shared.is_1904)),
            },
            _ => return Err(Malformed),
        })
    }
}

enum What {
    Value,
    Inline,
    Other,
}

/// Returns the area that a formula fills, if it is an array formula or a data table.
fn filled(formula: &BytesStart<'_>) -> Result<Option<Area>, Malformed> {
    let is_wide = matches!(attribute(formula, "t")?.as_deref(), Some("array" | "dataTable"));
    let area = attribute(formula, "ref")?.filter(|_| is_wide);
    Ok(area.as_deref().and_then(Area::parse))
}

/// Converts an ISO 8601 date or time to its serial number of days, and formats it.
fn iso(text: &str, format: NumberFormat) -> Result<DisplayedNumber, FieldError> {
    let text = text.trim_end_matches('Z');
    let zero = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default();
    let moment =
        text.parse::<NaiveDateTime>().ok().or_else(|| text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0));
    let moment = moment.or_else(|| Some(zero.and_time(text.parse::<NaiveTime>().ok()?)));
    let Some(moment) = moment else {
        let detail =
            bilingual!("`{text}` is not a date or time.", "`{text}` ist kein Datum und keine Uhrzeit.");
        return Err(FieldError::format(detail));
    };
    let since = moment.signed_duration_since(zero.and_hms_opt(0, 0, 0).unwrap_or_default());
    #[allow(clippy::cast_precision_loss, reason = "a few thousand years, in seconds, is far below 2^53")]
    let days = since.num_milliseconds() as f64 / 86_400_000.0;
    let is_moment = matches!(format, NumberFormat::DateTime(_) | NumberFormat::Elapsed(_));
    let format = if is_moment { format } else { NumberFormat::DateTime(Parts::ALL) };
    format.display(days, false)
}

fn not_calculated() -> FieldError {
    let detail = bilingual!(
        "The cell contains a formula without a value, because the program that wrote the file did not \
         calculate it. Open the file in Excel or LibreOffice, recalculate, and save the file.",
        "Die Zelle enthält eine Formel ohne ihren Wert: Das Programm, das die Datei schrieb, hat sie nicht berechnet. \
         Öffnen Sie die Datei in Excel oder LibreOffice, lassen Sie sie berechnen und speichern Sie sie."
    );
    FieldError::new("not_calculated", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cell_references_are_parsed() {
        assert_eq!(position("A1"), Some((1, 0)));
        assert_eq!(position("$AB$12"), Some((12, 27)));
        for wrong in ["", "A", "1", "A-1", "ÄB1"] {
            assert_eq!(position(wrong), None, "{wrong}");
        }
        assert_eq!(Area::parse("B2:D4"), Some(Area { rows: (2, 4), columns: (1, 3) }));
    }
}
