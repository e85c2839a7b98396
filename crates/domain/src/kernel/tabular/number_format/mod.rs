//! Interprets the number in a cell by its number format: a number, a percentage, a date, a time or a duration.
//!
//! A workbook stores all of them as a number, with days as the unit of time. Only the number format of the cell
//! (ECMA-376, 18.8.30 and 18.8.31) tells them apart.

mod format_code;
#[cfg(test)]
mod tests;

use chrono::{Datelike, NaiveDate, TimeDelta};

use self::format_code::{Token, parts, tokens};
use crate::bilingual;
use crate::kernel::violation::FieldError;

/// Dates before this year are taken for other numbers that are formatted as dates: years from 1 to 2100, and all counts
/// up to 18,000, fall before it.
const FIRST_YEAR: i32 = 1950;

/// The number of significant digits that spreadsheets store.
const DIGITS: usize = 15;

const SECONDS_A_DAY: i64 = 86_400;

/// The number in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayedNumber {
    /// The number as displayed, for texts.
    pub text: String,
    /// The value, for numbers.
    pub value: String,
}

impl DisplayedNumber {
    fn with_equal_text(text: String) -> Self {
        Self { value: text.clone(), text }
    }
}

/// A number format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberFormat {
    /// A number, with any text around it.
    #[default]
    Plain,
    /// A percentage.
    Percent,
    /// A number with leading zeros, up to this number of digits.
    Padded(usize),
    /// A date, a time, or both.
    DateTime(Parts),
    /// A duration in hours, minutes or seconds.
    Elapsed(Unit),
}

/// The parts of a date and time that are displayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    year: bool,
    month: bool,
    day: bool,
    time: bool,
    seconds: bool,
}

impl Parts {
    /// All parts.
    pub const ALL: Self = Self { year: true, month: true, day: true, time: true, seconds: true };

    fn has_date(self) -> bool {
        self.year || self.month || self.day
    }
}

/// The unit of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `[h]:mm`
    Hours,
    /// `[m]`
    Minutes,
    /// `[s]`
    Seconds,
}

impl NumberFormat {
    /// Returns the built-in format with this id.
    pub fn built_in(id: u32) -> Self {
        let date = Parts { year: true, month: true, day: true, ..Parts::default() };
        let time = Parts { time: true, ..Parts::default() };
        match id {
            9 | 10 => Self::Percent,
            // 27 to 58 are dates of East Asian calendars, with times in between.
            14..=16 | 27..=31 | 36 | 50..=54 | 57 | 58 => Self::DateTime(date),
            17 => Self::DateTime(Parts { day: false, ..date }),
            18 | 20 | 32 | 34 | 55 => Self::DateTime(time),
            19 | 21 | 33 | 35 | 45 | 47 | 56 => Self::DateTime(Parts { seconds: true, ..time }),
            22 => Self::DateTime(Parts { time: true, ..date }),
            46 => Self::Elapsed(Unit::Hours),
            _ => Self::Plain,
        }
    }

    /// Parses a format code; of several sections, the one for positive numbers.
    pub fn of(code: &str) -> Self {
        let tokens = tokens(code);
        let has = |letter: char| tokens.contains(&Token::Run(letter));
        for token in &tokens {
            match token {
                Token::Elapsed('h') => return Self::Elapsed(Unit::Hours),
                Token::Elapsed('m') => return Self::Elapsed(Unit::Minutes),
                Token::Elapsed(_) => return Self::Elapsed(Unit::Seconds),
                _ => {}
            }
        }
        if has('%') {
            return Self::Percent;
        }
        let parts = parts(&tokens);
        if parts.has_date() || parts.time {
            return Self::DateTime(parts);
        }
        let zeros = tokens.iter().filter(|token| **token == Token::Zero).count();
        let is_padded =
            zeros > 1 && !tokens.iter().any(|token| matches!(token, Token::Digit | Token::Run('.')));
        if is_padded { Self::Padded(zeros) } else { Self::Plain }
    }

