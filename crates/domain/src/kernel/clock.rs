//! Time as a parameter. Only [`SystemClock`] reads the clock of the machine.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, SubsecRound, Utc};

/// The years that RFC 3339 and ISO 8601 write with four digits; their texts sort by time.
pub const YEARS: RangeInclusive<i32> = 1..=9999;

/// Returns whether RFC 3339 can write an instant: its year, in UTC, has four digits.
pub fn is_writable(at: DateTime<Utc>) -> bool {
    YEARS.contains(&at.year())
}

/// The source of the current time.
pub trait Clock: Send + Sync {
    /// Returns the current instant, truncated to microseconds: PostgreSQL stores no more, and a cursor with a finer
    /// instant would repeat rows.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the system clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// Formats an instant as in the API: RFC 3339 in UTC with `Z` and microseconds.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}
