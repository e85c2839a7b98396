//! The operations of a resource.

mod descriptions;
mod formats;
mod parameters;
mod request_body;
mod responses;
mod unnested;

pub(super) use parameters::{filters, paging};

use serde_json::{Map, Value, json};
use vku_domain::kernel::access::scope::{PERSONAL_DATA, scope};

use crate::kernel::config::BASE;
use crate::kernel::openapi::resource_document::ResourceDocument;
use crate::kernel::request::params::{ID, PARENT};
use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::operation::Operation::{
    Create, Delete, Get, History, List, ListAll, Restore, Transition, Transitions, Update,
};

/// The tag of a resource.
pub(super) fn tag(resource: &ResourceDocument) -> String {
    descriptions::names(resource).1
}

/// Adds the operations of a resource.
pub(super) fn add(resource: &ResourceDocument, paths: &mut Map<String, Value>) {
    let parent = resource.parent_id.as_deref().unwrap_or_default();
    let collection = resource.collection.replace(PARENT, parent);
    let one = format!("{collection}/{{{ID}}}");
    let mut put = |path: String, operations: &[Operation]| {
        let item = operations.iter().map(|it| (it.method().to_owned(), operation(resource, *it)));
        // There may already be single endpoints at this path.
        let all = paths.entry(path).or_insert_with(|| Value::Object(Map::new()));
        all.as_object_mut().into_iter().for_each(|all| all.extend(item.clone()));
    };
    if let Some(path) = &resource.collection_of_all_parents {
        put(path.clone(), &[ListAll]);
    }
    put(collection, if resource.has_custom_create { &[List] } else { &[List, Create] });
    put(one.clone(), &[Get, Update, Delete]);
    put(format!("{one}/restore"), &[Restore]);
    put(format!("{one}/history"), &[History]);
    if resource.info.has_status {
        put(format!("{one}/transitions"), &[Transitions, Transition]);
    }
    for it in resource.unnested {
        let path = format!("{BASE}/{}", it.list.path);
        paths.insert(path, json!({ "get": unnested::operation(resource, it) }));
    }
}

/// The security requirements: none for public data, and the scopes that an API key needs.
fn security(resource: &ResourceDocument, it: Operation) -> Value {
    let mut scopes = vec![scope(resource.scope, !it.reads())];
    if resource.is_personal {
        scopes.push(PERSONAL_DATA.to_owned());
    }
    let bearer = json!({ "bearer": scopes });
    if it.reads() && resource.is_public { json!([{}, bearer]) } else { json!([bearer]) }
}

fn operation(resource: &ResourceDocument, it: Operation) -> Value {
    let mut value = json!({
        "operationId": it.id(resource),
        "tags": [tag(resource)],
        "summary": it.summary(resource),
        "description": it.description(resource),
        "security": security(resource, it),
        "parameters": parameters::parameters(resource, it),
        "responses": responses::responses(resource, it),
    });
    if let (Some(body), Some(members)) = (request_body::body(resource, it), value.as_object_mut()) {
        members.insert("requestBody".into(), body);
    }
    value
}
