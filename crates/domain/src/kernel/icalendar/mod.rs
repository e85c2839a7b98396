//! Events as iCalendar files (RFC 5545). Written by hand: it is little code, and most libraries omit time zones, which
//! are the difficult part.

mod content_line;
mod vtimezone;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, MappedLocalTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use content_line::{escaped, folded};

use super::clock::YEARS;

/// The program that wrote the file (`PRODID`).
const PRODUCT: &str = "-//VKU//Internationale Partnerschaften//DE";

/// Whether an event takes place (`STATUS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventStatus {
    /// The event is being planned.
    Tentative,
    /// The event takes place.
    Confirmed,
    /// The event does not take place.
    Cancelled,
}

/// The time of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Whole days, if no time is known.
    Days {
        /// The first day.
        first: NaiveDate,
        /// The last day, inclusive.
        last: NaiveDate,
    },
    /// Local times in a time zone.
    Times {
        /// The time zone.
        zone: Tz,
        /// The start.
        start: NaiveDateTime,
        /// The end, if known.
        end: Option<NaiveDateTime>,
    },
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The unique identifier, which never changes.
    pub uid: String,
    /// The number of changes, starting at 0.
    pub sequence: i64,
    /// The time of creation.
    pub created_at: DateTime<Utc>,
    /// The time of the last change.
    pub changed_at: DateTime<Utc>,
    /// The time of the event.
    pub when: When,
    /// Whether the event takes place.
    pub status: EventStatus,
    /// The title.
    pub summary: String,
    /// The description.
    pub description: Option<String>,
    /// The location.
    pub location: Option<String>,
    /// The link for details or for joining.
    pub url: Option<String>,
}

/// The name of the calendar in programs that show it.
pub const NAME: &str = "Internationale Partnerschaften";

/// Writes a file with one event.
pub fn file(event: &Event) -> Vec<u8> {
    let (mut calendar, mut out) = (Calendar::default(), Vec::new());
    calendar.begin(NAME, &mut out);
    calendar.event(event);
    calendar.end(&mut out);
    out
}

/// A file with several events. Most programs expect the time zones before all events, so the events are kept in memory
/// until the years of each zone are known.
#[derive(Debug, Default)]
pub struct Calendar {
    zones: BTreeMap<&'static str, (Tz, i32, i32)>,
    events: Vec<u8>,
}

impl Calendar {
    /// Writes what comes before the time zones and events.
    pub fn begin(&self, name: &str, out: &mut Vec<u8>) {
        for line in ["BEGIN:VCALENDAR", "VERSION:2.0"] {
            folded(line, out);
        }
        folded(&format!("PRODID:{PRODUCT}"), out);
        folded("CALSCALE:GREGORIAN", out);
        folded("METHOD:PUBLISH", out);
        folded(&format!("X-WR-CALNAME:{}", escaped(name)), out);
    }

    /// Adds an event.
    pub fn event(&mut self, event: &Event) {
        let Self { zones, events } = self;
        let mut put = |line: String| folded(&line, events);
        put("BEGIN:VEVENT".into());
        put(format!("UID:{}", escaped(&event.uid)));
        put(format!("SEQUENCE:{}", event.sequence));
        put(format!("DTSTAMP:{}", instant(event.changed_at)));
        put(format!("CREATED:{}", instant(event.created_at)));
        put(format!("LAST-MODIFIED:{}", instant(event.changed_at)));
        match &event.when {
            When::Days { first, last } => {
                put(format!("DTSTART;VALUE=DATE:{}", first.format("%Y%m%d")));
                // `DTEND` is exclusive, but the day after 9999-12-31 cannot be written.
                let after = last.succ_opt().filter(|after| YEARS.contains(&after.year()));
                if let Some(after) = after {
                    put(format!("DTEND;VALUE=DATE:{}", after.format("%Y%m%d")));
                } else if first != last {
                    put(format!("DTEND;VALUE=DATE:{}", last.format("%Y%m%d")));
                }
            }
            // A local time that occurs twice is unambiguous in UTC only.
            When::Times { zone, start, end }
                if is_twice(*zone, *start) || end.is_some_and(|end| is_twice(*zone, end)) =>
            {
                let times = [("DTSTART", Some(*start)), ("DTEND", *end)];
                for (name, at) in times.into_iter().filter_map(|(name, at)| Some((name, at?))) {
                    let at = zone.from_local_datetime(&at).earliest();
                    let at = at.map(|at| at.to_utc()).unwrap_or_default();
                    put(format!("{name}:{}", instant(at)));
                }
            }
            When::Times { zone, start, end } => {
                let (name, end_year) = (zone.name(), end.map_or(start.year(), |end| end.year()));
                let known = zones.entry(name).or_insert((*zone, start.year(), end_year));
                (known.1, known.2) = (known.1.min(start.year()), known.2.max(end_year));
                put(format!("DTSTART;TZID={name}:{}", local(*start)));
                if let Some(end) = end {
                    put(format!("DTEND;TZID={name}:{}", local(*end)));
                }
            }
        }
        let status = match event.status {
            EventStatus::Tentative => "TENTATIVE",
            EventStatus::Confirmed => "CONFIRMED",
            EventStatus::Cancelled => "CANCELLED",
        };
        put(format!("STATUS:{status}"));
        put(format!("SUMMARY:{}", escaped(&event.summary)));
        for (name, text) in [("DESCRIPTION", &event.description), ("LOCATION", &event.location)] {
            if let Some(text) = text {
                put(format!("{name}:{}", escaped(text)));
            }
        }
        if let Some(url) = &event.url {
            put(format!("URL:{url}"));
        }
        put("END:VEVENT".into());
    }

