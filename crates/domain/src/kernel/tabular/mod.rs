//! A resource as a row of cells: the columns of CSV files and spreadsheets, the same for import and export.
//!
//! The columns are derived from the schema of the data struct:
//!
//! - Nested members have dotted names (`population_served.value`).
//! - A localized text has one column for each language (`summary.en`).
//! - References are slugs.
//! - Plain lists are joined by `;`; a `;` inside an entry is `\;`.
//! - Parties are `utility:<slug>`; participants are `<role>:utility:<slug>`, with `@from/until` if known.
//! - Other nested values are compact JSON, in which references are slugs, too.
//!
//! Each column has a German heading, too.

mod columns;
mod field_serializer;
pub mod formula_error;
mod headings;
mod list_cell;
mod number_format;

pub use self::columns::{LANGUAGES, Layout};
pub use self::field_serializer::FieldSerializer;
pub use self::number_format::{NumberFormat, Parts, Shown, Unit};

use serde_json::{Map, Number, Value};

use self::list_cell::{by_slug, join, participant, party, read_participant, read_party, slug, split};
use super::bilingual::typed;
use super::violation::FieldError;
use crate::bilingual;

/// The format of the cells of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Text in one language, which is the last part of the column's name.
    Translation,
    /// A date, which may be only a year or a month.
    Date,
    /// A number.
    Number,
    /// A decimal number, which is a string in JSON so that no digit is lost.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// The slug (or id) of the referenced resource.
    Reference,
    /// The slugs (or ids) of the referenced resources, joined by `;`.
    References,
    /// Texts, joined by `;`.
    List,
    /// `utility:<slug>` or `organisation:<slug>`.
    Party,
    /// `utility:<slug>` or `organisation:<slug>`, joined by `;`.
    Parties,
    /// `<role>:utility:<slug>@from/until`, joined by `;`.
    Participants,
    /// Compact JSON, in which references are slugs.
    Json,
}

crate::string_enum! {
    /// A dialect of CSV.
    CsvDialect {
        /// RFC 4180: commas as separators, decimal points, and the JSON names as header
        Rfc4180 = "rfc4180",
        /// for German versions of Excel: semicolons as separators, a byte order mark, decimal commas, and German
        /// headings
        ExcelDe = "excel_de",
    }
}

impl CsvDialect {
    /// Returns the separator between two cells.
    pub const fn separator(self) -> u8 {
        match self {
            Self::Rfc4180 => b',',
            Self::ExcelDe => b';',
        }
    }

    /// Returns the byte order mark at the start of the file.
    pub const fn byte_order_mark(self) -> &'static str {
        match self {
            Self::Rfc4180 => "",
            Self::ExcelDe => "\u{feff}",
        }
    }
}

/// The decimal separator of the numbers in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimals {
    /// A point.
    Point,
    /// A comma.
    Comma,
    /// Either, which each number has to show, because the file does not state its separator.
    Either,
}

impl From<CsvDialect> for Decimals {
    fn from(dialect: CsvDialect) -> Self {
        match dialect {
            CsvDialect::Rfc4180 => Self::Point,
            CsvDialect::ExcelDe => Self::Comma,
        }
    }
}

/// A column: the path of its value in the JSON of a resource, and the format of its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name: the path of the member, separated by dots.
    pub name: String,
    /// The format of the cells.
    pub kind: Kind,
}

/// The content of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// No value.
    Empty,
    /// Text. In CSV, it is escaped so that no spreadsheet runs it as a formula.
    Text(String),
    /// A number in JSON syntax.
    Number(String),
    /// A boolean.
    Boolean(bool),
}

impl Cell {
    /// Formats the cell for CSV.
    pub fn write(self, dialect: CsvDialect) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => defuse(&text),
            Self::Number(number) if dialect == CsvDialect::ExcelDe => number.replace('.', ","),
            Self::Number(number) => number,
            Self::Boolean(yes) => yes.to_string(),
        }
    }
}

fn at<'a>(item: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(item, |value, member| value.get(member))
}

