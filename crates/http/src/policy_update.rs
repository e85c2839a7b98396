//! The API of policy updates.

use serde_json::Value;
use vku_domain::policy_update::PolicyUpdate;

use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for PolicyUpdate {
    const SINGULAR: &'static str = "a policy update";
    const PLURAL: &'static str = "policy updates";
    const DESCRIPTION: &'static str = "Current policy developments that matter to the exchange, from the United \
         Nations to the German states. Written by the coordination office. Always public.";

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a90",
            "title": { "de": "Neue Abwasserrichtlinie", "en": "New directive on urban wastewater" },
            "summary": { "en": "Larger plants need a fourth treatment stage; the producers of micropollutants pay for it." },
            "level": "eu",
            "published_on": "2024-12-12",
            "source_url": "https://eur-lex.europa.eu/eli/dir/2024/3019/oj",
            "sectors": ["wastewater"],
            "working_areas": ["energy-efficiency"],
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