    /// Writes the time zones, the events and the end of the file.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        for (zone, from, to) in self.zones.values() {
            for line in vtimezone::observances(*zone, *from, *to) {
                folded(&line, out);
            }
        }
        out.append(&mut self.events);
        folded("END:VCALENDAR", out);
    }
}

/// Returns whether a local time occurs twice because the clocks are set back.
fn is_twice(zone: Tz, at: NaiveDateTime) -> bool {
    matches!(zone.from_local_datetime(&at), MappedLocalTime::Ambiguous(..))
}

fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

fn local(at: NaiveDateTime) -> String {
    at.format("%Y%m%dT%H%M%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(when: When) -> Event {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        Event {
            uid: "1@example".into(),
            sequence: 2,
            created_at: at,
            changed_at: at,
            when,
            status: EventStatus::Confirmed,
            summary: "Wasser, Abwasser; \\ \"Lwiw\"\nzwei".into(),
            description: None,
            location: None,
            url: Some("https://example.org/a,b;c".into()),
        }
    }

    fn written(events: &[Event]) -> String {
        let (mut calendar, mut out) = (Calendar::default(), Vec::new());
        calendar.begin("Sitzungen", &mut out);
        events.iter().for_each(|event| calendar.event(event));
        calendar.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_end_of_whole_days_is_exclusive() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let text = written(&[event(When::Days { first: day("2026-12-30"), last: day("2026-12-31") })]);
        assert!(text.contains("DTSTART;VALUE=DATE:20261230\r\nDTEND;VALUE=DATE:20270101\r\n"), "{text}");
        assert!(text.contains("SUMMARY:Wasser\\, Abwasser\\; \\\\ \"Lwiw\"\\nzwei\r\n"), "{text}");
        assert!(text.contains("URL:https://example.org/a,b;c\r\n") && !text.contains("VTIMEZONE"), "{text}");
    }

    #[test]
    fn an_ambiguous_local_time_is_written_in_utc() {
        let at = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        let (start, end) = (at("2026-10-25T02:30:00"), Some(at("2026-10-25T05:00:00")));
        let text = written(&[event(When::Times { zone: Tz::Europe__Berlin, start, end })]);
        assert!(text.contains("DTSTART:20261025T003000Z\r\nDTEND:20261025T040000Z\r\n"), "{text}");
        assert!(!text.contains("VTIMEZONE"), "{text}");
    }

    #[test]
    fn a_zone_is_written_once_for_the_years_of_all_events() {
        let at = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        let times = |start: &str, end: &str| {
            event(When::Times { zone: Tz::Europe__Berlin, start: at(start), end: Some(at(end)) })
        };
        let text = written(&[
            times("2026-03-28T22:00:00", "2026-03-29T06:00:00"),
            times("2027-10-31T10:00:00", "2027-10-31T12:00:00"),
        ]);
        assert!(text.contains("DTSTART;TZID=Europe/Berlin:20260328T220000\r\n"), "{text}");
        assert_eq!(text.matches("BEGIN:VTIMEZONE").count(), 1);
        for observance in [
            "BEGIN:DAYLIGHT\r\nDTSTART:20250330T020000\r\nRDATE:20260329T020000\r\nRDATE:20270328T020000\r\n\
             RDATE:20280326T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n",
            "BEGIN:STANDARD\r\nDTSTART:20251026T030000\r\nRDATE:20261025T030000\r\nRDATE:20271031T030000\r\n\
             RDATE:20281029T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n",
        ] {
            assert!(text.contains(observance), "{observance}\n{text}");
        }
        assert!(text.find("END:VTIMEZONE").unwrap() < text.find("BEGIN:VEVENT").unwrap(), "{text}");
        assert!(text.ends_with("END:VEVENT\r\nEND:VCALENDAR\r\n"), "{text}");
    }
}
