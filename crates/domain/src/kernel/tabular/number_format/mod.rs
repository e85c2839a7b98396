//! Interprets the number in a cell by its number format: a number, a percentage, a date, a time or a duration.
//!
//! A workbook stores all of them as a number, with days as the unit of time. Only the number format of the cell
//! (ECMA-376, 18.8.30 and 18.8.31) tells them apart.

mod format_code;

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
    Moment(Parts),
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
            14..=16 | 27..=31 | 36 | 50..=54 | 57 | 58 => Self::Moment(date),
            17 => Self::Moment(Parts { day: false, ..date }),
            18 | 20 | 32 | 34 | 55 => Self::Moment(time),
            19 | 21 | 33 | 35 | 45 | 47 | 56 => Self::Moment(Parts { seconds: true, ..time }),
            22 => Self::Moment(Parts { time: true, ..date }),
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
            return Self::Moment(parts);
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
            Self::Moment(parts) => moment(parts, number, is_1904).map(DisplayedNumber::with_equal_text),
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

fn moment(parts: Parts, number: f64, is_1904: bool) -> Result<String, FieldError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str, number: f64) -> String {
        match NumberFormat::of(code).display(number, false) {
            Ok(DisplayedNumber { text, .. }) => text,
            Err(fault) => fault.code.to_owned(),
        }
    }

    #[test]
    fn numbers_have_fifteen_digits() {
        for (code, number, expected) in [
            ("General", 125_000.000_000_000_01, "125000"),
            ("0.00", 0.1 + 0.2, "0.3"),
            ("#,##0.00\\ \"€\"", 125_000.0, "125000"),
            ("#,##0.00\\ [$€-407]", 1234.5, "1234.5"),
            ("0.00E+00", 498_912_345_678.0, "498912345678"),
            ("@", 5.0, "5"),
            ("General", -0.0, "0"),
            ("General", 1e-7, "0.0000001"),
            ("General", 1_234_567_890_123_456.0, "too_many_digits"),
            ("00000", 1097.0, "01097"),
            ("0", 5.0, "5"),
            ("[Red]0.0 \"days\"", 2.5, "2.5"),
        ] {
            assert_eq!(shown(code, number), expected, "{code}");
        }
    }

    #[test]
    fn percentages_are_multiplied_by_a_hundred() {
        let percent = |code, number| NumberFormat::of(code).display(number, false).unwrap();
        assert_eq!(percent("0%", 1.0), DisplayedNumber { text: "100%".into(), value: "100".into() });
        assert_eq!(percent("0.00\\ %", 0.07).value, "7");
        assert_eq!(percent("0.0%", 0.125).value, "12.5");
        assert_eq!(percent("0\"%\"", 40.0).value, "40");
        assert_eq!(NumberFormat::built_in(9), NumberFormat::Percent);
    }

    #[test]
    fn dates_and_times_are_read_as_displayed() {
        for (code, number, expected) in [
            ("h:mm", 10.0 / 24.0, "10:00"),
            ("hh:mm", 0.416_666_666_7, "10:00"),
            ("h:mm:ss", 10.0 / 24.0, "10:00"),
            ("hh:mm:ss", 0.416_678_240_740_740_7, "10:00:01"),
            ("h:mm AM/PM", 0.75, "18:00"),
            ("[$-F400]h:mm:ss\\ AM/PM", 0.5625, "13:30"),
            ("hh:mm", 0.0, "00:00"),
            ("hh:mm", 45_000.5, "12:00"),
            ("[h]:mm", 26.5 / 24.0, "26:30"),
            ("[mm]", 90.0 / 1440.0, "90"),
            ("mm:ss", 0.5, "12:00"),
            ("yyyy-mm-dd", 45_060.0, "2023-05-14"),
            ("dd.mm.yyyy", 45_060.75, "2023-05-14"),
            ("[$-407]d/\\ mmmm\\ yyyy;@", 45_060.0, "2023-05-14"),
            ("d-mmm", 45_060.0, "2023-05-14"),
            ("mmm-yy", 45_047.0, "2023-05"),
            ("mm/yyyy", 45_047.0, "2023-05"),
            ("yyyy", 43_466.0, "2019"),
            ("m/d/yy h:mm", 45_060.5, "2023-05-14T12:00:00"),
            ("dd.mm.yyyy hh:mm", 45_060.0, "2023-05-14"),
            ("dd.mm.yyyy hh:mm", 10.0 / 24.0, "10:00"),
            ("dd.mm.yyyy", 2019.0, "impossible_date"),
            ("yyyy", 2019.0, "impossible_date"),
            ("dd.mm.yyyy", 10.0 / 24.0, "impossible_date"),
            ("dd.mm.yyyy", -1.0, "impossible_date"),
        ] {
            assert_eq!(shown(code, number), expected, "{code} {number}");
        }
        let day = NumberFormat::built_in(14);
        assert_eq!(day.display(43_598.0, true).unwrap().text, "2023-05-14");
    }
}
