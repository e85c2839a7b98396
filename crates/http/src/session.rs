//! Sessions, as the API offers them.

use serde_json::{Value, json};
use vku_domain::session::Session;

use crate::kernel::openapi::Operation;
use crate::kernel::resource::ResourceApi;

impl ResourceApi for Session {
    const SINGULAR: &'static str = "a session";
    const PLURAL: &'static str = "sessions";
    const DESCRIPTION: &'static str = "Meetings of the exchange, and events beside it.";
    const DELETE_MAY_CONFLICT: bool = true;

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List | Operation::Get => {
                "Drafts are shown to the coordination office only, `online_url` to those who are registered too, and \
                 `counts` to readers and the coordination office. A registration does not move the session's version."
            }
            Operation::Create => {
                "It begins as a draft, which only the coordination office sees. One of the past may be made as `held`."
            }
            Operation::Update => {
                "More seats go to those who wait longest. Fewer seats than are taken are refused (409)."
            }
            Operation::Delete => {
                "Not while somebody is registered or waits (409): it is `cancelled` then, so that they hear of it."
            }
            Operation::Transition => {
                "To be `published`, one to come needs `start_time`, `end_time` and a `format`. It can be `held` once it \
                 has begun. When it is `cancelled`, everybody who is registered or waits is written to."
            }
            _ => "",
        }
    }

    fn example() -> Value {
        json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a90",
            "slug": "erfahrungsaustausch-2026-06",
            "title": "Erfahrungsaustausch Internationale Partnerschaften",
            "kind": "exchange",
            "focus_topic": { "de": "Wasserverluste", "en": "Water losses" },
            "description": { "en": "Two partnerships tell what worked, and what did not." },
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
