//! Working areas, as the API offers them: beside the other reference lists.

use serde_json::{Value, json};
use vku_domain::kernel::resource::Resource;
use vku_domain::working_area::WorkingArea;

use crate::kernel::openapi::Operation;
use crate::kernel::resource::{BASE, ResourceApi};

impl ResourceApi for WorkingArea {
    const SINGULAR: &'static str = "a working area";
    const PLURAL: &'static str = "working areas";
    const DESCRIPTION: &'static str = "What utilities work on together, can help with or look for help with: a reference \
        list that the coordination office extends. Always public.";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::List => "Utilities and partnerships name working areas by their `code`.",
            Operation::Create => "The label is wanted in German and English. It can be used at once.",
            Operation::Update => "The `slug`, which is the code, never changes: others name it by that.",
            _ => "",
        }
    }

    fn path() -> String {
        format!("{BASE}/reference/{}", Self::PATH)
    }

    fn example() -> Value {
        json!({
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
