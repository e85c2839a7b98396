//! CSV: cells separated by commas, semicolons, tabs or vertical bars.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};
use vku_domain::bilingual;
use vku_domain::import::Source;
use vku_domain::kernel::bilingual::{counted, typed};
use vku_domain::kernel::tabular::csv_injection::unescape_formula;
use vku_domain::kernel::tabular::number::Decimals;
use vku_persistence::any_table::AnyTable;

use super::charset::Charset;
use super::encoding;
use super::lines::Lines;
use super::row::{ParsedRow, RowSink, Stop, fault};
use super::table::{Headings, Sheet};

/// The number of bytes in which the header is searched.
const HEAD: u64 = 1 << 16;

/// The possible delimiters; if several fit equally well, the first is used.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads all rows.
pub(super) fn read(
    table: &'static AnyTable,
    file: File,
    charset: Option<Charset>,
    sink: &mut RowSink,
) -> io::Result<Result<(), Stop>> {
    read_rows(file, charset, &Headings::of(table), sink)
}

fn read_rows(
    file: File,
    charset: Option<Charset>,
    headings: &Headings,
    sink: &mut RowSink,
) -> io::Result<Result<(), Stop>> {
    let text = match encoding::utf8(file, charset)? {
        Ok(text) => text,
        Err(fault) => return Ok(sink.put(ParsedRow::Broken(vec![fault]))),
    };
    let source = text.report_source();
    let mut file = text.file;
    let begin = file.stream_position()?;
    let mut head = Vec::new();
    Lines::of((&file).take(HEAD)).read_to_end(&mut head)?;
    let form = Form::of(&String::from_utf8_lossy(&head), headings);
    file.seek(SeekFrom::Start(begin))?;
    let total = form.rows(&file)?;
    file.seek(SeekFrom::Start(begin))?;
    let source = Source { delimiter: Some(char::from(form.delimiter).to_string()), ..source };
    Ok(each(Rows::of(&file, form), form, source, total.saturating_sub(1), headings, sink))
}

/// The syntax of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    delimiter: u8,
    /// Whether the first line declares the delimiter, as Excel writes it, and is not a row.
    is_declared: bool,
}

impl Form {
    /// Uses the delimiter that the first line declares, otherwise the one that results in the most known headings, and
    /// then in the most cells, in the first row.
    fn of(head: &str, headings: &Headings) -> Self {
        let first = head.lines().next().unwrap_or_default();
        if let Some(delimiter) = declared(first) {
            return Self { delimiter, is_declared: true };
        }
        let fitness = |delimiter: u8| {
            let mut rows = Rows::of(head.as_bytes(), Self { delimiter, is_declared: false });
            let mut row = StringRecord::new();
            match rows.next(&mut row) {
                Ok(Some(_)) => (row.iter().filter(|cell| headings.know(cell)).count(), row.len()),
                _ => (0, 0),
            }
        };
        let mut best = (DELIMITERS.first().copied().unwrap_or(b','), (0, 0));
        for delimiter in DELIMITERS {
            let fits = fitness(delimiter);
            if fits > best.1 {
                best = (delimiter, fits);
            }
        }
        Self { delimiter: best.0, is_declared: false }
    }

    fn decimals(self) -> Decimals {
        match self.delimiter {
            b',' => Decimals::Point,
            b';' => Decimals::Comma,
            _ => Decimals::Either,
        }
    }

    /// The number of rows that are not blank, including the header.
    fn rows(self, file: &File) -> io::Result<u64> {
        let (mut rows, mut row, mut total) = (Rows::of(file, self), ByteRecord::new(), 0);
        while rows.reader.read_byte_record(&mut row)? {
            let is_blank = std::str::from_utf8(row.as_slice()).is_ok_and(|cells| typed(cells).is_empty());
            total += u64::from(!is_blank);
        }
        Ok(total)
    }
}

/// Returns the delimiter that the first line declares with `sep=`.
fn declared(line: &str) -> Option<u8> {
    let line = line.trim_start_matches(['"', '\u{feff}']);
    let (name, value) = line.split_at_checked(4)?;
    let delimiter =
        value.bytes().next().filter(|it| it.is_ascii() && !it.is_ascii_alphanumeric() && *it != b'"')?;
    // A spreadsheet that saved the file again has added empty cells to the line.
    let rest = value.trim_start_matches(char::from(delimiter)).trim_start_matches(['"', ',', ';']);
    (name.eq_ignore_ascii_case("sep=") && typed(rest).is_empty()).then_some(delimiter)
}

/// The rows of a file that are not blank, each with its line number.
struct Rows<R> {
    reader: Reader<BufReader<Lines<R>>>,
}

