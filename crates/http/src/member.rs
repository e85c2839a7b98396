//! The API of members.

use serde_json::Value;
use vku_domain::member::Member;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for Member {
    const SINGULAR: &'static str = "a member";
    const PLURAL: &'static str = "members";
    const DESCRIPTION: &'static str = "Municipal utilities that take part in the exchange.";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List => {
                "Partner utilities abroad see active members only. `has_active_partnership` considers the \
                 partnerships that you may see."
            }
            Operation::Create => "A municipal utility can be a member only once (409).",
            Operation::Update => "A member can change its own interests and regional group.",
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a70",
            "utility": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a13",
                "slug": "stadtentwaesserung-dresden",
                "name": "Stadtentwässerung Dresden",
                "kind": "municipal",
                "country": "DE"
            },
            "status": "active",
            "joined_on": "2019-05-01",
            "regional_group": "Ost",
            "interests": {
                "sectors": ["wastewater"], "countries": ["UA", "ZM"], "working_areas": ["sludge-management"]
            },
            "slug": "stadtentwaesserung-dresden",
            "name": "Stadtentwässerung Dresden",
            "has_active_partnership": true,
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