impl Column {
    /// Makes the column of a member, or of the parent of a child resource.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind }
    }

    /// Returns the German heading, or the name if there is none.
    pub fn heading(&self) -> String {
        let heading = match (self.kind, self.name.rsplit_once('.')) {
            (Kind::Translation, Some((member, language))) => headings::of_text(member, language),
            _ => headings::of_member(&self.name),
        };
        heading.unwrap_or_else(|| self.name.clone())
    }

    /// Returns the title of the column in a dialect.
    pub fn title(&self, dialect: CsvDialect) -> String {
        match dialect {
            CsvDialect::Rfc4180 => self.name.clone(),
            CsvDialect::ExcelDe => self.heading(),
        }
    }

    /// Returns whether a header means this column: by its name or its heading, ignoring case and whitespace.
    pub fn is_called(&self, header: &str) -> bool {
        let header = headings::folded(header);
        headings::folded(&self.name) == header || headings::folded(&self.heading()) == header
    }

    /// Returns the cell of an item; empty if the member is absent.
    pub fn of(&self, item: &Value) -> Cell {
        at(item, &self.name).map_or(Cell::Empty, |value| self.cell(value))
    }

    /// Returns the cell for a value of the member.
    pub fn cell(&self, value: &Value) -> Cell {
        match (self.kind, value) {
            (_, Value::Null) => Cell::Empty,
            (Kind::Decimal, Value::String(number)) => Cell::Number(number.clone()),
            (Kind::Text | Kind::Translation | Kind::Date, Value::String(text)) => Cell::Text(text.clone()),
            (Kind::List, Value::Array(entries)) => {
                let texts = entries.iter().filter_map(|entry| entry.as_str().map(str::to_owned));
                Cell::Text(join(texts))
            }
            (Kind::References, Value::Array(entries)) => Cell::Text(join(entries.iter().filter_map(slug))),
            (Kind::Party, value) => party(value).map_or(Cell::Empty, Cell::Text),
            (Kind::Parties, Value::Array(entries)) => Cell::Text(join(entries.iter().filter_map(party))),
            (Kind::Participants, Value::Array(entries)) => {
                Cell::Text(join(entries.iter().filter_map(participant)))
            }
            (Kind::Reference, value) => slug(value).map_or(Cell::Empty, Cell::Text),
            (_, Value::Bool(yes)) => Cell::Boolean(*yes),
            (_, Value::Number(number)) => Cell::Number(number.to_string()),
            (Kind::Json, value) => Cell::Text(by_slug(value).to_string()),
            (_, value) => Cell::Text(value.to_string()),
        }
    }

    /// Parses a cell and puts its value into an item. An empty or blank cell is `null`, which removes the member in a
    /// merge patch.
    ///
    /// Errors: the cell does not have the format of the column.
    pub fn read(
        &self,
        cell: &str,
        decimals: impl Into<Decimals>,
        item: &mut Map<String, Value>,
    ) -> Result<(), FieldError> {
        let cell = typed(cell);
        let value = if cell.is_empty() { Value::Null } else { self.value(cell, decimals.into())? };
        let mut item = item;
        let mut path = self.name.split('.').peekable();
        while let Some(member) = path.next() {
            if path.peek().is_none() {
                item.insert(member.to_owned(), value);
                break;
            }
            let below = item.entry(member).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(below) = below else { break };
            item = below;
        }
        Ok(())
    }

    /// Removes a percent sign from the cell of a percentage.
    fn without_unit<'a>(&self, cell: &'a str) -> &'a str {
        let percent = cell.strip_suffix('%').filter(|_| self.name.ends_with("percent"));
        percent.map_or(cell, str::trim_end)
    }

    fn value(&self, cell: &str, decimals: Decimals) -> Result<Value, FieldError> {
        formula_error::check(cell)?;
        if matches!(self.kind, Kind::List | Kind::References | Kind::Parties | Kind::Participants) {
            split(cell).iter().try_for_each(|entry| formula_error::check(entry))?;
        }
        Ok(match self.kind {
            Kind::Text | Kind::Translation => Value::from(cell),
            Kind::Date => Value::from(iso_date(cell).unwrap_or_else(|| cell.to_owned())),
            Kind::Reference => Value::from(cell),
            Kind::References => split(cell).into(),
            Kind::List => split(cell).into(),
            Kind::Number => Value::Number(number(self.without_unit(cell), decimals)?),
            Kind::Decimal => Value::from(with_point(cell, decimals)?),
            Kind::Boolean => Value::Bool(truth(cell)?),
            Kind::Party => whole_party(cell)?,
            Kind::Parties => split(cell).iter().map(|entry| read_party(entry)).collect::<Result<_, _>>()?,
            Kind::Participants => {
                split(cell).iter().map(|entry| read_participant(entry)).collect::<Result<_, _>>()?
            }
            Kind::Json => serde_json::from_str(cell).map_err(|_| {
                FieldError::format(bilingual!("The cell is not valid JSON.", "Die Zelle ist kein JSON."))
            })?,
        })
    }
}

