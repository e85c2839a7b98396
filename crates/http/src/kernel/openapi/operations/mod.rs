//! The operations of a resource.

mod descriptions;
mod formats;
mod parameters;
mod request_body;
mod responses;

pub(super) use parameters::{filters, paging};

use serde_json::{Map, Value, json};
use vku_domain::kernel::access::scope::{PERSONAL_DATA, scope};
use vku_domain::kernel::resource::lifecycle::State;
use vku_persistence::kernel::table::Parent;

use crate::kernel::request::params::{ID, PARENT};
use crate::kernel::resource::ResourceApi;
use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::operation::Operation::{
    Create, Delete, Get, History, List, Restore, Transition, Transitions, Update,
};

/// The tag of a resource.
pub(super) fn tag<T: ResourceApi>() -> String {
    descriptions::names::<T>().1
}

/// Adds the operations of a resource.
pub(super) fn add<T: ResourceApi>(paths: &mut Map<String, Value>) {
    let parent = <T::Parent as Parent>::column().unwrap_or_default();
    let collection = T::path().replace(PARENT, &parent);
    let one = format!("{collection}/{{{ID}}}");
    let mut put = |path: String, operations: &[Operation]| {
        let item = operations.iter().map(|it| (it.method().to_owned(), operation::<T>(*it)));
        // There may already be single endpoints at this path.
        let all = paths.entry(path).or_insert_with(|| Value::Object(Map::new()));
        all.as_object_mut().into_iter().for_each(|all| all.extend(item.clone()));
    };
    put(collection, if T::CUSTOM_CREATE.is_some() { &[List] } else { &[List, Create] });
    put(one.clone(), &[Get, Update, Delete]);
    put(format!("{one}/restore"), &[Restore]);
    put(format!("{one}/history"), &[History]);
    if !T::Status::STATES.is_empty() {
        put(format!("{one}/transitions"), &[Transitions, Transition]);
    }
}

/// The security requirements: none for public data, and the scopes that an API key needs.
fn security<T: ResourceApi>(it: Operation) -> Value {
    let mut scopes = vec![scope(T::SCOPE, !it.reads())];
    if T::PERSONAL {
        scopes.push(PERSONAL_DATA.to_owned());
    }
    let bearer = json!({ "bearer": scopes });
    if it.reads() && T::PUBLIC { json!([{}, bearer]) } else { json!([bearer]) }
}

fn operation<T: ResourceApi>(it: Operation) -> Value {
    let mut value = json!({
        "operationId": it.id::<T>(),
        "tags": [tag::<T>()],
        "summary": it.summary::<T>(),
        "description": it.description::<T>(),
        "security": security::<T>(it),
        "parameters": parameters::parameters::<T>(it),
        "responses": responses::responses::<T>(it),
    });
    if let (Some(body), Some(members)) = (request_body::body::<T>(it), value.as_object_mut()) {
        members.insert("requestBody".into(), body);
    }
    value
}
