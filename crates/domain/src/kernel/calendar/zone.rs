//! A time zone as RFC 5545 writes it (section 3.6.5): each change of its offset in the years that are wanted.

use chrono::{DateTime, Days, NaiveDate, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{OffsetComponents, OffsetName, Tz};

/// The lines of a zone, right from the beginning of the first year to the end of the last.
pub(super) fn observances(zone: Tz, from: i32, to: i32) -> Vec<String> {
    // A year more on either side: a night may lie in two, and programs repeat what they read.
    let (begin, end) = (new_year(from - 1), new_year(to + 2));
    let mut lines = vec!["BEGIN:VTIMEZONE".to_owned(), format!("TZID:{}", zone.name())];
    let first = seconds(zone, begin);
    lines.extend(observance(zone, begin, first));
    let mut day = begin;
    while day < end {
        let next = day.checked_add_days(Days::new(1)).unwrap_or(end);
        if seconds(zone, day) != seconds(zone, next) {
            let at = change(zone, day, next);
            lines.extend(observance(zone, at, seconds(zone, at - TimeDelta::seconds(1))));
        }
        day = next;
    }
    lines.push("END:VTIMEZONE".into());
    lines
}

/// What holds from that instant on, and the offset before it.
fn observance(zone: Tz, at: DateTime<Utc>, before: i32) -> [String; 6] {
    let offset = zone.offset_from_utc_datetime(&at.naive_utc());
    let summer = offset.dst_offset() != TimeDelta::zero();
    let kind = if summer { "DAYLIGHT" } else { "STANDARD" };
    // In the local time that there was until then.
    let start = at.naive_utc() + TimeDelta::seconds(before.into());
    [
        format!("BEGIN:{kind}"),
        format!("DTSTART:{}", start.format("%Y%m%dT%H%M%S")),
        format!("TZOFFSETFROM:{}", written(before)),
        format!("TZOFFSETTO:{}", written(seconds(zone, at))),
        format!("TZNAME:{}", offset.abbreviation().unwrap_or(zone.name())),
        format!("END:{kind}"),
    ]
}

/// The first second of another offset than at `early`.
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

/// `+0530`, with seconds only where there are any (section 3.3.14).
fn written(seconds: i32) -> String {
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
    use super::*;

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
            let lines = observances(zone, 2025, 2027);
            let value = |line: &String, name: &str| line.strip_prefix(name).map(str::to_owned);
            let starts: Vec<_> = lines.iter().filter_map(|line| value(line, "DTSTART:")).collect();
            let to: Vec<_> = lines.iter().filter_map(|line| value(line, "TZOFFSETTO:")).collect();
            assert!(starts.is_sorted(), "{zone}");
            for day in 0..365 * 3 {
                let at = new_year(2025) + TimeDelta::days(day) + TimeDelta::hours(12);
                let local = at.with_timezone(&zone).naive_local().format("%Y%m%dT%H%M%S").to_string();
                let last = starts.iter().rposition(|start| *start <= local).unwrap();
                assert_eq!(to[last], written(seconds(zone, at)), "{zone} {local}");
            }
        }
    }
}
