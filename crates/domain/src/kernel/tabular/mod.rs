//! A resource as a row of cells: the columns of CSV files and of sheets, the same for import and export.
//!
//! The columns follow from the schema of the data struct: nested members are dotted (`population_served.value`), a
//! text in several languages is a column each (`summary.en`), references are slugs, plain lists are joined by `;` (one that belongs to an
//! entry is `\;`), parties are `utility:<slug>`, participants `<role>:utility:<slug>` with `@from/until` where known;
//! what else is nested is compact JSON, in which references are slugs as well. Each column has a German heading too.

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

/// How the cells of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, as it is.
    Text,
    /// The same; one of a text's languages, which ends the column's name.
    Translation,
    /// A date, possibly of a year or a month only.
    Date,
    /// A number.
    Number,
    /// A decimal number that JSON holds as a text, so that no digit is lost.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// The slug (or id) of what it refers to.
    Reference,
    /// The slugs (or ids) of what it refers to, joined by `;`.
    References,
    /// Texts, joined by `;`.
    List,
    /// `utility:<slug>` or `organisation:<slug>`.
    Party,
    /// `utility:<slug>` or `organisation:<slug>`, joined by `;`.
    Parties,
    /// `<role>:utility:<slug>@from/until`, joined by `;`.
    Participants,
    /// Compact JSON; what it refers to is named by slug.
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
    /// What stands between two cells.
    pub const fn separator(self) -> u8 {
        match self {
            Self::Rfc4180 => b',',
            Self::ExcelDe => b';',
        }
    }

    /// What stands before the first line.
    pub const fn byte_order_mark(self) -> &'static str {
        match self {
            Self::Rfc4180 => "",
            Self::ExcelDe => "\u{feff}",
        }
    }
}

/// What stands before the decimals of the numbers in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimals {
    /// A point.
    Point,
    /// A comma.
    Comma,
    /// Either, number by number, because the file does not tell.
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

/// A column: where its value lies in the JSON form, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name: the path of the member, dotted.
    pub name: String,
    /// How its cells are written.
    pub kind: Kind,
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// A text; CSV writes it so that no spreadsheet runs it.
    Text(String),
    /// A number, as JSON writes it.
    Number(String),
    /// Yes or no.
    Boolean(bool),
}

impl Cell {
    /// As CSV has it.
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
    /// The column of a member, or of what a part belongs to.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind }
    }

    /// What it is called in German; its name where nobody has said.
    pub fn heading(&self) -> String {
        let heading = match (self.kind, self.name.rsplit_once('.')) {
            (Kind::Translation, Some((member, language))) => headings::of_text(member, language),
            _ => headings::of_member(&self.name),
        };
        heading.unwrap_or_else(|| self.name.clone())
    }

    /// What it is called in a dialect.
    pub fn title(&self, dialect: CsvDialect) -> String {
        match dialect {
            CsvDialect::Rfc4180 => self.name.clone(),
            CsvDialect::ExcelDe => self.heading(),
        }
    }

    /// Whether a header means it: by its name or by its heading, however it is typed.
    pub fn is_called(&self, header: &str) -> bool {
        let header = headings::folded(header);
        headings::folded(&self.name) == header || headings::folded(&self.heading()) == header
    }

    /// The cell of an item: empty where the member is absent.
    pub fn of(&self, item: &Value) -> Cell {
        at(item, &self.name).map_or(Cell::Empty, |value| self.cell(value))
    }

    /// The cell of the member's value.
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

    /// Puts the value of a cell into an item; an empty cell, or one of blanks, is `null`, which a merge patch clears.
    ///
    /// Errors: the cell is not written as its column wants it.
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

    /// What is counted in per cent may say so.
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

/// The party of a member that has one: it replaces what is there, whichever kind that is.
fn whole_party(cell: &str) -> Result<Value, FieldError> {
    let mut party = read_party(cell)?;
    if let Value::Object(members) = &mut party {
        for kind in ["utility", "organisation"] {
            members.entry(kind).or_insert(Value::Null);
        }
    }
    Ok(party)
}

/// The ISO 8601 form of a date as Germans write it: `31.12.2026`, or `12.2026` for a month.
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
    // Whatever else it is, it is refused as it was typed.
    if !(1..=12).contains(&month) || day.is_some_and(|day| !(1..=31).contains(&day)) {
        return None;
    }
    Some(match day {
        Some(day) => format!("{year:04}-{month:02}-{day:02}"),
        None => format!("{year:04}-{month:02}"),
    })
}

/// Yes or no, in the words of JSON, of Excel in English and in German, and of who fills in a form.
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
        // To the last digit, which JSON readers may get wrong.
        Ok(Value::Number(number)) if number.is_f64() => {
            text.trim().parse().ok().and_then(Number::from_f64).map(integral)
        }
        Ok(Value::Number(number)) => Some(number),
        _ => None,
    }
    .ok_or_else(|| FieldError::format(bilingual!("`{cell}` is not a number.", "`{cell}` ist keine Zahl.")))
}

