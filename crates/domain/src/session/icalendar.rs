//! Sessions as calendar events.

use chrono::NaiveDate;

use super::{Session, SessionFormat, SessionStatus};
use crate::kernel::icalendar::{Event, EventStatus, When};
use crate::kernel::resource::Stored;
use crate::kernel::value::{CalendarDate, Localized};

/// Returns the calendar event of a session, with the members that the caller may read.
pub(crate) fn event(stored: &Stored<Session>) -> Event {
    let session = &stored.data;
    let date = |day: &CalendarDate| day.as_str().parse::<NaiveDate>().unwrap_or_default();
    let (first, last) = (date(&session.starts_on), date(session.last_day()));
    let when = match &session.start_time {
        None => When::Days { first, last },
        Some(start) => When::Times {
            zone: session.time_zone.rules(),
            start: first.and_time(start.time()),
            end: session.end_time.as_ref().map(|end| last.and_time(end.time())),
        },
    };
    let status = match session.status {
        _ if stored.deleted_at.is_some() => EventStatus::Cancelled,
        Some(SessionStatus::Cancelled) => EventStatus::Cancelled,
        Some(SessionStatus::Published | SessionStatus::Held) => EventStatus::Confirmed,
        Some(SessionStatus::Draft) | None => EventStatus::Tentative,
    };
    let online = session.online_url.as_ref().map(ToString::to_string);
    let place = session.place.as_ref().map(ToString::to_string);
    let is_off = status == EventStatus::Cancelled;
    let reason = stored.derived.cancellation_reason.as_ref().filter(|_| is_off);
    let texts = [&session.focus_topic, &session.description].into_iter().flatten().filter_map(text_of);
    let mut texts: Vec<_> =
        reason.map(|reason| format!("Abgesagt: {reason}")).into_iter().chain(texts).collect();
    // Programs show the location as a link or on a map. If there are both, the location is the room.
    let location = match (session.format, place) {
        (Some(SessionFormat::Online), place) => online.clone().or(place),
        (_, place) => {
            texts.extend(online.iter().map(|url| format!("Online: {url}")));
            place
        }
    };
    Event {
        uid: format!("{}@internationale-partnerschaften", stored.id),
        sequence: stored.version - 1,
        created_at: stored.created_at,
        changed_at: stored.derived.seen_changed_at.map_or(stored.updated_at, |at| at.max(stored.updated_at)),
        when,
        status,
        summary: if is_off { format!("Abgesagt: {}", session.title) } else { session.title.to_string() },
        description: (!texts.is_empty()).then(|| texts.join("\n\n")),
        location,
        url: online.or_else(|| session.source_url.as_ref().map(ToString::to_string)),
    }
}

/// Returns the text in German, or else in the first language by its code.
fn text_of(text: &Localized) -> Option<String> {
    let all = serde_json::to_value(text).ok()?;
    let all = all.as_object()?;
    all.get("de").or_else(|| all.values().next()).and_then(|text| text.as_str()).map(str::to_owned)
}
