//! The operation of a table of entries.

use serde_json::{Value, json};

use super::descriptions::of_rows;
use super::{parameters, responses, security, tag};
use crate::kernel::openapi::resource_document::ResourceDocument;
use crate::kernel::resource::UnnestedApi;
use crate::kernel::resource::operation::Operation::ListAll;

pub(super) fn operation(resource: &ResourceDocument, it: &UnnestedApi) -> Value {
    json!({
        "operationId": format!("list_all_{}", it.list.path.replace('-', "_")),
        "tags": [tag(resource)],
        "summary": format!("List {}", it.plural),
        "description": of_rows(resource, it.plural),
        "security": security(resource, ListAll),
        "parameters": parameters::of_unnested(resource, it.list),
        "responses": responses::of_unnested(resource, it),
    })
}
