//! The responses of operations.

use serde_json::{Map, Value, json};
use vku_persistence::kernel::write::dependents::may_have_dependents;
use vku_transfer::format::Format;

use super::formats::{self, calendar, contents};
use super::request_body::{changed_example_member, next, schema};
use crate::kernel::media_type::{JSON, SPARSE};
use crate::kernel::openapi::resource_document::ResourceDocument;
use crate::kernel::openapi::responses::declare;
use crate::kernel::openapi::schemas::SPARSE_NAME;
use crate::kernel::openapi::with;
use crate::kernel::resource::UnnestedApi;
use crate::kernel::resource::operation::Operation;
use crate::kernel::resource::operation::Operation::{
    Create, Delete, Get, History, List, ListAll, Restore, Transition, Transitions, Update,
};
use crate::kernel::response::idempotency;

/// The successful response, and the problems.
pub(super) fn responses(resource: &ResourceDocument, it: Operation) -> Value {
    let etag = json!({ "description": "The entity tag.", "schema": { "type": "string" } });
    let noun = resource.noun();
    let about = match it {
        Create => format!("The created {noun}."),
        Restore => format!("The restored {noun}."),
        Update | Transition => format!("The {noun} after the change."),
        List | ListAll | Get | Delete | History | Transitions => format!("The {noun}."),
    };
    let one = json!({
        "description": about,
        "headers": { "ETag": etag },
        "content": { JSON: { "schema": schema(resource, ""), "example": resource.example } }
    });
    let (status, success) = match it {
        List | ListAll => {
            let content = Value::Object(contents(resource));
            let example = json!({ "items": [selected_example(resource)] });
            let sparse = json!({ "schema": sparse(resource, "Page"), "example": example });
            ("200", page(with(content, SPARSE, sparse)))
        }
        // These responses may be stored ones.
        Restore | Transition => {
            ("200", with(one, "headers", json!({ "ETag": etag, idempotency::REPLAYED: replayed() })))
        }
        Create => {
            let location =
                json!({ "description": "The path of the created resource.", "schema": { "type": "string" } });
            let headers = json!({ "ETag": etag, "Location": location, idempotency::REPLAYED: replayed() });
            ("201", with(one, "headers", headers))
        }
        Get => {
            let mut one = with_sparse(resource, one);
            if let (true, Some(Value::Object(content))) = (resource.info.has_events, one.get_mut("content")) {
                content.insert(Format::Ics.essence().to_owned(), calendar());
            }
            ("200", one)
        }
        Update => ("200", one),
        History => ("200", history(resource, &etag)),
        Delete => ("204", json!({ "description": "The resource has been deleted." })),
        Transitions => (
            "200",
            json!({
                "description": "The allowed statuses and the status history.",
                "headers": { "ETag": etag },
                "content": { JSON: {
                    "schema": { "$ref": "#/components/schemas/Transitions" },
                    "example": {
                        "allowed": next(resource),
                        "history": [{ "at": "2026-03-01T08:00:00.000000Z", "to": resource.example.get("status") }]
                    }
                } }
            }),
        ),
    };
    let mut all = Map::new();
    all.insert(status.to_owned(), success);
    if it.reads() {
        all.insert("304".into(), not_modified());
    }
    let is_part = resource.info.parent.is_some();
    let mut problems = it.problems().to_vec();
    match it {
        List if is_part => problems.push(404),
        // Without a parent, there is nothing that could be missing.
        Create if !is_part => problems.retain(|status| *status != 404),
        Update if !resource.update_may_conflict => problems.retain(|status| *status != 409),
        Delete if !may_have_dependents(resource.info.name) && !resource.delete_may_conflict => {
            problems.retain(|status| *status != 409)
        }
        _ => {}
    }
    declare(&mut all, &problems);
    Value::Object(all)
}

/// The response with a page or a file.
fn page(content: Value) -> Value {
    json!({
        "description": "One page as JSON, or all matching rows in another format.",
        "headers": {
            "ETag": { "description": "The entity tag.", "schema": { "type": "string" } },
            "Change-Token": {
                "description": "The token for `GET /api/v1/changes`, which returns what changes after this list.",
                "schema": { "type": "string" }, "required": true
            },
            "Link": { "description": "Links to the `next` and `prev` pages (RFC 8288).", "schema": { "type": "string" } },
            "Content-Disposition": {
                "description": "The file name; only if the response is a file.", "schema": { "type": "string" }
            }
        },
        "content": content
    })
}

/// The responses of a table of entries.
pub(super) fn of_unnested(resource: &ResourceDocument, it: &UnnestedApi) -> Value {
    let mut all = Map::new();
    all.insert("200".into(), page(Value::Object(formats::of_unnested(resource, it))));
    all.insert("304".into(), not_modified());
    declare(&mut all, Operation::ListAll.problems());
    Value::Object(all)
}

fn not_modified() -> Value {
    json!({ "description": "Your copy is still current (`If-None-Match`)." })
}

/// The header of a stored response.
fn replayed() -> Value {
    let about =
        "`true` if this is the stored response to an earlier request with the same `Idempotency-Key`.";
    json!({ "description": about, "schema": { "type": "boolean" } })
}

/// A reference to the schema with selected fields.
fn sparse(resource: &ResourceDocument, suffix: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{SPARSE_NAME}{}{suffix}", resource.schema_name) })
}

/// Some fields of the example, as `fields` selects them.
fn selected_example(resource: &ResourceDocument) -> Value {
    let mut example = resource.example.clone();
    if let Some(members) = example.as_object_mut() {
        members.retain(|name, _| ["id", "slug", resource.name_field].contains(&name.as_str()));
    }
    example
}

fn with_sparse(resource: &ResourceDocument, mut one: Value) -> Value {
    if let Some(Value::Object(content)) = one.get_mut("content") {
        content.insert(
            SPARSE.into(),
            json!({ "schema": sparse(resource, ""), "example": selected_example(resource) }),
        );
    }
    one
}

fn history(resource: &ResourceDocument, etag: &Value) -> Value {
    let (member, now) = changed_example_member(resource);
    let pointer = format!("/{member}");
    let changed = json!([{ "pointer": pointer, "from": "Previous value", "to": now }]);
    let created = json!([{ "pointer": pointer, "to": "Previous value" }]);
    json!({
        "description": "A page of changes.",
        "headers": {
            "ETag": etag,
            "Link": { "description": "Links to the `next` and `prev` pages (RFC 8288).", "schema": { "type": "string" } }
        },
        "content": { JSON: {
            "schema": { "$ref": "#/components/schemas/HistoryPage" },
            "example": { "items": [
                { "at": "2026-03-02T08:00:00.000000Z", "action": "updated", "version": 2, "changes": changed },
                { "at": "2026-03-01T08:00:00.000000Z", "action": "created", "version": 1, "changes": created }
            ] }
        } }
    })
}
