//! The content of a cell, and its text in a CSV file.

use chrono::NaiveDate;

use super::csv_dialect::CsvDialect;
use super::csv_injection::escape_formula;

/// The content of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// No value.
    Empty,
    /// Text. In CSV, it is escaped so that no spreadsheet runs it as a formula.
    Text(String),
    /// A day.
    Date(NaiveDate),
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
            Self::Text(text) => escape_formula(&text),
            Self::Date(day) => day.to_string(),
            Self::Number(number) if dialect == CsvDialect::ExcelDe => number.replace('.', ","),
            Self::Number(number) => number,
            Self::Boolean(yes) => yes.to_string(),
        }
    }
}
