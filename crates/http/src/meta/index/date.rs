//! The dates and times of sessions in readable form.

use chrono::{Datelike, NaiveDate};
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::value::{CalendarDate, TimeZone};
use vku_domain::session::Session;

const MONTHS: [(&str, &str); 12] = [
    ("January", "Januar"),
    ("February", "Februar"),
    ("March", "März"),
    ("April", "April"),
    ("May", "Mai"),
    ("June", "Juni"),
    ("July", "Juli"),
    ("August", "August"),
    ("September", "September"),
    ("October", "Oktober"),
    ("November", "November"),
    ("December", "Dezember"),
];

/// The date and time of a session: the day or days, and the time, with its zone if that is not the default.
pub(super) fn when(session: &Session) -> Bilingual {
    let first = day(&session.starts_on);
    let days = match session.ends_on.as_ref().filter(|last| **last != session.starts_on) {
        Some(last) => first.then(bilingual!(" – ", " – ")).then(day(last)),
        None => first,
    };
    let Some(start) = &session.start_time else { return days };
    let times = match &session.end_time {
        Some(end) => bilingual!(", {start}–{end}", ", {start}–{end} Uhr"),
        None => bilingual!(", {start}", ", {start} Uhr"),
    };
    let zone = &session.time_zone;
    let zone = if *zone == TimeZone::default() {
        Bilingual::default()
    } else {
        bilingual!(" ({zone})", " ({zone})")
    };
    days.then(times).then(zone)
}

fn day(day: &CalendarDate) -> Bilingual {
    let known = day.as_str().parse::<NaiveDate>().ok();
    let month = known.and_then(|it| MONTHS.get(usize::try_from(it.month0()).ok()?));
    match known.zip(month) {
        Some((it, (en, de))) => {
            let (number, year) = (it.day(), it.year());
            bilingual!("{number} {en} {year}", "{number}. {de} {year}")
        }
        None => bilingual!("{day}", "{day}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_with_the_name_of_the_month() {
        let text = day(&"2026-03-01".parse().unwrap());
        assert_eq!((text.en.as_ref(), text.de.as_ref()), ("1 March 2026", "1. März 2026"));
    }
}
