//! Calendar dates.

use chrono::{Datelike, NaiveDate};

use crate::kernel::clock::YEARS;
use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

string_newtype! {
    /// A day (ISO 8601), such as `2026-03-31`; years 0001 to 9999.
    CalendarDate {
        pattern: "^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}$",
        format: "date",
        example: "2026-03-31",
        parse: |text| match text.parse::<NaiveDate>() {
            // chrono also parses `2026-3-1` and signed years, which do not sort as text.
            Ok(day) if day.to_string() == text && YEARS.contains(&day.year()) => Ok(text.to_owned()),
            _ => Err(FieldError::format(bilingual!(
                "Expected a day such as `2026-03-31`.", "Erwartet wird ein Tag wie `2026-03-31`."
            ))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::CalendarDate;

    #[test]
    fn only_existing_dates_in_one_notation_are_valid() {
        assert_eq!(
            "2024-02-29".parse::<CalendarDate>().map(|day| day.to_string()),
            Ok("2024-02-29".to_owned())
        );
        for text in [
            "",
            "2023-02-29",
            "2024-2-29",
            "2024-02",
            "29.02.2024",
            "+2024-02-29",
            "2024-02- 29",
            "0000-01-01",
            "+10000-01-01",
            "-0001-01-01",
        ] {
            assert_eq!(
                text.parse::<CalendarDate>().map_err(|fault| fault.code),
                Err("invalid_format"),
                "{text:?}"
            );
        }
    }
}
