//! The API of registrations for sessions.

use serde_json::Value;
use vku_domain::registration::Registration;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for Registration {
    const SINGULAR: &'static str = "a registration";
    const PLURAL: &'static str = "registrations";
    const DESCRIPTION: &'static str = "The people who take part in a session or are on its waiting list. Personal \
        data: for the coordination office; members see only their own registrations.";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List | Operation::Get => {
                "Members see their own registrations. `position` is the position on the waiting list."
            }
            Operation::Create => {
                "A member registers its own staff: one of its contacts, or a person by name and e-mail address. If \
                 all seats are taken, the registration is `waitlisted`, or rejected with 409 if the session has no \
                 waiting list. The response is also 409 if registration is closed, or if the person is already \
                 registered. A member that has left the exchange cannot register anybody. Once the session has \
                 begun, the coordination office can also record who attended (`attended`, `no_show`). The person is \
                 notified by e-mail."
            }
            Operation::Update => {
                "A different `attendance` requires a free seat of that kind. Members can change their \
                 registrations as long as registration is open. If another person takes over, both are \
                 notified by e-mail. The member of a registration cannot be changed. Use a transition to \
                 cancel a registration."
            }
            Operation::Delete => {
                "Use this only for registrations made by mistake; if somebody cannot attend, change the status to \
                 `cancelled`. The seat goes to the person who has waited longest."
            }
            Operation::Restore => {
                "The restored registration is placed after all registrations that were made in the meantime."
            }
            Operation::Transition => {
                "A member can cancel its own registrations until the session begins; the person who has \
                 waited longest gets the seat at once and is notified by e-mail. Once the session has \
                 begun, the coordination office records who `attended` and who did not (`no_show`)."
            }
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2aa0",
            "session": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a90",
                "slug": "example-exchange",
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
