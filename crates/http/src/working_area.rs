//! The API of working areas, whose path is next to those of the code lists.

use serde_json::Value;
use vku_domain::kernel::resource::Resource;
use vku_domain::working_area::WorkingArea;

use crate::kernel::config::BASE;
use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for WorkingArea {
    const SINGULAR: &'static str = "a working area";
    const PLURAL: &'static str = "working areas";
    const DESCRIPTION: &'static str = "The areas in which utilities work together, offer advice or seek advice: a \
        code list that the coordination office can extend. Always public.";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List => "Other resources refer to working areas by their `code`.",
            Operation::Create => {
                "The label is required in German and English. The new code can be used at once."
            }
            Operation::Update => {
                "The `slug` is the code and cannot be changed, because other resources refer to it."
            }
            _ => "",
        }
    }

    fn path() -> String {
        format!("{BASE}/reference/{}", Self::PATH)
    }

    fn example() -> Value {
        example!({
            "id": "01a2008d-7400-7000-8000-000000000016",
            "slug": "non-revenue-water",
            "label": { "de": "Wasserverluste (Non-Revenue Water)", "en": "Non-revenue water" },
            "code": "non-revenue-water",
            "created_at": "2026-11-22T00:00:00.000000Z",
            "updated_at": "2026-11-22T00:00:00.000000Z",
            "version": 1
        })
    }
}
