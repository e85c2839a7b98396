//! The API of the funding of partnerships.

use serde_json::Value;
use vku_domain::funding::Funding;

use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for Funding {
    const SINGULAR: &'static str = "a funding phase";
    const PLURAL: &'static str = "funding phases";
    const DESCRIPTION: &'static str = "The phases in which a partnership is funded, with dates: by a programme, \
        by the participants themselves, by third parties, or in kind.";

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a50",
            "partnership": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a41",
                "slug": "trollmuehle-myrhorod",
                "title": "Zweckverband Trollmühle – Teplovodservice Myrhorod"
            },
            "programme": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a31",
                "slug": "solidaritaetsbetreiberpartnerschaften-ukraine",
                "name": "Solidaritätsbetreiberpartnerschaften Ukraine",
                "kind": "grant"
            },
            "kind": "grant",
            "amount": { "amount": "123431.36", "currency": "EUR" },
            "from": "2025-07",
            "to": "2027-04",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
