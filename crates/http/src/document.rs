//! The API of the documents of partnerships.

use serde_json::Value;
use vku_domain::document::Document;

use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::{ResourceApi, example};

impl ResourceApi for Document {
    const SINGULAR: &'static str = "a document";
    const PLURAL: &'static str = "documents";
    const DESCRIPTION: &'static str =
        "Documents that a partnership has agreed on or published: links to files stored elsewhere.";

    fn extra_description(operation: Operation) -> &'static str {
        match operation {
            Operation::Create => {
                "A partner utility can add documents to the partnerships in which it takes part."
            }
            _ => "",
        }
    }

    fn example() -> Value {
        example!({
            "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a53",
            "partnership": {
                "id": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a40",
                "slug": "hamburg-kyiv",
                "title": "HAMBURG WASSER – Kyivvodokanal"
            },
            "title": "Memorandum of understanding",
            "url": "https://documents.example/hamburg-kyiv-mou.pdf",
            "kind": "mou",
            "language": "en",
            "created_at": "2026-03-01T08:00:00.000000Z",
            "updated_at": "2026-03-01T08:00:00.000000Z",
            "version": 1
        })
    }
}