/// `007` is a number to spreadsheets and people, though not to JSON.
fn without_leading_zeros(mut number: &str) -> &str {
    while let Some(rest) =
        number.strip_prefix('0').filter(|rest| rest.starts_with(|it: char| it.is_ascii_digit()))
    {
        number = rest;
    }
    number
}

/// The integer that a number is, where it is one: `5.0` and `1e3` are integers (JSON Schema, 4.2.3).
pub fn integral(number: Number) -> Number {
    // Integers up to here have their own number each.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(value) if number.is_f64() && value.fract() == 0.0 && value.abs() <= EXACT => {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "it is whole, and within the bounds of `EXACT`"
            )]
            let whole = value as i64;
            whole.into()
        }
        _ => number,
    }
}

/// The number with a point before its decimals. What may mean two things is refused.
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

/// Such as `1.234`, `12,345` and `1.234,5`, of which nobody knows where it was typed; but not `0.123`.
fn may_be_thousands(cell: &str) -> bool {
    let digits = cell.trim_start_matches('-');
    let Some((whole, decimals)) = digits.split_once(['.', ',']) else { return false };
    decimals.contains(['.', ','])
        || (decimals.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0'))
}

/// Whether a spreadsheet would take the text for a formula, behind any apostrophes that defused it before.
fn is_formula(text: &str) -> bool {
    let begins = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    text.trim_start_matches('\'').starts_with(begins)
}

/// Puts an apostrophe before what a spreadsheet would run in a CSV file (OWASP, CSV injection). A sheet has typed cells:
/// there a text is never run.
fn defuse(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// A cell of a CSV file without the apostrophe that defused it.
pub fn undefuse(text: &str) -> &str {
    text.strip_prefix('\'').filter(|_| is_formula(text)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn formulas_are_defused_and_come_back() {
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
    fn every_cell_is_read_as_it_was_written() {
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
    fn whole_numbers_are_integers_however_they_are_written() {
        for (cell, wanted) in [
            ("5.0", json!(5)),
            ("1e3", json!(1_000)),
            ("007", json!(7)),
            ("00.5", json!(0.5)),
            ("0", json!(0)),
            ("-0.0", json!(0)),
            ("1e300", json!(1e300)),
        ] {
            let column = Column::new("x", Kind::Number);
            assert_eq!(read(&column, cell, CsvDialect::Rfc4180).unwrap(), wanted, "{cell}");
        }
        let percent = Column::new("own_share_percent", Kind::Number);
        assert_eq!(read(&percent, "12,5 %", CsvDialect::ExcelDe), Ok(json!(12.5)));
        assert_eq!(read(&Column::new("x", Kind::Number), "12%", CsvDialect::Rfc4180), Err("invalid_format"));
    }

    #[test]
    fn a_date_is_read_as_germans_write_it() {
        let date = Column::new("from", Kind::Date);
        for (cell, value) in [
            ("31.12.2026", "2026-12-31"),
            ("1.2.2026", "2026-02-01"),
            ("01. 02. 2026", "2026-02-01"),
            ("12.2026", "2026-12"),
            ("2026", "2026"),
            ("2026-05", "2026-05"),
            // Nothing is guessed: these are refused as no dates.
            ("31.12.26", "31.12.26"),
            ("12/31/2026", "12/31/2026"),
            ("12.31.2026", "12.31.2026"),
            ("1.2026.3", "1.2026.3"),
        ] {
            assert_eq!(read(&date, cell, CsvDialect::Rfc4180), Ok(json!(value)), "{cell}");
        }
    }

    #[test]
    fn errors_of_formulas_are_no_values() {
        for kind in [Kind::Text, Kind::Translation, Kind::Number, Kind::Reference, Kind::Json] {
            assert_eq!(read(&Column::new("x", kind), "#NV", CsvDialect::ExcelDe), Err("formula_error"));
        }
        for kind in [Kind::List, Kind::References, Kind::Participants] {
            assert_eq!(read(&Column::new("x", kind), "a;#REF!", CsvDialect::Rfc4180), Err("formula_error"));
        }
    }

    #[test]
    fn json_refers_by_slug() {
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
    fn yes_and_no_are_read_as_they_are_typed() {
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
    fn where_a_file_does_not_tell_what_may_mean_two_things_is_refused() {
        let read = |cell| {
            let mut item = Map::new();
            let column = Column::new("x", Kind::Decimal);
            column
                .read(cell, Decimals::Either, &mut item)
                .map(|()| item.remove("x").unwrap())
                .map_err(|it| it.code)
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
