//! The API of the agendas of sessions.

use serde_json::Value;
use vku_domain::agenda::AgendaItem;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for AgendaItem {
    const SINGULAR: &'static str = "an agenda item";
    const PLURAL: &'static str = "agenda items";
    const DESCRIPTION: &'static str = "The agenda of a session, item by item.";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::Create | Operation::Update => {
                "The items after `position` move down; their versions do not change. The agenda must not be longer \
                 than the session (422). `starts_at` and `ends_at` are calculated from the durations. A proposed \
                 topic becomes `scheduled` when it is put on an agenda; a declined topic is rejected (422)."
            }
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2ac0",
            "session": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a90",
                "slug": "example-exchange",
                "title": "Erfahrungsaustausch Internationale Partnerschaften"
            },
            "position": 1,
            "kind": "talk",
            "title": "What the second phase brings",
            "duration_minutes": 30,
            "topic": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2ab0",
                "slug": "spare-parts-for-ukraine",
                "title": { "de": "Ersatzteile für die Ukraine", "en": "Spare parts for Ukraine" }
            },
            "abstract": { "en": "Funding, rules and calls for the coming years." },
            "starts_at": "2026-06-11T08:00:00.000000Z",
            "ends_at": "2026-06-11T08:30:00.000000Z",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
