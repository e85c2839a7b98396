//! The API of the activities of partnerships.

use serde_json::Value;
use vku_domain::activity::Activity;

use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for Activity {
    const SINGULAR: &'static str = "an activity";
    const PLURAL: &'static str = "activities";
    const DESCRIPTION: &'static str = "What a partnership does: missions, hosted visits, training courses, \
        deliveries and more, each with its dates.";

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a51",
            "partnership": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a40",
                "slug": "hamburg-kyiv",
                "title": "HAMBURG WASSER – Kyivvodokanal"
            },
            "kind": "hosted_visit",
            "title": "Network modelling: a week in Hamburg",
            "starts_on": "2025-05-12",
            "ends_on": "2025-05-16",
            "country": "DE",
            "participants": 6,
            "expert_days": "7.5",
            "description": { "en": "Engineers from the partner utility built a model of one district with their colleagues here." },
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
