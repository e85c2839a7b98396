//! Time zones.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

string_newtype! {
    /// An IANA time zone name, such as `Europe/Berlin`.
    TimeZone {
        pattern: "^[A-Za-z][A-Za-z0-9_+/-]*$",
        example: "Europe/Berlin",
        parse: |text| match text.parse::<Tz>() {
            Ok(zone) => Ok(zone.name().to_owned()),
            Err(_) => Err(FieldError::new("unknown_value", bilingual!(
                "Expected an IANA time zone name, such as `Europe/Berlin`.",
                "Erwartet wird eine Zeitzone der IANA-Datenbank wie `Europe/Berlin`."
            ))),
        },
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self(Tz::Europe__Berlin.name().to_owned())
    }
}

impl TimeZone {
    /// Returns the time zone with its offsets.
    pub fn rules(&self) -> Tz {
        self.as_str().parse().unwrap_or(Tz::UTC)
    }

    /// Returns the instant of a local time. If it occurs twice because the clocks go back, it is the first one (as in
    /// RFC 5545); `None` if it is skipped because the clocks go forward.
    pub fn instant(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        self.rules().from_local_datetime(&local).earliest().map(|at| at.with_timezone(&Utc))
    }

    /// Returns the start of a day: usually midnight, later if that is skipped.
    pub fn start_of_day(&self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        let quarters = (0..=24 * 4).map(|quarter| midnight + TimeDelta::minutes(15 * quarter));
        quarters.into_iter().find_map(|local| self.instant(local)).unwrap_or_else(|| midnight.and_utc())
    }

    /// Returns the end of a day, which is the start of the next one.
    pub fn end_of_day(&self, day: NaiveDate) -> DateTime<Utc> {
        self.start_of_day(day.checked_add_days(Days::new(1)).unwrap_or(day))
    }

    /// Returns the local date at an instant.
    pub fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.rules()).date_naive()
    }
}

#[cfg(test)]
mod tests {
    use super::TimeZone;

    fn instant(zone: &str, local: &str) -> Option<String> {
        let zone: TimeZone = zone.parse().unwrap();
        zone.instant(local.parse().unwrap()).map(|at| at.format("%d %H:%M").to_string())
    }

    #[test]
    fn a_skipped_local_time_has_no_instant_and_a_repeated_one_the_first() {
        for (local, utc) in [
            ("2026-03-29T01:59:00", Some("29 00:59")),
            ("2026-03-29T02:00:00", None),
            ("2026-03-29T02:59:00", None),
            ("2026-03-29T03:00:00", Some("29 01:00")),
            ("2026-10-25T01:59:00", Some("24 23:59")),
            ("2026-10-25T02:30:00", Some("25 00:30")),
            ("2026-10-25T03:00:00", Some("25 02:00")),
        ] {
            assert_eq!(instant("Europe/Berlin", local).as_deref(), utc, "{local}");
        }
        assert_eq!(instant("Africa/Lusaka", "2026-03-29T02:30:00").as_deref(), Some("29 00:30"));
    }

    #[test]
    fn days_of_clock_changes_have_23_or_25_hours() {
        let zone = TimeZone::default();
        let hours = |day: &str| {
            let day = day.parse().unwrap();
            (zone.end_of_day(day) - zone.start_of_day(day)).num_hours()
        };
        assert_eq!([hours("2026-03-29"), hours("2026-10-25"), hours("2026-11-23")], [23, 25, 24]);
        // Clocks are set forward at midnight.
        let beirut: TimeZone = "Asia/Beirut".parse().unwrap();
        assert_eq!(
            beirut.start_of_day("2026-03-29".parse().unwrap()).to_rfc3339(),
            "2026-03-28T22:00:00+00:00"
        );
    }

    #[test]
    fn unknown_zones_are_refused() {
        assert_eq!("Europe/Kyiv".parse::<TimeZone>().map(|zone| zone.to_string()), Ok("Europe/Kyiv".into()));
        for text in ["", "Berlin", "europe/berlin", "Europe/ Berlin", "+01:00", "CEST"] {
            assert_eq!(
                text.parse::<TimeZone>().map_err(|fault| fault.code),
                Err("unknown_value"),
                "{text:?}"
            );
        }
    }
}
