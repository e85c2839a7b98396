//! The API of sessions.

use serde_json::Value;
use vku_domain::session::Session;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for Session {
    const SINGULAR: &'static str = "a session";
    const PLURAL: &'static str = "sessions";
    const DESCRIPTION: &'static str = "Meetings of the exchange, and related events.";
    const DELETE_MAY_CONFLICT: bool = true;

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List | Operation::Get => {
                "Only the coordination office sees drafts. `online_url` is returned to the coordination \
                 office and to those who are registered, `counts` to readers and the coordination office. \
                 Registrations do not change the version of the session."
            }
            Operation::Create => {
                "A session begins as a draft, which only the coordination office sees. A past session can \
                 be created as `held`."
            }
            Operation::Update => {
                "Additional seats go to those who have waited longest. A capacity below the number of taken seats is \
                 rejected (409)."
            }
            Operation::Delete => {
                "A session cannot be deleted while people are registered or on its waiting list (409): \
                 change its status to `cancelled` instead, so that these people are notified."
            }
            Operation::Transition => {
                "To be `published`, a future session needs a `start_time`, an `end_time` and a `format`. A \
                 session can become `held` once it has begun. When a session is `cancelled`, everybody who \
                 is registered or on the waiting list is notified by e-mail."
            }
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a90",
            "slug": "example-exchange",
            "title": "Erfahrungsaustausch Internationale Partnerschaften",
            "kind": "exchange",
            "focus_topic": { "de": "Wasserverluste", "en": "Water losses" },
            "description": { "en": "Two partnerships report on what worked and what did not." },
            "starts_on": "2026-06-11",
            "start_time": "10:00",
            "end_time": "12:30",
            "time_zone": "Europe/Berlin",
            "format": "hybrid",
            "place": "Berlin",
            "organisers": [{ "organisation": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a21", "slug": "vku",
                "name": "Verband kommunaler Unternehmen", "kind": "association", "country": "DE" } }],
            "sectors": ["water", "wastewater"],
            "status": "published",
            "capacity": 80,
            "room_capacity": 40,
            "waiting_list": true,
            "registration_closes_at": "2026-06-09T10:00:00.000000Z",
            "visibility": "public",
            "starts_at": "2026-06-11T08:00:00.000000Z",
            "ends_at": "2026-06-11T10:30:00.000000Z",
            "registration_state": { "state": "open" },
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
