//! Time zones in iCalendar files (RFC 5545, section 3.6.5): each change of the offset in the years of the events.

use chrono::{DateTime, Days, NaiveDate, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{OffsetComponents, OffsetName, Tz};

/// Returns the lines of a `VTIMEZONE` that is valid from the start of the first year to the end of the last: one
/// observance for each pair of offsets, with all dates on which it starts. Some programs read no more than two
/// observances correctly.
pub(super) fn observances(zone: Tz, from: i32, to: i32) -> Vec<String> {
    // One more year on either side: an event at night can extend into the next year, and programs repeat the
    // observances that they read. Years have four digits.
    let (begin, end) = (new_year((from - 1).max(1)), new_year((to + 2).min(10_000)));
    let changes = changes(zone, begin, end);
    let mut observances: Vec<Observance> = Vec::new();
    if changes.first().is_none_or(|(at, _)| *at >= new_year(from)) {
        observances.push(Observance::at(zone, begin, seconds(zone, begin)));
    }
    for (at, before) in changes {
        let new = Observance::at(zone, at, before);
        match observances.iter_mut().find(|known| known.lines == new.lines) {
            Some(known) => known.starts.extend(new.starts),
            None => observances.push(new),
        }
    }
    let mut lines = vec!["BEGIN:VTIMEZONE".to_owned(), format!("TZID:{}", zone.name())];
    lines.extend(observances.into_iter().flat_map(Observance::into_lines));
    lines.push("END:VTIMEZONE".into());
    lines
}

/// Returns the instants at which the offset of a zone changes, each with the previous offset.
fn changes(zone: Tz, begin: DateTime<Utc>, end: DateTime<Utc>) -> Vec<(DateTime<Utc>, i32)> {
    let (mut changes, mut day) = (Vec::new(), begin);
    while day < end {
        let next = day.checked_add_days(Days::new(1)).unwrap_or(end);
        if seconds(zone, day) != seconds(zone, next) {
            let at = change(zone, day, next);
            changes.push((at, seconds(zone, at - TimeDelta::seconds(1))));
        }
        day = next;
    }
    changes
}

/// A change from one offset to another, with its dates in the local time before the change.
struct Observance {
    kind: &'static str,
    lines: [String; 3],
    starts: Vec<String>,
}

impl Observance {
    fn at(zone: Tz, at: DateTime<Utc>, before: i32) -> Self {
        let offset = zone.offset_from_utc_datetime(&at.naive_utc());
        let summer = offset.dst_offset() != TimeDelta::zero();
        let start = at.naive_utc() + TimeDelta::seconds(before.into());
        Self {
            kind: if summer { "DAYLIGHT" } else { "STANDARD" },
            lines: [
                format!("TZOFFSETFROM:{}", format_offset(before)),
                format!("TZOFFSETTO:{}", format_offset(seconds(zone, at))),
                format!("TZNAME:{}", offset.abbreviation().unwrap_or(zone.name())),
            ],
            starts: vec![start.format("%Y%m%dT%H%M%S").to_string()],
        }
    }

    fn into_lines(self) -> Vec<String> {
        let Self { kind, lines, starts } = self;
        let mut all = vec![format!("BEGIN:{kind}")];
        let dates = starts.iter().enumerate();
        all.extend(
            dates.map(|(index, start)| format!("{}:{start}", if index == 0 { "DTSTART" } else { "RDATE" })),
        );
        all.extend(lines);
        all.push(format!("END:{kind}"));
        all
    }
}

/// Returns the first second with another offset than at `early`.
fn change(zone: Tz, early: DateTime<Utc>, late: DateTime<Utc>) -> DateTime<Utc> {
    let (mut low, mut high) = (early, late);
    while high - low > TimeDelta::seconds(1) {
        let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
        if seconds(zone, middle) == seconds(zone, early) { low = middle } else { high = middle }
    }
    high
}

fn seconds(zone: Tz, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

/// Formats an offset as `+0530`, with seconds only if there are any (section 3.3.14).
fn format_offset(seconds: i32) -> String {
    let (sign, all) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60);
    let rest = if rest == 0 { String::new() } else { format!("{rest:02}") };
    format!("{sign}{hours:02}{minutes:02}{rest}")
}

fn new_year(year: i32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_time(chrono::NaiveTime::MIN).and_utc()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Returns the offset from each start on.
    fn read(lines: &[String]) -> BTreeMap<String, String> {
        let (mut all, mut starts) = (BTreeMap::new(), Vec::new());
        for line in lines {
            match line.split_once(':') {
                Some(("DTSTART" | "RDATE", start)) => starts.push(start.to_owned()),
                Some(("TZOFFSETTO", offset)) => {
                    all.extend(starts.drain(..).map(|start| (start, offset.to_owned())));
                }
                _ => {}
            }
        }
        all
    }

    #[test]
    fn a_zone_has_one_observance_for_each_pair_of_offsets() {
        for (zone, from, to, expected) in [
            (Tz::Europe__Berlin, 2010, 2040, 2),
            (Tz::America__New_York, 2026, 2026, 2),
            (Tz::Asia__Kolkata, 2026, 2026, 1),
            // Summer time all year from 2016 on.
            (Tz::Europe__Istanbul, 2014, 2018, 2),
        ] {
            let lines = observances(zone, from, to);
            let count = lines.iter().filter(|line| line.starts_with("TZOFFSETTO")).count();
            assert_eq!(count, expected, "{zone}: {lines:#?}");
        }
    }

    #[test]
    fn the_last_years_are_written_with_four_digits() {
        let starts = read(&observances(Tz::Europe__Berlin, 9998, 9999));
        assert!(starts.keys().all(|start| start.len() == "99991231T235959".len()), "{starts:?}");
    }

    #[test]
    fn a_zone_without_summer_time_has_one_offset() {
        let lines = observances(Tz::Africa__Lusaka, 2026, 2026);
        assert_eq!(lines.iter().filter(|line| line.starts_with("BEGIN:")).count(), 2);
        assert!(lines.contains(&"TZOFFSETTO:+0200".to_owned()), "{lines:?}");
    }

    #[test]
    fn every_instant_has_the_offset_of_the_last_change_before_it() {
        for zone in [
            Tz::Europe__Berlin,
            Tz::Europe__Kyiv,
            Tz::America__New_York,
            Tz::Africa__Casablanca,
            Tz::Asia__Kolkata,
        ] {
            let starts = read(&observances(zone, 2025, 2027));
            for day in 0..365 * 3 {
                let at = new_year(2025) + TimeDelta::days(day) + TimeDelta::hours(12);
                let local = at.with_timezone(&zone).naive_local().format("%Y%m%dT%H%M%S").to_string();
                let (_, offset) = starts.range(..=local.clone()).next_back().unwrap();
                assert_eq!(*offset, format_offset(seconds(zone, at)), "{zone} {local}");
            }
        }
    }
}
