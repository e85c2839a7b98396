//! Times of day.

use chrono::NaiveTime;

use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

string_newtype! {
    /// A local time of day in hours and minutes, such as `09:30`. Zero seconds are removed.
    ClockTime {
        pattern: "^([01]?[0-9]|2[0-3]):[0-5][0-9](:00)?$",
        example: "09:30",
        // Spreadsheets write `9:30` and `09:30:00`, but only `09:30` sorts as text.
        parse: |text| {
            let is_number = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit());
            let read = match text.split(':').collect::<Vec<_>>().as_slice() {
                [hours, minutes] | [hours, minutes, "00"] if is_number(hours) && minutes.len() == 2 => {
                    NaiveTime::parse_from_str(&format!("{hours}:{minutes}"), "%H:%M").ok()
                }
                _ => None,
            };
            read.map(|time| time.format("%H:%M").to_string()).ok_or_else(|| FieldError::format(bilingual!(
                "Expected a time of day such as `09:30`.", "Erwartet wird eine Uhrzeit wie `09:30`."
            )))
        },
    }
}

impl ClockTime {
    /// Returns the time.
    pub fn time(&self) -> NaiveTime {
        NaiveTime::parse_from_str(self.as_str(), "%H:%M").unwrap_or(NaiveTime::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::ClockTime;

    #[test]
    fn times_of_day_are_normalised() {
        for (text, normal) in [
            ("00:00", "00:00"),
            ("09:30", "09:30"),
            ("23:59", "23:59"),
            ("9:30", "09:30"),
            ("09:30:00", "09:30"),
            ("9:30:00", "09:30"),
            ("\u{a0}10:00 ", "10:00"),
        ] {
            assert_eq!(text.parse::<ClockTime>().map(|time| time.to_string()), Ok(normal.into()), "{text:?}");
        }
        for text in [
            "", "24:00", "09:60", "09:30:01", "09:30:0", "09.30", "+9:30", "09:3", "009:30", "09: 30",
            "-1:30",
        ] {
            assert_eq!(
                text.parse::<ClockTime>().map_err(|fault| fault.code),
                Err("invalid_format"),
                "{text:?}"
            );
        }
    }
}
