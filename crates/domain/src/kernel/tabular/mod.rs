//! A resource as a row of cells: the columns of CSV files and spreadsheets, the same for import and export.
//!
//! The columns are derived from the schema of the data struct:
//!
//! - Nested fields have dotted names (`population_served.value`).
//! - A localized text has one column for each language (`summary.en`).
//! - References are slugs.
//! - Plain lists are joined by `;`; a `;` inside an entry is `\;`.
//! - Parties are `utility:<slug>`; participants are `<role>:utility:<slug>`, with `@from/until` if known.
//! - Other nested values are compact JSON, in which references are slugs, too.
//!
//! Each column has a German heading, too.

pub mod cell;
mod column_set;
mod columns;
mod csv_dialect;
pub mod csv_injection;
mod date;
mod date_part;
mod field_labels;
mod field_serializer;
pub mod formula_error;
mod headings;
mod list_cell;
pub mod number;
mod number_format;

pub use self::column_set::ColumnSet;
pub use self::columns::{LANGUAGES, Layout};
pub use self::csv_dialect::CsvDialect;
pub use self::date_part::DatePart;
pub use self::field_labels::field_label;
pub use self::field_serializer::FieldSerializer;
pub use self::number_format::{DisplayedNumber, NumberFormat, Parts, Unit};

use chrono::NaiveDate;
use serde_json::{Map, Value};

use self::cell::Cell;
use self::date::iso_date;
use self::list_cell::{
    by_slug, join, participant, party, read_participant, read_party, slug, split, whole_party,
};
use self::number::{Decimals, number, with_point};
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
    /// A day.
    Date,
    /// A date, which may be only a year or a month.
    PartialDate,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// An instant.
    Instant,
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

/// A column: the path of its value in the JSON of a resource, and the format of its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name: the path of the field, separated by dots.
    pub name: String,
    /// The format of the cells.
    pub kind: Kind,
    /// What the cells have of a partial date, if it is only a part.
    pub part: Option<DatePart>,
    /// The schema name of the resource to which a reference refers.
    pub target: Option<String>,
}

fn at<'a>(item: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(item, |value, member| value.get(member))
}

impl Column {
    /// Makes the column of a field, or of the parent of a sub-resource.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind, part: None, target: None }
    }

    /// Returns the columns of the parts, if this is the column of a partial date.
    pub fn date_parts(&self) -> impl Iterator<Item = Self> {
        let parts = DatePart::ALL.into_iter().filter(|_| self.kind == Kind::PartialDate);
        parts.map(move |part| Self {
            name: format!("{}{}", self.name, part.suffix()),
            kind: if part == DatePart::Year { Kind::Integer } else { Kind::Date },
            part: Some(part),
            target: None,
        })
    }

    /// Returns the path of the value, separated by dots.
    pub fn path(&self) -> &str {
        let whole = self.part.and_then(|part| self.name.strip_suffix(part.suffix()));
        whole.unwrap_or(&self.name)
    }

    /// Returns the German heading, or the name if there is none.
    pub fn heading(&self) -> String {
        if let Some(part) = self.part {
            let heading = headings::of_member(self.path()).unwrap_or_else(|| self.path().to_owned());
            return format!("{heading} ({})", part.heading());
        }
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

    /// Returns the cell of an item; empty if the field is absent.
    pub fn of(&self, item: &Value) -> Cell {
        at(item, self.path()).map_or(Cell::Empty, |value| self.cell(value))
    }

    /// Returns the cell for a value of the field.
    pub fn cell(&self, value: &Value) -> Cell {
        if let Some(part) = self.part {
            return part.cell(value);
        }
        match (self.kind, value) {
            (_, Value::Null) => Cell::Empty,
            (Kind::Decimal, Value::String(number)) => Cell::Number(number.clone()),
            (Kind::Date | Kind::PartialDate, Value::String(text)) => day(text),
            (Kind::Text | Kind::Translation | Kind::Instant, Value::String(text)) => Cell::Text(text.clone()),
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

    /// Parses a cell and puts its value into an item. An empty or blank cell is `null`, which removes the field in a
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
            Kind::Text | Kind::Translation | Kind::Instant => Value::from(cell),
            Kind::Date | Kind::PartialDate => Value::from(iso_date(cell).unwrap_or_else(|| cell.to_owned())),
            Kind::Reference => Value::from(cell),
            Kind::References => split(cell).into(),
            Kind::List => split(cell).into(),
            Kind::Number | Kind::Integer => Value::Number(number(self.without_unit(cell), decimals)?),
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

/// Returns the cell of a date: a year or a month is a text.
fn day(text: &str) -> Cell {
    let day = text.parse::<NaiveDate>().ok().filter(|day| day.to_string() == text);
    day.map_or_else(|| Cell::Text(text.to_owned()), Cell::Date)
}

/// Parses a boolean as in JSON, as Excel writes it in English and German, or as people type it.
fn truth(cell: &str) -> Result<bool, FieldError> {
    match cell.to_lowercase().as_str() {
        "true" | "yes" | "wahr" | "ja" => Ok(true),
        "false" | "no" | "falsch" | "nein" => Ok(false),
        _ => Err(FieldError::unknown_value(cell, &["true", "false"])),
    }
}

#[cfg(test)]
mod tests;
