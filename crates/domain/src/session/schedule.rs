//! The time of a session: local days and times, and the instants that they mean.

use chrono::{DateTime, NaiveDate, Utc};

use super::Session;
use crate::bilingual;
use crate::kernel::clock::is_writable;
use crate::kernel::input::validators::days_ordered;
use crate::kernel::value::{CalendarDate, ClockTime, TimeZone};
use crate::kernel::violation::Violations;

impl Session {
    /// Returns the start; `None` if the time is unknown.
    pub fn starts_at(&self) -> Option<DateTime<Utc>> {
        self.instant(&self.starts_on, self.start_time.as_ref()?)
    }

    /// Returns the end; `None` if the time is unknown.
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.instant(self.last_day(), self.end_time.as_ref()?)
    }

    /// Returns the start, or the start of the first day if the time is unknown.
    pub fn begins_at(&self) -> DateTime<Utc> {
        self.starts_at().unwrap_or_else(|| self.time_zone.start_of_day(date(&self.starts_on)))
    }

    /// Returns the end, or the end of the last day if the time is unknown.
    pub fn ends_by(&self) -> DateTime<Utc> {
        self.ends_at().unwrap_or_else(|| self.time_zone.end_of_day(date(self.last_day())))
    }

    /// Returns the duration in minutes; `None` if the times are unknown.
    pub fn minutes(&self) -> Option<i64> {
        Some((self.ends_at()? - self.starts_at()?).num_minutes())
    }

    /// Returns the last day.
    pub fn last_day(&self) -> &CalendarDate {
        self.ends_on.as_ref().unwrap_or(&self.starts_on)
    }

    /// Returns the key by which sessions are sorted: the instant of the start, or the day if the time is unknown.
    pub fn start_key(&self) -> String {
        self.starts_at().map_or_else(|| self.starts_on.to_string(), start_key)
    }

    /// Returns whether the time, the place or the format differs, of which participants have to be notified.
    pub fn is_rescheduled(&self, before: &Self) -> bool {
        let time = |session: &Self| {
            (session.starts_at(), session.ends_at(), session.starts_on.clone(), session.last_day().clone())
        };
        let place = |session: &Self| {
            (session.time_zone.clone(), session.format, session.place.clone(), session.online_url.clone())
        };
        time(self) != time(before) || place(self) != place(before)
    }

    fn instant(&self, day: &CalendarDate, time: &ClockTime) -> Option<DateTime<Utc>> {
        instant(&self.time_zone, day, time)
    }

    /// Checks that the session does not end before it starts, and that its times exist.
    pub(super) fn time_rules(&self, violations: &mut Violations) {
        days_ordered(Some(&self.starts_on), self.ends_on.as_ref(), "/ends_on", violations);
        for (member, day, time) in
            [("start_time", &self.starts_on, &self.start_time), ("end_time", self.last_day(), &self.end_time)]
        {
            if let Some(time) = time
                && self.instant(day, time).is_none()
            {
                let zone = &self.time_zone;
                let detail = bilingual!(
                    "The time `{time}` does not exist on {day} in `{zone}`, because the clocks go forward.",
                    "`{time}` gibt es am {day} in `{zone}` nicht: Dann werden die Uhren vorgestellt."
                );
                violations.member(format!("/{member}"), "skipped_time", detail);
            }
        }
        let last = if self.ends_on.is_some() { "/ends_on" } else { "/starts_on" };
        let instants = [("/starts_on", self.starts_at()), (last, self.ends_at())];
        if let Some((pointer, _)) = instants.into_iter().find(|(_, at)| at.is_some_and(|at| !is_writable(at)))
        {
            let detail = bilingual!(
                "In UTC, this is outside the years 0001 to 9999.",
                "In UTC liegt das außerhalb der Jahre 0001 bis 9999."
            );
            violations.member(pointer, "out_of_range", detail);
        }
        match (&self.start_time, &self.end_time) {
            (None, Some(_)) => {
                let detail = bilingual!(
                    "`start_time` is required if there is an `end_time`.",
                    "`start_time` ist erforderlich, wo es `end_time` gibt."
                );
                violations.member("/start_time", "required", detail);
            }
            (Some(start), Some(end)) if self.last_day() == &self.starts_on && end <= start => {
                let detail = bilingual!(
                    "The end (`{end}`) must be after the start (`{start}`).",
                    "`{end}` liegt nicht nach dem Beginn, `{start}`."
                );
                violations.member("/end_time", "end_before_start", detail);
            }
            _ => {}
        }
    }
}

/// Returns the instant of a local time; `None` if the clocks skip it.
pub fn instant(zone: &TimeZone, day: &CalendarDate, time: &ClockTime) -> Option<DateTime<Utc>> {
    zone.instant(date(day).and_time(time.time()))
}

/// Formats an instant as a sort key: later instants have greater keys.
pub fn start_key(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%MZ").to_string()
}

fn date(day: &CalendarDate) -> NaiveDate {
    day.as_str().parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kernel::input::merge_patch::merge;

    fn session(patch: Value) -> Session {
        let mut body =
            json!({"title": "x", "kind": "exchange", "starts_on": "2026-03-28", "start_time": "22:00"});
        merge(&mut body, patch);
        deserr::deserialize::<_, _, Violations>(body).unwrap()
    }

    fn faults(patch: Value) -> Vec<String> {
        let mut violations = Violations::default();
        session(patch).time_rules(&mut violations);
        violations
            .pointers()
            .zip(violations.iter())
            .map(|(at, fault)| format!("{at} {}", fault.code))
            .collect()
    }

    #[test]
    fn a_night_with_a_clock_change_is_an_hour_shorter_or_longer() {
        let night = session(json!({"ends_on": "2026-03-29", "end_time": "06:00"}));
        assert_eq!((night.ends_by() - night.begins_at()).num_hours(), 7);
        let night = session(json!({"starts_on": "2026-10-24", "ends_on": "2026-10-25", "end_time": "06:00"}));
        assert_eq!((night.ends_by() - night.begins_at()).num_hours(), 9);
    }

    #[test]
    fn a_session_without_times_lasts_whole_days() {
        let days = session(json!({"start_time": null, "ends_on": "2026-03-29"}));
        assert_eq!((days.ends_by() - days.begins_at()).num_hours(), 47);
        assert_eq!((days.starts_at(), days.ends_at()), (None, None));
    }

    #[test]
    fn invalid_times_are_refused_with_a_code() {
        assert!(faults(json!({"end_time": "23:00"})).is_empty());
        assert_eq!(faults(json!({"end_time": "22:00"})), ["/end_time end_before_start"]);
        assert!(faults(json!({"ends_on": "2026-03-30", "end_time": "08:00"})).is_empty());
        assert_eq!(faults(json!({"ends_on": "2026-03-27"})), ["/ends_on end_before_start"]);
        assert_eq!(faults(json!({"ends_on": "2026-03-29", "end_time": "02:30"})), ["/end_time skipped_time"]);
        assert_eq!(faults(json!({"start_time": null, "end_time": "02:30"})), ["/start_time required"]);
        let west = json!({"starts_on": "9999-12-31", "time_zone": "America/Los_Angeles"});
        assert_eq!(faults(west), ["/starts_on out_of_range"]);
        assert_eq!(
            faults(json!({"starts_on": "0001-01-01", "start_time": "00:10"})),
            ["/starts_on out_of_range"]
        );
        assert!(faults(json!({"starts_on": "9999-12-31"})).is_empty());
    }
}