impl<R: Read> Rows<R> {
    fn of(text: R, form: Form) -> Self {
        let mut text = BufReader::new(Lines::of(text));
        if form.is_declared {
            // If this fails, reading the next row fails, too, and that error is reported.
            let _ = io::BufRead::skip_until(&mut text, b'\n');
        }
        let reader = ReaderBuilder::new()
            .delimiter(form.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(text);
        Self { reader }
    }

    /// Reads the next row; returns the number of lines before it.
    fn next(&mut self, row: &mut StringRecord) -> csv::Result<Option<u64>> {
        while self.reader.read_record(row)? {
            let cells = row.as_slice();
            if typed(cells).is_empty() {
                continue;
            }
            // The reader is after the row and its line break; line breaks in cells are lines, too.
            let breaks = cells.bytes().filter(|byte| *byte == b'\n').count();
            let own = 1 + u64::try_from(breaks).unwrap_or_default();
            return Ok(Some((self.reader.position().line() - 1).saturating_sub(own)));
        }
        Ok(None)
    }
}

fn each<R: Read>(
    mut rows: Rows<R>,
    form: Form,
    source: Source,
    total: u64,
    headings: &Headings,
    sink: &mut RowSink,
) -> Result<(), Stop> {
    let before = if form.is_declared { 2 } else { 1 };
    let mut row = StringRecord::new();
    let mut line = before;
    let mut sheet: Option<Sheet> = None;
    loop {
        match rows.next(&mut row) {
            Ok(Some(lines)) => line = lines + before,
            Ok(None) => break,
            Err(_) => {
                return sink.broken(
                    line + 1,
                    "malformed_file",
                    bilingual!("The row cannot be read.", "Die Zeile ist nicht lesbar."),
                );
            }
        }
        let Some(sheet) = &sheet else {
            sink.put(ParsedRow::Source(Source { header_row: Some(line), ..source.clone() }))?;
            let header: Vec<_> = row.iter().map(str::to_owned).collect();
            match Sheet::of(line, &header, headings, form.decimals()) {
                Ok(opened_sheet) => {
                    sink.put(ParsedRow::Total(total))?;
                    sink.put(ParsedRow::Head(opened_sheet.head()))?;
                    sheet = Some(opened_sheet);
                }
                Err(faults) => return sink.put(ParsedRow::Broken(faults)),
            }
            continue;
        };
        // Spreadsheets add blank cells after the last column.
        let (width, cells) = (sheet.width(), row.len());
        if cells < width || row.iter().skip(width).any(|cell| !typed(cell).is_empty()) {
            let cells = counted(cells as u64, ["cell", "cells"], ["Zelle", "Zellen"]);
            let detail = bilingual!(
                "The row has {cells}, but the header has {width}.",
                "Die Zeile hat {cells}, die Kopfzeile {width}.",
                cells
            );
            sink.put(ParsedRow::Faulty(line, vec![fault(line, "malformed_row", detail)]))?;
        } else {
            sink.put(sheet.row(line, row.iter().map(unescape_formula)))?;
        }
    }
    match sheet {
        Some(_) => Ok(()),
        None => sink.broken(
            1,
            "malformed_row",
            bilingual!("The file has no header.", "Die Datei hat keine Kopfzeile."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, form: Form) -> Vec<(u64, Vec<String>)> {
        let (mut rows, mut row, mut found) =
            (Rows::of(text.as_bytes(), form), StringRecord::new(), Vec::new());
        while let Some(lines) = rows.next(&mut row).unwrap() {
            found.push((lines + 1, row.iter().map(str::to_owned).collect()));
        }
        found
    }

    #[test]
    fn row_numbers_are_the_line_numbers_of_the_file() {
        let form = Form { delimiter: b';', is_declared: false };
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a;b", "1;2", "", ";;", " ;\u{a0}", "\"3", "", "x\";4", "5;6"].join(end);
            for text in [text.clone(), text + end] {
                let read = lines(&text, form);
                let numbers: Vec<_> = read.iter().map(|(line, _)| *line).collect();
                assert_eq!(numbers, [1, 2, 6, 9], "{text:?}");
                assert_eq!(read[2].1, ["3\n\nx", "4"]);
            }
        }
    }

    #[test]
    fn a_line_may_declare_the_delimiter() {
        for (line, delimiter) in [
            ("sep=;", Some(b';')),
            ("SEP=,", Some(b',')),
            ("sep=\t", Some(b'\t')),
            ("\"sep=;\"", Some(b';')),
            ("sep=;;;;", Some(b';')),
            ("sep=|", Some(b'|')),
            ("sep", None),
            ("sep=", None),
            ("sep=;x", None),
            ("name;kind", None),
            ("separator=", None),
        ] {
            assert_eq!(declared(line), delimiter, "{line:?}");
        }
    }
}
