//! Numbers in cells, with a decimal point or a decimal comma.

use serde_json::{Number, Value};

use super::csv_dialect::CsvDialect;
use crate::bilingual;
use crate::kernel::violation::FieldError;

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

/// Parses a number, with or without leading zeros.
pub(super) fn number(cell: &str, decimals: Decimals) -> Result<Number, FieldError> {
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
pub(crate) fn integral(number: Number) -> Number {
    // Up to this number, an `f64` represents every integer exactly.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(value) if number.is_f64() && value.fract() == 0.0 && value.abs() <= EXACT => {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "it is an integer within the bounds of `EXACT`"
            )]
            let integer = value as i64;
            integer.into()
        }
        _ => number,
    }
}

/// Returns the number with a decimal point. Ambiguous numbers are refused.
pub(super) fn with_point(cell: &str, decimals: Decimals) -> Result<String, FieldError> {
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
