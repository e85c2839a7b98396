//! The API of the contacts of members.

use serde_json::Value;
use vku_domain::contact::Contact;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for Contact {
    const SINGULAR: &'static str = "a contact";
    const PLURAL: &'static str = "contacts";
    const DESCRIPTION: &'static str = "The contacts of a member. Personal data: for the coordination office, for \
        the member itself, and for other members if the person has agreed to be listed in the directory.";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List | Operation::Get => {
                "Other members see only contacts who have agreed to be listed in the directory \
                 (`consents.directory`)."
            }
            Operation::Create | Operation::Update => {
                "A member maintains its own contacts. At most one contact of a member can be primary (409). \
                 A consent states when it was given, and for which version of the text."
            }
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a80",
            "member": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70",
                "slug": "stadtentwaesserung-dresden",
                "name": "Stadtentwässerung Dresden"
            },
            "given_name": "Erika",
            "family_name": "Mustermann",
            "email": "erika.mustermann@dresden.example",
            "phone": "+49 351 1234567",
            "function": "International cooperation",
            "language": "de",
            "is_primary": true,
            "consents": { "directory": { "given_at": "2026-02-01T09:00:00.000000Z", "text_version": "2026-01" } },
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
