//! The request bodies of operations.

use serde_json::{Value, json};
use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::resource::lifecycle::State;
use vku_domain::kernel::resource::naming::pascal;
use vku_persistence::kernel::table::Parent;

use crate::kernel::media_type::{JSON, MERGE_PATCH};
use crate::kernel::openapi::request_schemas::TRANSITION;
use crate::kernel::resource::ResourceApi;
use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::operation::Operation::{Create, Transition, Update};

/// A reference to a schema of the resource.
pub(super) fn schema<T: ResourceApi>(suffix: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}{suffix}", pascal(T::NAME)) })
}

/// The request body, if there is one.
pub(super) fn body<T: ResourceApi>(it: Operation) -> Option<Value> {
    let json_body = |schema: Value, example: Value| {
        Some(json!({ "required": true, "content": { JSON: { "schema": schema, "example": example } } }))
    };
    match it {
        Create => json_body(schema::<T>("Input"), input::<T>()),
        Update => {
            let (member, value) = telling::<T>();
            let content = json!({ "schema": schema::<T>("Patch"), "example": { member: value } });
            Some(json!({ "required": true, "content": { MERGE_PATCH: content, JSON: content } }))
        }
        Transition => {
            let to = next::<T>().first().map(|state| state.word());
            json_body(schema::<T>(TRANSITION), json!({ "to": to, "reason": "Agreed by both sides." }))
        }
        _ => None,
    }
}

/// The statuses that the example may change to.
pub(super) fn next<T: ResourceApi>() -> &'static [T::Status] {
    let example = T::example();
    let word = example.get("status").and_then(Value::as_str);
    let status = T::Status::STATES.iter().find(|state| word == Some(state.word()));
    status.map_or(&[], |status| status.next())
}

/// The member that changes in the examples: the name or the kind if it can be written, else the last member that can.
pub(super) fn telling<T: ResourceApi>() -> (String, Value) {
    let Value::Object(mut members) = input::<T>() else { return Default::default() };
    // The status is changed by transitions.
    members.remove("status");
    let named = [T::NAME_FIELD, "kind"].into_iter().find_map(|name| members.remove_entry(name));
    named.or_else(|| members.into_iter().next_back()).unwrap_or_default()
}

/// The example as a request body: without read-only and generated members, and with references by slug.
fn input<T: ResourceApi>() -> Value {
    let mut example = T::example();
    if let Some(members) = example.as_object_mut() {
        let parent = <T::Parent as Parent>::NAME;
        members.retain(|name, _| {
            name != "slug"
                && !READ_ONLY.contains(&name.as_str())
                && !T::DERIVED.contains(&name.as_str())
                && parent != Some(name.as_str())
        });
    }
    by_slug(&mut example);
    example
}

fn by_slug(value: &mut Value) {
    if value.get("id").is_some()
        && let Some(slug) = value.get("slug").cloned()
    {
        *value = slug;
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(by_slug),
        Value::Array(entries) => entries.iter_mut().for_each(by_slug),
        _ => {}
    }
}
