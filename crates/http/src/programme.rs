//! The API of funding programmes.

use serde_json::Value;
use vku_domain::programme::FundingProgramme;

use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for FundingProgramme {
    const SINGULAR: &'static str = "a funding programme";
    const PLURAL: &'static str = "funding programmes";
    const DESCRIPTION: &'static str = "Programmes that fund partnerships. Always public.";

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a30",
            "slug": "betreiberplattform-2024-2027",
            "name": "Betreiberplattform – second phase",
            "funders": [{ "organisation": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a20",
                "slug": "bmz",
                "name": "Bundesministerium für wirtschaftliche Zusammenarbeit und Entwicklung",
                "kind": "ministry",
                "country": "DE"
            } }],
            "implementers": [],
            "kind": "technical_cooperation",
            "sectors": ["water", "wastewater", "waste"],
            "countries": ["UA", "ZM", "TZ", "ZA", "JO", "MD", "AL"],
            "start": "2024-07",
            "end": "2027-06",
            "volume": { "amount": "6000000.00", "currency": "EUR" },
            "rules": {
                "who_may_apply": { "en": "German municipal utilities." },
                "max_months": 36,
                "travel_allowed": true
            },
            "calls": [{ "title": "Third round", "opens_on": "2026-04-01", "closes_on": "2026-06-30" }],
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