/// Parses the party of a member with a single party. The other kind is `null`, so that a merge replaces the current
/// party even if that is of the other kind.
fn whole_party(cell: &str) -> Result<Value, FieldError> {
    let mut party = read_party(cell)?;
    if let Value::Object(members) = &mut party {
        for kind in ["utility", "organisation"] {
            members.entry(kind).or_insert(Value::Null);
        }
    }
    Ok(party)
}

/// Converts a German date to ISO 8601: `31.12.2026`, or `12.2026` for a month.
fn iso_date(cell: &str) -> Option<String> {
    let number = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        let is_number = digits.contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| part.parse::<u32>().ok()).flatten()
    };
    let parts: Vec<_> = cell.split('.').map(str::trim).collect();
    let (day, month, year) = match *parts.as_slice() {
        [day, month, year] => (Some(number(day, 1..=2)?), month, year),
        [month, year] => (None, month, year),
        _ => return None,
    };
    let (month, year) = (number(month, 1..=2)?, number(year, 4..=4)?);
    // Anything else is left as typed, so that the error shows it that way.
    if !(1..=12).contains(&month) || day.is_some_and(|day| !(1..=31).contains(&day)) {
        return None;
    }
    Some(match day {
        Some(day) => format!("{year:04}-{month:02}-{day:02}"),
        None => format!("{year:04}-{month:02}"),
    })
}

/// Parses a boolean as in JSON, as Excel writes it in English and German, or as people type it.
fn truth(cell: &str) -> Result<bool, FieldError> {
    match cell.to_lowercase().as_str() {
        "true" | "yes" | "wahr" | "ja" => Ok(true),
        "false" | "no" | "falsch" | "nein" => Ok(false),
        _ => Err(FieldError::unknown_value(cell, &["true", "false"])),
    }
}

fn number(cell: &str, decimals: Decimals) -> Result<Number, FieldError> {
    let text = with_point(cell, decimals)?;
    match serde_json::from_str(without_leading_zeros(text.trim())) {
        // Parsed by Rust to keep every digit, which JSON parsers may get wrong.
        Ok(Value::Number(number)) if number.is_f64() => {
            text.trim().parse().ok().and_then(Number::from_f64).map(integral)
        }
        Ok(Value::Number(number)) => Some(number),
        _ => None,
    }
    .ok_or_else(|| FieldError::format(bilingual!("`{cell}` is not a number.", "`{cell}` ist keine Zahl.")))
}

/// Removes leading zeros: `007` is a number to spreadsheets and people, but not in JSON.
fn without_leading_zeros(mut number: &str) -> &str {
    while let Some(rest) =
        number.strip_prefix('0').filter(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
    {
        number = rest;
    }
    number
}

/// Converts a number to an integer if it is one: `5.0` and `1e3` are integers (JSON Schema, 4.2.3).
pub fn integral(number: Number) -> Number {
    // Up to this number, an `f64` represents every integer exactly.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(value) if number.is_f64() && value.fract() == 0.0 && value.abs() <= EXACT => {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "it is whole, and within the bounds of `EXACT`"
            )]
            let integer = value as i64;
            integer.into()
        }
        _ => number,
    }
}

