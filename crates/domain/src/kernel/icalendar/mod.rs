//! iCalendar (RFC 5545): events as calendar programs read them. Written by hand: it is few lines, and the time zones,
//! which most libraries leave out, are what has to be right.

mod content_line;
mod vtimezone;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, MappedLocalTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use content_line::{escaped, folded};

use super::clock::YEARS;

/// Who wrote the file.
const PRODUCT: &str = "-//VKU//Internationale Partnerschaften//DE";

/// Whether an event takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventStatus {
    /// It is being planned.
    Tentative,
    /// It does.
    Confirmed,
    /// It does not.
    Cancelled,
}

/// When an event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Days, where no time is known.
    Days {
        /// The first.
        first: NaiveDate,
        /// The last.
        last: NaiveDate,
    },
    /// Local times of a zone.
    Times {
        /// The zone.
        zone: Tz,
        /// The start.
        start: NaiveDateTime,
        /// The end, where that is known.
        end: Option<NaiveDateTime>,
    },
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The same for good.
    pub uid: String,
    /// Counts its changes from 0.
    pub sequence: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
    /// When it is.
    pub when: When,
    /// Whether it takes place.
    pub status: EventStatus,
    /// What it is called.
    pub summary: String,
    /// What it is about.
    pub description: Option<String>,
    /// Where it is.
    pub location: Option<String>,
    /// Where to read more, or where to join.
    pub url: Option<String>,
}

/// What the calendar is called by programs that show a name.
pub const NAME: &str = "Internationale Partnerschaften";

/// A file of one event.
pub fn file(event: &Event) -> Vec<u8> {
    let (mut calendar, mut out) = (Calendar::default(), Vec::new());
    calendar.begin(NAME, &mut out);
    calendar.event(event);
    calendar.end(&mut out);
    out
}

/// A file of events. The zones stand before all events, as most programs expect: so the events wait in memory until it is
/// known which years the zones are wanted for.
#[derive(Debug, Default)]
pub struct Calendar {
    zones: BTreeMap<&'static str, (Tz, i32, i32)>,
    events: Vec<u8>,
}

impl Calendar {
    /// What stands before all events.
    pub fn begin(&self, name: &str, out: &mut Vec<u8>) {
        for line in ["BEGIN:VCALENDAR", "VERSION:2.0"] {
            folded(line, out);
        }
        folded(&format!("PRODID:{PRODUCT}"), out);
        folded("CALSCALE:GREGORIAN", out);
        folded("METHOD:PUBLISH", out);
        folded(&format!("X-WR-CALNAME:{}", escaped(name)), out);
    }

    /// An event.
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
                // The first day on which it is no more; behind 9999-12-31 no day can be written.
                let after = last.succ_opt().filter(|after| YEARS.contains(&after.year()));
                if let Some(after) = after {
                    put(format!("DTEND;VALUE=DATE:{}", after.format("%Y%m%d")));
                } else if first != last {
                    put(format!("DTEND;VALUE=DATE:{}", last.format("%Y%m%d")));
                }
            }
            // An hour that comes twice is told apart in UTC only.
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

    /// The zones, the events and what stands behind them.
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

/// Whether the clocks show this time twice, because they are set back.
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
    fn days_end_with_the_day_after() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let text = written(&[event(When::Days { first: day("2026-12-30"), last: day("2026-12-31") })]);
        assert!(text.contains("DTSTART;VALUE=DATE:20261230\r\nDTEND;VALUE=DATE:20270101\r\n"), "{text}");
        assert!(text.contains("SUMMARY:Wasser\\, Abwasser\\; \\\\ \"Lwiw\"\\nzwei\r\n"), "{text}");
        assert!(text.contains("URL:https://example.org/a,b;c\r\n") && !text.contains("VTIMEZONE"), "{text}");
    }

    #[test]
    fn an_hour_that_comes_twice_is_written_in_utc() {
        let at = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        let (start, end) = (at("2026-10-25T02:30:00"), Some(at("2026-10-25T05:00:00")));
        let text = written(&[event(When::Times { zone: Tz::Europe__Berlin, start, end })]);
        assert!(text.contains("DTSTART:20261025T003000Z\r\nDTEND:20261025T040000Z\r\n"), "{text}");
        assert!(!text.contains("VTIMEZONE"), "{text}");
    }

    #[test]
    fn a_zone_is_told_once_for_all_years_that_are_wanted() {
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
