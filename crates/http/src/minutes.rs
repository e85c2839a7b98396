//! The API of the minutes of sessions.

use serde_json::Value;
use vku_domain::minutes::Minutes;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for Minutes {
    const SINGULAR: &'static str = "minutes";
    const PLURAL: &'static str = "minutes";
    const DESCRIPTION: &'static str = "What was discussed and decided at a session that has been held.";
    const DELETE_MAY_CONFLICT: bool = true;

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List | Operation::Get => "Only the coordination office sees drafts.",
            Operation::Create => {
                "Minutes can only be written for a session that has been held (409). If minutes have already been \
                 published, the new ones are the next revision; there can be only one draft at a time (409)."
            }
            Operation::Update | Operation::Delete => {
                "Published minutes cannot be changed or deleted (409); create a new revision to correct \
                 them."
            }
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2ad0",
            "session": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a90",
                "slug": "example-exchange",
                "title": "Erfahrungsaustausch Internationale Partnerschaften"
            },
            "text": { "de": "Zwei Partnerschaften berichten.", "en": "Two partnerships reported on their work." },
            "decisions": [{ "en": "The next session is about tariffs." }],
            "status": "draft",
            "revision": 1,
            "created_at": "2026-06-12T08:00:00.000000Z",
            "updated_at": "2026-06-12T08:00:00.000000Z",
            "version": 2
        })
    }
}
