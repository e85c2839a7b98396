//! The request bodies of operations.

use serde_json::{Value, json};
use vku_domain::kernel::resource::READ_ONLY;

use crate::kernel::media_type::{JSON, MERGE_PATCH};
use crate::kernel::openapi::request_schemas::TRANSITION;
use crate::kernel::openapi::resource_document::ResourceDocument;
use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::operation::Operation::{Create, Transition, Update};

/// A reference to a schema of the resource.
pub(super) fn schema(resource: &ResourceDocument, suffix: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}{suffix}", resource.schema_name) })
}

/// The request body, if there is one.
pub(super) fn body(resource: &ResourceDocument, it: Operation) -> Option<Value> {
    let json_body = |schema: Value, example: Value| {
        Some(json!({ "required": true, "content": { JSON: { "schema": schema, "example": example } } }))
    };
    match it {
        Create => json_body(schema(resource, "Input"), input(resource)),
        Update => {
            let (member, value) = changed_example_member(resource);
            let content = json!({ "schema": schema(resource, "Patch"), "example": { member: value } });
            Some(json!({ "required": true, "content": { MERGE_PATCH: content, JSON: content } }))
        }
        Transition => {
            let to = next(resource).first();
            json_body(schema(resource, TRANSITION), json!({ "to": to, "reason": "Agreed by both sides." }))
        }
        _ => None,
    }
}

/// The statuses that the example may change to.
pub(super) fn next(resource: &ResourceDocument) -> &[&'static str] {
    let current = resource.example.get("status").and_then(Value::as_str);
    let status = resource.statuses.iter().find(|(word, _)| current == Some(*word));
    status.map_or(&[], |(_, next)| next)
}

/// The field that changes in the examples: the name or the kind if it can be written, otherwise the last field that
/// can.
pub(super) fn changed_example_member(resource: &ResourceDocument) -> (String, Value) {
    let Value::Object(mut members) = input(resource) else { return Default::default() };
    // The status is changed by transitions.
    members.remove("status");
    let named = [resource.name_field, "kind"].into_iter().find_map(|name| members.remove_entry(name));
    named.or_else(|| members.into_iter().next_back()).unwrap_or_default()
}

/// The example as a request body: without read-only and generated fields, and with references by slug.
fn input(resource: &ResourceDocument) -> Value {
    let mut example = resource.example.clone();
    if let Some(members) = example.as_object_mut() {
        members.retain(|name, _| {
            name != "slug"
                && !READ_ONLY.contains(&name.as_str())
                && !resource.derived.contains(&name.as_str())
                && resource.info.parent != Some(name.as_str())
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
