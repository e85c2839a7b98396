//! Dates of which only the year or the month may be known.

use std::cmp::Ordering;
use std::str::FromStr;

use chrono::{Months, NaiveDate};
use utoipa::PartialSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::kernel::bilingual::typed;
use crate::kernel::violation::FieldError;
use crate::{as_text, bilingual};

/// The valid years. Other years are most likely typos.
const YEARS: std::ops::RangeInclusive<i32> = 1800..=2200;

/// A year, a month or a day: its text and the period that it covers. Sorted by the first day of the period, then by the
/// last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartialDate {
    text: String,
    first: NaiveDate,
    last: NaiveDate,
}

impl PartialDate {
    /// Returns the date as text, as precise as it is known.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the first day of the period.
    pub fn first_day(&self) -> NaiveDate {
        self.first
    }

    /// Returns the last day of the period.
    pub fn last_day(&self) -> NaiveDate {
        self.last
    }

    /// Returns whether a period that starts at `self` can end at `end`. `2023-05` and `2023` can.
    pub fn can_end_at(&self, end: &Self) -> bool {
        self.first <= end.last
    }
}

impl FromStr for PartialDate {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let text = typed(text);
        let shape = || {
            FieldError::format(bilingual!(
                "Expected a date such as `2023`, `2023-05` or `2023-05-14` (ISO 8601).",
                "Erwartet: Datum wie `2023`, `2023-05` oder `2023-05-14` (ISO 8601)."
            ))
        };
        let number = |part: &str, digits: usize| {
            let is_number = part.len() == digits && part.bytes().all(|digit| digit.is_ascii_digit());
            if is_number { part.parse::<u32>().map_err(|_| shape()) } else { Err(shape()) }
        };
        let mut parts = text.split('-');
        let year = number(parts.next().unwrap_or_default(), 4)?;
        let month = parts.next().map(|part| number(part, 2)).transpose()?;
        let day = parts.next().map(|part| number(part, 2)).transpose()?;
        if parts.next().is_some() {
            return Err(shape());
        }

        let year = i32::try_from(year).map_err(|_| shape())?;
        if !YEARS.contains(&year) {
            let (from, until) = YEARS.into_inner();
            let detail = bilingual!(
                "The year must be between {from} and {until}.",
                "Das Jahr muss zwischen {from} und {until} liegen."
            );
            return Err(FieldError::new("invalid_date", detail));
        }
        let first = NaiveDate::from_ymd_opt(year, month.unwrap_or(1), day.unwrap_or(1));
        let months = match (month, day) {
            (_, Some(_)) => None,
            (Some(_), None) => Some(Months::new(1)),
            (None, None) => Some(Months::new(12)),
        };
        let last = first.and_then(|first| match months {
            Some(months) => first.checked_add_months(months)?.pred_opt(),
            None => Some(first),
        });
        match (first, last) {
            (Some(first), Some(last)) => Ok(Self { text: text.to_owned(), first, last }),
            _ => Err(FieldError::new(
                "invalid_date",
                bilingual!("The date `{text}` does not exist.", "Ein Datum `{text}` gibt es nicht."),
            )),
        }
    }
}

impl Ord for PartialDate {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.first, self.last).cmp(&(other.first, other.last))
    }
}

impl PartialOrd for PartialDate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialSchema for PartialDate {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "A full or partial date (ISO 8601, years 1800 to 2200): a year, a month or a day.",
            ))
            .pattern(Some(
                "^(1[89][0-9]{2}|2[01][0-9]{2}|2200)(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$",
            ))
            .examples(["2023", "2023-05", "2023-05-14"])
            .into()
    }
}

as_text!(PartialDate);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{NaiveDate, PartialDate};

    fn period(text: &str) -> Result<(String, String), &'static str> {
        let date = text.parse::<PartialDate>().map_err(|fault| fault.code)?;
        Ok((date.first_day().to_string(), date.last_day().to_string()))
    }

    fn days(first: &str, last: &str) -> Result<(String, String), &'static str> {
        Ok((first.to_owned(), last.to_owned()))
    }

    #[test]
    fn a_partial_date_covers_a_period() {
        assert_eq!(period("2023"), days("2023-01-01", "2023-12-31"));
        assert_eq!(period("2023-05"), days("2023-05-01", "2023-05-31"));
        assert_eq!(period("2024-02"), days("2024-02-01", "2024-02-29"));
        assert_eq!(period("2023-12"), days("2023-12-01", "2023-12-31"));
        assert_eq!(period("2023-05-14"), days("2023-05-14", "2023-05-14"));
        assert_eq!(period("2200"), days("2200-01-01", "2200-12-31"));
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in ["2023-13", "2023-00", "2023-02-30", "2023-02-29", "2023-05-00", "1799", "2201", "0000"] {
            assert_eq!(period(text), Err("invalid_date"), "{text:?}");
        }
    }

    #[test]
    fn other_formats_are_refused() {
        for text in [
            "",
            "23",
            "02023",
            "2023-5",
            "2023-",
            "2023-05-",
            "2023-05-14-1",
            "14.05.2023",
            "2023/05",
            "-2023",
            "+023",
            "2023-05-14T00:00:00Z",
            "２０２３",
            "20 23",
        ] {
            assert_eq!(period(text), Err("invalid_format"), "{text:?}");
        }
    }

    #[test]
    fn partial_dates_may_overlap() {
        let agree = |start: &str, end: &str| {
            let end = end.parse::<PartialDate>();
            start.parse::<PartialDate>().is_ok_and(|start| end.is_ok_and(|end| start.can_end_at(&end)))
        };
        assert!(agree("2023", "2023-05"));
        assert!(agree("2023-05", "2023"));
        assert!(agree("2023-05-14", "2023-05-14"));
        assert!(!agree("2023-06", "2023-05"));
        assert!(!agree("2024", "2023-12-31"));
    }

    proptest! {
        #[test]
        fn every_day_lies_in_its_month_and_year(days in 0..146_000_u64) {
            let start = NaiveDate::from_ymd_opt(1800, 1, 1);
            let day = start.and_then(|start| start.checked_add_days(chrono::Days::new(days)));
            let text = day.map(|day| day.to_string()).unwrap_or_default();
            let cuts = [4, 7, 10].into_iter().filter_map(|length| text.get(..length));
            let dates: Vec<PartialDate> = cuts.filter_map(|text| text.parse().ok()).collect();
            prop_assert_eq!(dates.len(), 3);
            for date in &dates {
                prop_assert!(Some(date.first_day()) <= day && day <= Some(date.last_day()));
                prop_assert_eq!(date.as_str().parse(), Ok(date.clone()));
            }
        }
    }
}
