//! The API of the guests of sessions.

use serde_json::Value;
use vku_domain::guest::Guest;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for Guest {
    const SINGULAR: &'static str = "a guest";
    const PLURAL: &'static str = "guests";
    const DESCRIPTION: &'static str = "External speakers who are invited to a session.";
    const DELETE_MAY_CONFLICT: bool = true;

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List | Operation::Get => {
                "Only the coordination office sees guests who have not confirmed, and e-mail addresses. For \
                 e-mail addresses, an API key also needs the scope `personal_data:read`."
            }
            Operation::Create => "A guest has a `name`, a `party` or both, and begins as `invited`.",
            Operation::Delete => "A guest who is on the agenda cannot be deleted (409).",
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2ab0",
            "session": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a90",
                "slug": "example-exchange",
                "title": "Erfahrungsaustausch Internationale Partnerschaften"
            },
            "name": "Erika Mustermann",
            "party": { "organisation": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a22", "slug": "giz",
                "name": "Deutsche Gesellschaft für Internationale Zusammenarbeit", "kind": "agency", "country": "DE" } },
            "function": "Head of the utility platform",
            "status": "confirmed",
            "talk_title": "What the second phase brings",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
