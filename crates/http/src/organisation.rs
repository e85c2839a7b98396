//! The API of organisations.

use serde_json::Value;
use vku_domain::organisation::Organisation;

use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for Organisation {
    const SINGULAR: &'static str = "an organisation";
    const PLURAL: &'static str = "organisations";
    const DESCRIPTION: &'static str = "Ministries, agencies, associations, NGOs and other participants that are not \
        utilities. Always public.";

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a20",
            "slug": "bmz",
            "name": "Bundesministerium für wirtschaftliche Zusammenarbeit und Entwicklung",
            "short_name": "BMZ",
            "aliases": ["Federal Ministry for Economic Cooperation and Development"],
            "kind": "ministry",
            "country": "DE",
            "website": "https://www.bmz.de",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
