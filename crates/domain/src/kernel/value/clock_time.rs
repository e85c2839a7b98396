//! Times of day.

use chrono::NaiveTime;

use crate::kernel::violation::Fault;
use crate::{say, text};

text! {
    /// Time of day, local: hours and minutes, such as `09:30`.
    ClockTime {
        pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$",
        example: "09:30",
        parse: |text| match NaiveTime::parse_from_str(text, "%H:%M") {
            // The parser takes `9:30` too, which would not sort as text.
            Ok(time) if time.format("%H:%M").to_string() == text => Ok(text.to_owned()),
            _ => Err(Fault::format(say!(
                "Expected a time of day such as `09:30`.", "Erwartet wird eine Uhrzeit wie `09:30`."
            ))),
        },
    }
}

impl ClockTime {
    /// The time; midnight for what is none, which there is not.
    pub fn time(&self) -> NaiveTime {
        NaiveTime::parse_from_str(self.as_str(), "%H:%M").unwrap_or(NaiveTime::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::ClockTime;

    #[test]
    fn a_time_of_day_written_in_one_way() {
        for text in ["00:00", "09:30", "23:59"] {
            assert_eq!(
                text.parse::<ClockTime>().map(|time| time.time().format("%H:%M").to_string()),
                Ok(text.into())
            );
        }
        for text in ["", "9:30", "24:00", "09:60", "09:30:00", "09.30", " 09:30", "+9:30", "09:3"] {
            assert_eq!(
                text.parse::<ClockTime>().map_err(|fault| fault.code),
                Err("invalid_format"),
                "{text:?}"
            );
        }
    }
}
