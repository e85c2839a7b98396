//! JSON and NDJSON: a response of `GET` can be imported.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::{Bilingual, typed};
use vku_domain::kernel::input::size_limits::{is_too_large, with_integers};
use vku_persistence::any_table::AnyTable;

use super::charset::Charset;
use super::encoding;
use super::lines::Lines;
use super::row::{ParsedRow, RowSink, Stop, fault, row};

fn no_object() -> Bilingual {
    bilingual!("The row is not a JSON object.", "Die Zeile ist kein JSON-Objekt.")
}

fn number_too_large() -> Bilingual {
    bilingual!("A number in the row is too large.", "Eine Zahl in der Zeile ist zu groß.")
}

fn item(table: &'static AnyTable, number: u64, mut value: Value) -> ParsedRow {
    with_integers(&mut value);
    match value {
        Value::Object(body) => row(table, number, body),
        _ => ParsedRow::Faulty(number, vec![fault(number, "wrong_type", no_object())]),
    }
}

/// Opens the file as UTF-8 and reports how it is read; the end of the reading if that is not possible.
fn open(
    file: File,
    charset: Option<Charset>,
    sink: &mut RowSink,
) -> io::Result<Result<File, Result<(), Stop>>> {
    let text = match encoding::utf8(file, charset)? {
        Ok(text) => text,
        Err(fault) => return Ok(Err(sink.put(ParsedRow::Broken(vec![fault])))),
    };
    match sink.put(ParsedRow::Source(text.report_source())) {
        Ok(()) => Ok(Ok(text.file)),
        Err(stop) => Ok(Err(Err(stop))),
    }
}

/// Reads one object per line.
pub(super) fn read_lines(
    table: &'static AnyTable,
    file: File,
    charset: Option<Charset>,
    sink: &mut RowSink,
) -> io::Result<Result<(), Stop>> {
    let text = match open(file, charset, sink)? {
        Ok(text) => text,
        Err(ended) => return Ok(ended),
    };
    for (line, number) in BufReader::new(Lines::of(text)).lines().zip(1..) {
        let line = line?;
        if typed(&line).is_empty() {
            continue;
        }
        let item = match serde_json::from_str(&line) {
            Ok(value) => item(table, number, value),
            Err(error) if is_too_large(&error) => {
                ParsedRow::Faulty(number, vec![fault(number, "out_of_range", number_too_large())])
            }
            Err(_) => ParsedRow::Faulty(number, vec![fault(number, "malformed_json", no_object())]),
        };
        if let Err(stop) = sink.put(item) {
            return Ok(Err(stop));
        }
    }
    Ok(Ok(()))
}

/// Reads an array of objects, or a list as `GET` returns it.
pub(super) fn read_array(
    table: &'static AnyTable,
    file: File,
    charset: Option<Charset>,
    sink: &mut RowSink,
) -> io::Result<Result<(), Stop>> {
    let text = match open(file, charset, sink)? {
        Ok(text) => text,
        Err(ended) => return Ok(ended),
    };
    let (mut number, mut stopped) = (0, None);
    let mut text = serde_json::Deserializer::from_reader(BufReader::new(text));
    let mut each = |value| {
        number += 1;
        stopped = sink.put(item(table, number, value)).err();
        stopped.is_none()
    };
    let read = Rows { each: &mut each, whole: true }.deserialize(&mut text).and_then(|()| text.end());
    if let Some(stop) = stopped {
        return Ok(Err(stop));
    }
    let Err(error) = read else { return Ok(Ok(())) };
    let (line, column) = (error.line(), error.column());
    let detail = match error.classify() {
        serde_json::error::Category::Io => return Err(error.into()),
        _ if is_too_large(&error) => {
            return Ok(sink.broken(number + 1, "out_of_range", number_too_large()));
        }
        serde_json::error::Category::Data => bilingual!(
            "Expected an array of objects, or an object with such an array in `items`.",
            "Erwartet: eine Liste von Objekten, oder ein Objekt, dessen `items` eine ist."
        ),
        _ => bilingual!(
            "Reading stopped at line {line}, column {column}: the text is not valid JSON at this point.",
            "Das Lesen endete in Zeile {line}, Spalte {column}: Dort ist es kein JSON."
        ),
    };
    Ok(sink.broken(number + 1, "malformed_json", detail))
}

/// Reads the entries one by one, so that the file is never in memory as a whole.
struct Rows<'a> {
    each: &'a mut dyn FnMut(Value) -> bool,
    /// Whether this is the whole file, and not `items` in it.
    whole: bool,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(value) = entries.next_element()? {
            if !(self.each)(value) {
                return Err(A::Error::custom("enough"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { each, whole } = self;
        let mut found = false;
        while let Some(name) = members.next_key::<String>()? {
            if whole && !found && name == "items" {
                found = true;
                members.next_value_seed(Rows { each: &mut *each, whole: false })?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        if found { Ok(()) } else { Err(A::Error::custom("no items")) }
    }
}
