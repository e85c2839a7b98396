//! The API of partnerships.

use serde_json::Value;
use vku_domain::partnership::Partnership;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, UnnestedApi, example};

/// The list of the participants of all partnerships.
const PARTICIPANTS: UnnestedApi = UnnestedApi {
    list: &vku_persistence::PARTICIPANTS,
    row: "PartnershipParticipant",
    singular: "A participant of a partnership",
    plural: "the participants of all partnerships",
    example: || {
        example!({
            "partnership": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a40",
                "slug": "hamburg-kyiv",
                "title": "HAMBURG WASSER – Kyivvodokanal"
            },
            "position": 1,
            "party": { "utility": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a11", "slug": "hamburg-wasser",
                "name": "HAMBURG WASSER", "kind": "municipal", "country": "DE" } },
            "role": "lead",
            "from": "2022-08"
        })
    },
};

impl ResourceApi for Partnership {
    const UNNESTED: &'static [UnnestedApi] = &[PARTICIPANTS];

    const SINGULAR: &'static str = "a partnership";
    const PLURAL: &'static str = "partnerships";
    const DESCRIPTION: &'static str = "Peer-to-peer cooperation between municipal and partner utilities.";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::Create => {
                "A partnership has exactly one current lead and at least one partner utility, and no \
                 participant takes part twice at the same time. A member can propose partnerships that its \
                 own utility leads, with the status `idea`."
            }
            Operation::Update => {
                "A member can change the partnerships that its utility currently leads, except the slug, the \
                 visibility, the status and the lead. To end a participation, set its `until`; former participants \
                 stay in the list."
            }
            Operation::Transition => {
                "The status `active` requires a `start`, `completed` requires an `end`, and reopening a \
                 partnership requires a reason. If the status is unknown, any status can be set."
            }
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a40",
            "slug": "hamburg-kyiv",
            "title": "HAMBURG WASSER – Kyivvodokanal",
            "summary": { "en": "Optimising the main waterworks on the Desna, network modelling and water losses." },
            "participants": [
                { "role": "lead", "party": { "utility": {
                    "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a11", "slug": "hamburg-wasser",
                    "name": "HAMBURG WASSER", "kind": "municipal", "country": "DE" } } },
                { "role": "partner", "party": { "utility": {
                    "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a12", "slug": "kyivvodokanal",
                    "name": "Kyivvodokanal", "kind": "partner", "country": "UA" } } }
            ],
            "sectors": ["water", "wastewater"],
            "working_areas": ["gis", "hydraulic-modelling", "non-revenue-water"],
            "sdg_targets": ["6.3"],
            "status": "active",
            "start": "2022-08",
            "visibility": "public",
            "countries": ["UA"],
            "locations": [{ "utility": "kyivvodokanal", "latitude": 50.45, "longitude": 30.52 }],
            "programmes": [{
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a31",
                "slug": "solidaritaetsbetreiberpartnerschaften-ukraine",
                "name": "Solidaritätsbetreiberpartnerschaften Ukraine",
                "kind": "grant"
            }],
            "funding_totals": [{ "amount": "248000.00", "currency": "EUR" }],
            "last_activity_on": "2025-05-16",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
