//! Time as a parameter: the domain never looks at a clock by itself.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, SubsecRound, Utc};

/// The years of RFC 3339 and ISO 8601 that are written with four digits and sort as texts.
pub const YEARS: RangeInclusive<i32> = 1..=9999;

/// Whether an instant can be written as in RFC 3339: its year, in UTC, has four digits.
pub fn is_writable(at: DateTime<Utc>) -> bool {
    YEARS.contains(&at.year())
}

/// Where "now" comes from.
pub trait Clock: Send + Sync {
    /// The current instant, cut to microseconds: PostgreSQL keeps no more, and a cursor made of a finer one would
    /// repeat rows.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// An instant as the API writes it: RFC 3339 in UTC with `Z` and microseconds.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}
