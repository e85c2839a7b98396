//! Registrations for sessions, as the API offers them.

use serde_json::{Value, json};
use vku_domain::registration::Registration;

use crate::kernel::openapi::Operation;
use crate::kernel::resource::ResourceApi;

impl ResourceApi for Registration {
    const SINGULAR: &'static str = "a registration";
    const PLURAL: &'static str = "registrations";
    const DESCRIPTION: &'static str = "Who comes to a session, and who waits for a seat. Personal data: for the coordination office, and for \
         members their own.";
    const PARENT_SEGMENT: &'static str = "sessions";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List | Operation::Get => {
                "Members see their own. `position` is the place on the waiting list."
            }
            Operation::Create => {
                "A member registers its own staff: a contact of it, or somebody by name and address. Where all seats are \
                 taken it is `waitlisted`, or 409 where the session has no waiting list; 409 also where registration is \
                 closed, and for who is registered already. A member that has left the exchange registers nobody. The \
                 office also notes who came (`attended`, `no_show`) once the session has begun. The person is written to."
            }
            Operation::Update => {
                "Another `attendance` needs a seat there. Members change theirs as long as registration is open. Where \
                 somebody else comes, both are written to. The member never changes; a registration is cancelled by a \
                 transition."
            }
            Operation::Delete => {
                "For what was never meant: whoever does not come is led to `cancelled`. The seat goes to who waits longest."
            }
            Operation::Restore => "It queues again, behind all who came since.",
            Operation::Transition => {
                "A member cancels its own, until the session begins: who waits longest gets the seat at once, and is \
                 written to. Once it has begun, the office says who `attended` and who did not (`no_show`)."
            }
            _ => "",
        }
    }

    fn example() -> Value {
        json!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2aa0",
            "session": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a90",
                "slug": "erfahrungsaustausch-2026-06",
                "title": "Erfahrungsaustausch Internationale Partnerschaften"
            },
            "member": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70",
                "slug": "stadtentwaesserung-dresden",
                "name": "Stadtentwässerung Dresden"
            },
            "name": "Erika Mustermann",
            "email": "erika.mustermann@dresden.example",
            "language": "de",
            "attendance": "online",
            "status": "waitlisted",
            "position": 3,
            "person": {
                "name": "Erika Mustermann", "email": "erika.mustermann@dresden.example", "language": "de"
            },
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