/// Returns the number with a decimal point. Ambiguous numbers are refused.
fn with_point(cell: &str, decimals: Decimals) -> Result<String, FieldError> {
    match decimals {
        Decimals::Point => Ok(cell.to_owned()),
        Decimals::Comma if cell.contains('.') => Err(FieldError::format(bilingual!(
            "`{cell}` contains a point; this dialect uses a decimal comma and no thousands separators.",
            "`{cell}` enthält einen Punkt; Nachkommastellen stehen hier hinter einem Komma, zwischen Tausendern \
             steht nichts."
        ))),
        Decimals::Either if may_be_thousands(cell) => Err(FieldError::format(bilingual!(
            "`{cell}` is ambiguous: the separator can be a decimal or a thousands separator. Write the \
             number without thousands separators, or with a different number of decimals.",
            "`{cell}` kann in dieser Datei Tausender oder Nachkommastellen haben; schreiben Sie die Zahl ohne \
             Tausendertrennzeichen oder mit einer anderen Zahl von Nachkommastellen."
        ))),
        Decimals::Comma | Decimals::Either => Ok(cell.replace(',', ".")),
    }
}

/// Returns whether a separator is ambiguous without knowing the dialect, as in `1.234`, `12,345` and `1.234,5`, but not
/// in `0.123`.
fn may_be_thousands(cell: &str) -> bool {
    let digits = cell.trim_start_matches('-');
    let Some((whole, decimals)) = digits.split_once(['.', ',']) else { return false };
    decimals.contains(['.', ','])
        || (decimals.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0'))
}

/// Returns whether a spreadsheet would run the text as a formula, ignoring apostrophes from earlier escaping.
fn is_formula(text: &str) -> bool {
    let begins = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    text.trim_start_matches('\'').starts_with(begins)
}

/// Puts an apostrophe before a text that a spreadsheet would run as a formula in a CSV file (OWASP, CSV injection).
/// Workbooks have typed cells, in which a text is never run.
fn defuse(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// Removes the apostrophe that escapes a formula in a cell of a CSV file.
pub fn undefuse(text: &str) -> &str {
    text.strip_prefix('\'').filter(|_| is_formula(text)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn formulas_are_escaped_and_restored() {
        for text in ["=1+1", "'=1", "''-x", "'quoted'", "+49", "plain", "@x", "＝1"] {
            assert_eq!(undefuse(&defuse(text)), text);
        }
        assert_eq!(defuse("=1+1"), "'=1+1");
    }

    fn read(column: &Column, cell: &str, dialect: CsvDialect) -> Result<Value, &'static str> {
        let mut item = Map::new();
        column.read(cell, dialect, &mut item).map_err(|fault| fault.code)?;
        Ok(item.remove(&column.name).unwrap())
    }

    #[test]
    fn every_cell_survives_a_round_trip() {
        use Kind::*;
        for (kind, value, plain, german) in [
            (Text, json!("=1+1"), "'=1+1", "'=1+1"),
            (Text, json!("1.5"), "1.5", "1.5"),
            (Number, json!(49.84), "49.84", "49,84"),
            (Number, json!(-0.000_000_1), "-1e-7", "-1e-7"),
            (Number, json!(-3), "-3", "-3"),
            (Number, json!(730_000), "730000", "730000"),
            (Number, json!(0.1 + 0.2), "0.30000000000000004", "0,30000000000000004"),
            (Decimal, json!("125000.00"), "125000.00", "125000,00"),
            (Boolean, json!(true), "true", "true"),
            (List, json!(["-a;b", "c"]), r"'-a\;b;c", r"'-a\;b;c"),
            (Json, json!([{ "title": "=x" }]), r#"[{"title":"=x"}]"#, r#"[{"title":"=x"}]"#),
        ] {
            let column = Column::new("x", kind);
            for (dialect, cell) in [(CsvDialect::Rfc4180, plain), (CsvDialect::ExcelDe, german)] {
                assert_eq!(column.of(&json!({ "x": value })).write(dialect), cell);
                assert_eq!(read(&column, undefuse(cell), dialect).unwrap(), value, "{cell}");
            }
        }
    }

    #[test]
    fn spellings_of_an_integer_are_integers() {
        for (cell, expected) in [
            ("5.0", json!(5)),
            ("1e3", json!(1_000)),
            ("007", json!(7)),
            ("00.5", json!(0.5)),
            ("0", json!(0)),
            ("-0.0", json!(0)),
            ("1e300", json!(1e300)),
        ] {
            let column = Column::new("x", Kind::Number);
            assert_eq!(read(&column, cell, CsvDialect::Rfc4180).unwrap(), expected, "{cell}");
        }
        let percent = Column::new("own_share_percent", Kind::Number);
        assert_eq!(read(&percent, "12,5 %", CsvDialect::ExcelDe), Ok(json!(12.5)));
        assert_eq!(read(&Column::new("x", Kind::Number), "12%", CsvDialect::Rfc4180), Err("invalid_format"));
    }

    #[test]
    fn german_dates_are_converted_to_iso_8601() {
        let date = Column::new("from", Kind::Date);
        for (cell, value) in [
            ("31.12.2026", "2026-12-31"),
            ("1.2.2026", "2026-02-01"),
            ("01. 02. 2026", "2026-02-01"),
            ("12.2026", "2026-12"),
            ("2026", "2026"),
            ("2026-05", "2026-05"),
            // Ambiguous or impossible dates are left as typed, and refused later.
            ("31.12.26", "31.12.26"),
            ("12/31/2026", "12/31/2026"),
            ("12.31.2026", "12.31.2026"),
            ("1.2026.3", "1.2026.3"),
        ] {
            assert_eq!(read(&date, cell, CsvDialect::Rfc4180), Ok(json!(value)), "{cell}");
        }
    }

    #[test]
    fn error_values_of_formulas_are_refused() {
        for kind in [Kind::Text, Kind::Translation, Kind::Number, Kind::Reference, Kind::Json] {
            assert_eq!(read(&Column::new("x", kind), "#NV", CsvDialect::ExcelDe), Err("formula_error"));
        }
        for kind in [Kind::List, Kind::References, Kind::Participants] {
            assert_eq!(read(&Column::new("x", kind), "a;#REF!", CsvDialect::Rfc4180), Err("formula_error"));
        }
    }

    #[test]
    fn references_in_json_are_slugs() {
        let utility = json!({ "id": "1", "slug": "zxq", "name": "Zxq" });
        let values = json!({ "x": [{ "by": utility, "value": "1" }, { "by": { "id": "2" } }] });
        let cell = Column::new("x", Kind::Json).of(&values);
        assert_eq!(cell, Cell::Text(r#"[{"by":"zxq","value":"1"},{"by":{"id":"2"}}]"#.into()));
    }

    #[test]
    fn a_number_of_another_dialect_is_refused() {
        for (kind, dialect, cell) in [
            (Kind::Number, CsvDialect::Rfc4180, "49,84"),
            (Kind::Number, CsvDialect::ExcelDe, "49.84"),
            (Kind::Number, CsvDialect::ExcelDe, "1.234,5"),
            (Kind::Decimal, CsvDialect::ExcelDe, "125.000"),
        ] {
            assert_eq!(read(&Column::new("x", kind), cell, dialect), Err("invalid_format"), "{cell}");
        }
    }

    #[test]
    fn booleans_are_read_in_english_and_german() {
        for (cell, value) in [
            ("true", Ok(json!(true))),
            ("TRUE", Ok(json!(true))),
            ("Wahr", Ok(json!(true))),
            ("ja\u{a0}", Ok(json!(true))),
            ("FALSCH", Ok(json!(false))),
            ("No", Ok(json!(false))),
            (" ", Ok(Value::Null)),
            ("x", Err("unknown_value")),
            ("1", Err("unknown_value")),
        ] {
            for dialect in [CsvDialect::Rfc4180, CsvDialect::ExcelDe] {
                assert_eq!(read(&Column::new("x", Kind::Boolean), cell, dialect), value, "{cell:?}");
            }
        }
    }

    #[test]
    fn ambiguous_numbers_are_refused_if_the_separator_is_unknown() {
        let read = |cell| {
            let mut item = Map::new();
            let column = Column::new("x", Kind::Decimal);
            column
                .read(cell, Decimals::Either, &mut item)
                .map(|()| item.remove("x").unwrap())
                .map_err(|fault| fault.code)
        };
        for (cell, value) in [
            ("49,84", "49.84"),
            ("49.84", "49.84"),
            ("0,125", "0.125"),
            ("125000", "125000"),
            ("-49,8400", "-49.8400"),
            ("1234,567", "1234.567"),
        ] {
            assert_eq!(read(cell), Ok(json!(value)), "{cell}");
        }
        for cell in ["1.234", "-12,345", "1.234,5", "1,234,567"] {
            assert_eq!(read(cell), Err("invalid_format"), "{cell}");
        }
    }
}