    /// Returns a number as a cell with this format displays it. `is_1904` is whether the workbook counts days from
    /// 1904.
    ///
    /// Errors: the displayed value cannot be what the author meant, or the number has more digits than a spreadsheet
    /// stores.
    pub fn display(self, number: f64, is_1904: bool) -> Result<DisplayedNumber, FieldError> {
        match self {
            Self::Plain => Ok(DisplayedNumber::with_equal_text(plain(number)?)),
            Self::Percent => {
                let value = plain(number * 100.0)?;
                Ok(DisplayedNumber { text: format!("{value}%"), value })
            }
            Self::Padded(width) => {
                let value = plain(number)?;
                let is_whole = value.bytes().all(|byte| byte.is_ascii_digit());
                let text = if is_whole { format!("{value:0>width$}") } else { value.clone() };
                Ok(DisplayedNumber { text, value })
            }
            Self::DateTime(parts) => date_time(parts, number, is_1904).map(DisplayedNumber::with_equal_text),
            Self::Elapsed(unit) => elapsed(unit, number).map(DisplayedNumber::with_equal_text),
        }
    }
}

/// Formats a number with the digits that a spreadsheet stores.
fn plain(number: f64) -> Result<String, FieldError> {
    if !number.is_finite() || number.abs() >= 1e15 {
        let detail = bilingual!(
            "Excel stores only {DIGITS} digits of a number, and this number has more. Format the cell as \
             text and enter the number again.",
            "Excel behält von einer Zahl {DIGITS} Stellen, und diese hat mehr. Formatieren Sie die Zelle als Text und \
             geben Sie sie neu ein."
        );
        return Err(FieldError::new("too_many_digits", detail));
    }
    let rounded = format!("{number:.*e}", DIGITS - 1).parse().unwrap_or(number);
    Ok(if rounded == 0.0 { "0".to_owned() } else { rounded.to_string() })
}

fn impossible(shown: String) -> FieldError {
    let detail = bilingual!(
        "The cell contains a number that is formatted as a date and displayed as {shown}. Set the number \
         format to `General` (or `Text` for a year), enter the value again, and save the file.",
        "Die Zelle enthält eine Zahl, die als Datum formatiert ist, und zeigt {shown}. Stellen Sie ihr Zahlenformat auf \
         „Standard“ (oder „Text“ für ein Jahr), geben Sie den Wert neu ein und speichern Sie."
    );
    FieldError::new("impossible_date", detail)
}

/// Converts days to whole seconds.
fn seconds(days: f64) -> Option<i64> {
    // Excel has no dates after the year 9999, and none below zero.
    (0.0..2_958_466.0).contains(&days).then(|| {
        #[allow(clippy::cast_possible_truncation, reason = "it is within the bounds above")]
        let seconds = (days * 86_400.0).round() as i64;
        seconds
    })
}

fn time(seconds: i64, with_seconds: bool) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if with_seconds && rest != 0 {
        format!("{hours:02}:{minutes:02}:{rest:02}")
    } else {
        format!("{hours:02}:{minutes:02}")
    }
}

fn date_time(parts: Parts, number: f64, is_1904: bool) -> Result<String, FieldError> {
    let seconds = seconds(number).ok_or_else(|| impossible("`####`".to_owned()))?;
    let (days, of_day) = (seconds / SECONDS_A_DAY, seconds % SECONDS_A_DAY);
    if parts.time && (!parts.has_date() || days == 0) {
        return Ok(time(of_day, parts.seconds));
    }
    // Day 1 is 1900-01-01, and 1900-02-29, which did not exist, is counted. Earlier days are refused in any case.
    let zero =
        if is_1904 { NaiveDate::from_ymd_opt(1904, 1, 1) } else { NaiveDate::from_ymd_opt(1899, 12, 30) };
    let date = zero.and_then(|zero| zero.checked_add_signed(TimeDelta::days(days)));
    let date = date.ok_or_else(|| impossible("`####`".to_owned()))?;
    if date.year() < FIRST_YEAR {
        return Err(impossible(date.to_string()));
    }
    let text = match parts {
        Parts { year: true, month: false, day: false, time: false, .. } => date.format("%Y").to_string(),
        Parts { year: true, month: true, day: false, time: false, .. } => date.format("%Y-%m").to_string(),
        _ => date.to_string(),
    };
    if parts.time && of_day != 0 {
        let clock = time(of_day, true);
        let clock = if clock.len() == 5 { clock + ":00" } else { clock };
        return Ok(format!("{text}T{clock}"));
    }
    Ok(text)
}

fn elapsed(unit: Unit, number: f64) -> Result<String, FieldError> {
    let seconds = seconds(number).ok_or_else(|| impossible("`####`".to_owned()))?;
    Ok(match unit {
        Unit::Hours => time(seconds, true),
        Unit::Minutes if seconds % 60 == 0 => (seconds / 60).to_string(),
        Unit::Minutes => format!("{}:{:02}", seconds / 60, seconds % 60),
        Unit::Seconds => seconds.to_string(),
    })
}
