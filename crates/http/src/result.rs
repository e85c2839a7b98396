//! The API of the results of partnerships.

use serde_json::Value;
use vku_domain::result::PartnershipResult;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, UnnestedApi, example};

/// The list of the values of all results.
const VALUES: UnnestedApi = UnnestedApi {
    list: &vku_persistence::RESULT_VALUES,
    row: "PartnershipResultValue",
    singular: "A value of a result",
    plural: "the values of all results",
    example: || {
        example!({
            "partnership": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a40",
                "slug": "hamburg-kyiv",
                "title": "HAMBURG WASSER – Kyivvodokanal"
            },
            "result": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a52",
                "name": "Water losses in the pilot district"
            },
            "unit": "%",
            "sdg_target": "6.4",
            "position": 1,
            "on": "2024-12-31",
            "value": "38"
        })
    },
};

impl ResourceApi for PartnershipResult {
    const UNNESTED: &'static [UnnestedApi] = &[VALUES];

    const SINGULAR: &'static str = "a result";
    const PLURAL: &'static str = "results";
    const DESCRIPTION: &'static str =
        "Indicators of the results of a partnership, with baseline, target and measured values.";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::Create => "A member reports values on behalf of its own utility.",
            Operation::Update => {
                "A partner utility can add `values` to the results of the partnerships in which it takes \
                 part: read the list, and send it back with one more value. Values reported by others \
                 cannot be changed; new values are reported on behalf of the caller's own utility."
            }
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a52",
            "partnership": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a40",
                "slug": "hamburg-kyiv",
                "title": "HAMBURG WASSER – Kyivvodokanal"
            },
            "name": "Water losses in the pilot district",
            "unit": "%",
            "baseline": "41.5",
            "target": "30",
            "sdg_target": "6.4",
            "values": [
                { "on": "2024-12-31", "value": "38" },
                { "on": "2025-12-31", "value": "34.75" }
            ],
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
