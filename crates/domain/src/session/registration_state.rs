//! Whether registration for a session is possible, and the reason if it is not.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Session, SessionCounts, SessionFormat, SessionStatus};
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::parameters::InstantParam;
use crate::kernel::value::Seats;

crate::string_enum! {
    /// Whether registration is possible.
    Registering in "registration-states" {
        /// yes, seats are available
        Open = "open" ("Open", "Offen": "es sind Plätze frei"),
        /// only for the waiting list
        WaitingList = "waiting_list" ("Waiting list only", "Nur Warteliste"),
        /// no
        Closed = "closed" ("Closed", "Geschlossen"),
    }
}

crate::string_enum! {
    /// Why registration is not possible, or not for every seat.
    RegistrationReason in "registration-state-reasons" {
        /// the session is not published
        NotPublished = "not_published" ("Session not published", "Sitzung nicht veröffentlicht"),
        /// the session is cancelled
        Cancelled = "cancelled" ("Session cancelled", "Sitzung abgesagt"),
        /// the session has been held
        Held = "held" ("Session held", "Sitzung hat stattgefunden"),
        /// the session has begun
        Begun = "begun" ("Session has begun", "Sitzung hat begonnen"),
        /// the registration period has ended
        TimeOver = "time_over" ("Registration has ended", "Anmeldefrist abgelaufen"),
        /// all seats are taken
        Full = "full" ("Fully booked", "Ausgebucht": "alle Plätze sind vergeben"),
        /// all seats on site are taken; online seats are available
        RoomFull = "room_full" ("On-site seats taken", "Vor Ort ausgebucht":
            "alle Plätze vor Ort sind vergeben; online sind noch Plätze frei"),
    }
}

/// Whether registration for a session is possible, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RegistrationState {
    /// Whether registration is possible.
    pub state: Registering,
    /// Why registration is not possible, or not for every seat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<RegistrationReason>,
}

impl Session {
    /// Returns whether the actor may see the numbers of registrations.
    pub fn may_see_counts(actor: &Actor) -> bool {
        actor.is_staff() || actor.role == Some(Role::Reader)
    }
}

impl Default for RegistrationState {
    fn default() -> Self {
        Self { state: Registering::Closed, reason: Some(RegistrationReason::NotPublished) }
    }
}

/// The taken seats and the waiting list of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeatCounts {
    /// The registration counts.
    pub counts: SessionCounts,
    /// The number of taken seats on site.
    pub in_room: u64,
}

impl Session {
    /// Returns the reason for which registration is closed at an instant, regardless of seats.
    pub fn closed(&self, now: DateTime<Utc>) -> Option<RegistrationReason> {
        match self.status {
            None | Some(SessionStatus::Draft) => Some(RegistrationReason::NotPublished),
            Some(SessionStatus::Cancelled) => Some(RegistrationReason::Cancelled),
            Some(SessionStatus::Held) => Some(RegistrationReason::Held),
            Some(SessionStatus::Published) if self.begins_at() <= now => Some(RegistrationReason::Begun),
            Some(SessionStatus::Published) => {
                let over = self.registration_closes_at.is_some_and(|InstantParam(at)| at <= now);
                over.then_some(RegistrationReason::TimeOver)
            }
        }
    }

    /// Returns whether the session takes place and has begun.
    pub fn has_begun(&self, now: DateTime<Utc>) -> bool {
        let took_place = matches!(self.status, Some(SessionStatus::Published | SessionStatus::Held));
        took_place && self.begins_at() <= now
    }

    /// Returns whether a seat is available, on site or online.
    pub fn has_seat(&self, taken: &SeatCounts, in_room: bool) -> bool {
        free(self.capacity, taken.counts.registered) && (!in_room || free(self.room_capacity, taken.in_room))
    }

    /// Returns whether registration is possible at an instant.
    pub fn registration_state(&self, taken: &SeatCounts, now: DateTime<Utc>) -> RegistrationState {
        if let Some(reason) = self.closed(now) {
            return RegistrationState { state: Registering::Closed, reason: Some(reason) };
        }
        let only_room = self.format == Some(SessionFormat::InPerson);
        let only_online = self.format == Some(SessionFormat::Online);
        let (room, online) = (self.has_seat(taken, true), self.has_seat(taken, false));
        let (state, reason) = match (room || only_online, online) {
            (true, true) => (Registering::Open, None),
            (false, true) if !only_room => (Registering::Open, Some(RegistrationReason::RoomFull)),
            _ if self.waiting_list => (Registering::WaitingList, Some(RegistrationReason::Full)),
            _ => (Registering::Closed, Some(RegistrationReason::Full)),
        };
        RegistrationState { state, reason }
    }
}

fn free(seats: Option<Seats>, taken: u64) -> bool {
    seats.is_none_or(|seats| taken < u64::from(seats.get()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kernel::violation::Violations;

    fn state(
        members: Value,
        registered: u64,
        in_room: u64,
        now: &str,
    ) -> (&'static str, Option<&'static str>) {
        let mut body = json!({
            "title": "x", "kind": "exchange", "starts_on": "2026-06-02", "start_time": "10:00", "end_time": "12:00",
            "format": "hybrid", "status": "published", "capacity": 4, "room_capacity": 2,
            "registration_closes_at": "2026-06-01T10:00:00Z"
        });
        crate::kernel::input::merge_patch::merge(&mut body, members);
        let session: Session = deserr::deserialize::<_, _, Violations>(body).unwrap();
        let counts = SessionCounts { registered, ..SessionCounts::default() };
        let state = session.registration_state(&SeatCounts { counts, in_room }, now.parse().unwrap());
        (state.state.as_str(), state.reason.map(RegistrationReason::as_str))
    }

    #[test]
    fn a_state_other_than_open_has_a_reason() {
        let (before, after) = ("2026-06-01T09:59:59Z", "2026-06-01T10:00:00Z");
        assert_eq!(state(json!({}), 3, 1, before), ("open", None));
        assert_eq!(state(json!({}), 3, 2, before), ("open", Some("room_full")));
        assert_eq!(state(json!({"format": "in_person"}), 3, 2, before), ("waiting_list", Some("full")));
        assert_eq!(state(json!({"format": "online"}), 3, 2, before), ("open", None));
        assert_eq!(state(json!({}), 4, 1, before), ("waiting_list", Some("full")));
        assert_eq!(state(json!({"waiting_list": false}), 4, 1, before), ("closed", Some("full")));
        assert_eq!(state(json!({"capacity": null, "room_capacity": null}), 400, 300, before), ("open", None));
        assert_eq!(state(json!({}), 0, 0, after), ("closed", Some("time_over")));
        let open = json!({"registration_closes_at": null});
        assert_eq!(state(open.clone(), 0, 0, "2026-06-02T07:59:59Z"), ("open", None));
        assert_eq!(state(open, 0, 0, "2026-06-02T08:00:00Z"), ("closed", Some("begun")));
        for (status, reason) in [("draft", "not_published"), ("held", "held"), ("cancelled", "cancelled")] {
            assert_eq!(state(json!({"status": status}), 0, 0, before), ("closed", Some(reason)));
        }
    }
}
