//! The API of utilities.

use serde_json::Value;
use vku_domain::utility::Utility;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for Utility {
    const SINGULAR: &'static str = "a utility";
    const PLURAL: &'static str = "utilities";
    const DESCRIPTION: &'static str =
        "Operators of public services: German municipal utilities and their peers abroad.";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::Create => {
                "The country of a `municipal` utility must be `DE`; the country of a `partner` \
                 utility must not be `DE`."
            }
            Operation::Update => {
                "Members and partners can change their own utilities. A visibility narrower than that of a \
                 partnership, session or funding programme that names the utility is rejected (409). Changing the \
                 `kind` is also rejected while the utility is a member, or the partner in a partnership."
            }
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a10",
            "slug": "lvivvodokanal",
            "name": "Lvivvodokanal",
            "aliases": ["Lwiw", "Lemberg", "Львів"],
            "kind": "partner",
            "legal_form": "municipal communal enterprise",
            "country": "UA",
            "region": "Lviv Oblast",
            "city": "Lviv",
            "location": { "latitude": 49.84, "longitude": 24.03 },
            "sectors": ["water", "wastewater"],
            "languages": ["uk", "en"],
            "population_served": { "value": 730000 },
            "website": "https://lvivvodokanal.com.ua",
            "expertise": [],
            "needs": ["tariffs", "wastewater-treatment"],
            "visibility": "public",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
