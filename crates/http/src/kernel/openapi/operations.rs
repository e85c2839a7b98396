//! The operations of a resource.

use serde_json::{Map, Value, json};
use utoipa::PartialSchema;
use vku_domain::kernel::cells::{Column, Kind, Layout};
use vku_domain::kernel::parameters::FilterParameters;
use vku_domain::kernel::query::{Direction, LIMIT_DEFAULT, LIMIT_MAX, SortKey};
use vku_domain::kernel::reference::pascal;
use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::state::State;
use vku_persistence::kernel::table::Parent;

use super::responses::declare;
use super::with;
use crate::kernel::body::{JSON, MERGE_PATCH};
use crate::kernel::crud::{ID, PARENT};
use crate::kernel::feature::Feature;

/// What can be done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `GET` on the collection.
    List,
    /// `POST` on the collection.
    Create,
    /// `GET` on one.
    Get,
    /// `PATCH` on one.
    Update,
    /// `DELETE` on one.
    Delete,
    /// `POST` on `restore`.
    Restore,
    /// `GET` on `transitions`.
    Transitions,
    /// `POST` on `transitions`.
    Transition,
}

use Operation::{Create, Delete, Get, List, Restore, Transition, Transitions, Update};

impl Operation {
    fn method(self) -> &'static str {
        match self {
            List | Get | Transitions => "get",
            Create | Restore | Transition => "post",
            Update => "patch",
            Delete => "delete",
        }
    }

    fn reads(self) -> bool {
        self.method() == "get"
    }

    /// The problems it can answer with, beside 404 for the list of a part.
    fn problems(self) -> &'static [u16] {
        match self {
            List => &[400, 401, 403, 406, 500, 503],
            Get => &[400, 401, 403, 404, 406, 500, 503],
            Create => &[400, 401, 403, 404, 409, 413, 415, 422, 500, 503],
            Update => &[400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 500, 503],
            Delete => &[400, 401, 403, 404, 409, 412, 428, 500, 503],
            Restore => &[400, 401, 403, 404, 409, 412, 500, 503],
            Transitions => &[400, 401, 404, 406, 500, 503],
            Transition => &[400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503],
        }
    }

    fn id<T: Feature>(self) -> String {
        let (one, many) = names::<T>();
        match self {
            List => format!("list_{many}"),
            Create => format!("create_{one}"),
            Get => format!("get_{one}"),
            Update => format!("update_{one}"),
            Delete => format!("delete_{one}"),
            Restore => format!("restore_{one}"),
            Transitions => format!("get_{one}_transitions"),
            Transition => format!("transition_{one}"),
        }
    }

    fn summary<T: Feature>(self) -> String {
        let (one, many) = (T::ONE, T::MANY);
        match self {
            List => format!("List {many}"),
            Create => format!("Create {one}"),
            Get => format!("Get {one}"),
            Update => format!("Change {one}"),
            Delete => format!("Delete {one}"),
            Restore => format!("Restore {one}"),
            Transitions => format!("Get the transitions of {one}"),
            Transition => format!("Lead {one} into another status"),
        }
    }

    fn description<T: Feature>(self) -> String {
        let general = match self {
            List => {
                "A page at a time: follow `next`. Repeat a filter for *any of*; different filters mean *all of*. \
                 What you may not see is not there. With `format=csv` or `format=ndjson` (or by `Accept`) you get \
                 all rows at once."
            }
            Create => {
                "Answers with what was made, its `ETag` and where it is. Relations are given by id or slug. With \
                 `dry_run=true` everything is checked, nothing is written, and the answer is what would be."
            }
            Get => {
                "By id or slug; a former slug still leads to it. Send `If-None-Match` with the `ETag` for a 304."
            }
            Update => {
                "A JSON Merge Patch (RFC 7396): send only what changes, `null` to clear a member. `If-Match` takes \
                 the `ETag` that the change is based on; `*` overwrites whatever is there. What you read may be sent \
                 back whole."
            }
            Delete => {
                "It is gone for everybody but the coordination office, which can restore it. As long as others \
                 refer to it, it stays: 409 names them."
            }
            Restore => "Brings a deleted one back as it was. What it refers to has to be there.",
            Transitions => "Where it stands, where you may lead it now, and the ways that it has taken.",
            Transition => {
                "A status is changed in no other way. What the state machine forbids is 409 and names what it allows."
            }
        };
        let ways = if self == Transition { ways::<T>() } else { String::new() };
        let paragraphs = [general, T::more(self), &ways];
        paragraphs.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n\n")
    }
}

/// What the state machine allows.
fn ways<T: Feature>() -> String {
    let words = |states: &[T::Status]| {
        let words: Vec<_> = states.iter().map(|state| format!("`{}`", state.word())).collect();
        if words.is_empty() { "nowhere".to_owned() } else { words.join(", ") }
    };
    let ways = T::Status::STATES.iter().map(|from| format!("- `{}` to {}", from.word(), words(from.next())));
    ways.collect::<Vec<_>>().join("\n")
}

/// The names that operation ids are made of, in the singular and in the plural.
fn names<T: Feature>() -> (String, String) {
    let plural = T::PATH.replace('-', "_");
    match <T::Parent as Parent>::NAME {
        Some(parent) => (format!("{parent}_{}", T::NAME), format!("{parent}_{plural}")),
        None => (T::NAME.to_owned(), plural),
    }
}

/// The tag of a resource.
pub(super) fn tag<T: Feature>() -> String {
    names::<T>().1
}

/// Adds the operations of a resource.
pub(super) fn add<T: Feature>(paths: &mut Map<String, Value>) {
    let parent = <T::Parent as Parent>::column().unwrap_or_default();
    let collection = T::path().replace(PARENT, &parent);
    let one = format!("{collection}/{{{ID}}}");
    let mut put = |path: String, operations: &[Operation]| {
        let item: Map<_, _> =
            operations.iter().map(|it| (it.method().to_owned(), operation::<T>(*it))).collect();
        paths.insert(path, Value::Object(item));
    };
    put(collection, &[List, Create]);
    put(one.clone(), &[Get, Update, Delete]);
    put(format!("{one}/restore"), &[Restore]);
    if !T::Status::STATES.is_empty() {
        put(format!("{one}/transitions"), &[Transitions, Transition]);
    }
}

fn operation<T: Feature>(it: Operation) -> Value {
    let mut whole = json!({
        "operationId": it.id::<T>(),
        "tags": [tag::<T>()],
        "summary": it.summary::<T>(),
        "description": it.description::<T>(),
        "security": if it.reads() && T::PUBLIC { json!([{}, { "bearer": [] }]) } else { json!([{ "bearer": [] }]) },
        "parameters": parameters::<T>(it),
        "responses": responses::<T>(it),
    });
    if let (Some(body), Some(members)) = (body::<T>(it), whole.as_object_mut()) {
        members.insert("requestBody".into(), body);
    }
    whole
}

fn query(name: &str, about: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "description": about, "schema": schema })
}

fn flag(name: &str, about: &str) -> Value {
    query(name, about, json!({ "type": "boolean", "default": false }))
}

fn parameters<T: Feature>(it: Operation) -> Vec<Value> {
    let mut all = Vec::new();
    let example = T::example();
    let path = |name: &str, about: &str, schema: Value, example: Option<&Value>| json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema, "example": example });
    let key = json!({ "$ref": "#/components/schemas/Key" });
    if let (Some(parent), Some(column)) = (<T::Parent as Parent>::NAME, <T::Parent as Parent>::column()) {
        let slug = example.get(parent).and_then(|it| it.get("slug"));
        all.push(path(&column, &format!("The {parent}, by id or slug."), key.clone(), slug));
    }
    if !matches!(it, List | Create) {
        all.push(match example.get("slug").is_some() {
            true => path(ID, "By id or slug.", key, example.get("slug")),
            false => path(ID, "By id.", json!({ "type": "string", "format": "uuid" }), example.get("id")),
        });
    }
    let deleted = flag("deleted", "Deleted ones instead (coordination office only).");
    match it {
        List => {
            all.extend(
                T::Filter::describe()
                    .into_iter()
                    .map(|parameter| query(parameter.name, &parameter.about, json!(parameter.schema))),
            );
            all.push(query(
                "sort",
                &sort_about::<T>(),
                json!({ "type": "string", "examples": [usual::<T>()] }),
            ));
            all.push(query(
                "limit",
                "How many rows a page has.",
                json!({
                "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT }),
            ));
            all.push(query(
                "cursor",
                "Where to go on: from `next` or `prev`, with the same filters and sort.",
                json!({ "type": "string" }),
            ));
            all.push(flag("count", "Also count all rows of the filter, as `total`."));
            all.push(deleted);
            all.push(query(
                "format",
                "The representation; wins over `Accept`. `json` where neither says otherwise.",
                json!({ "$ref": "#/components/schemas/Format" }),
            ));
        }
        Get => all.push(deleted),
        Transitions => {}
        Create | Update | Delete | Restore | Transition => {
            all.push(flag("dry_run", "Check everything, write nothing."));
        }
    }
    if matches!(it, Update | Delete | Restore | Transition) {
        let required = matches!(it, Update | Delete);
        let about =
            "The `ETag` that this is based on (a list of them, or `*`). Only the version in it counts.";
        all.push(json!({ "name": "If-Match", "in": "header", "required": required, "description": about,
                         "schema": { "type": "string", "examples": ["\"3-9f86d081884c7d65\""] } }));
    }
    if it.reads() {
        all.push(
            json!({ "name": "If-None-Match", "in": "header", "description": "The `ETag` that you have.",
                         "schema": { "type": "string" } }),
        );
    }
    all
}

fn usual<T: Feature>() -> String {
    let word = |(key, direction): &(T::Sort, Direction)| match direction {
        Direction::Ascending => key.word().to_owned(),
        Direction::Descending => format!("-{}", key.word()),
    };
    T::Sort::usual().iter().map(word).collect::<Vec<_>>().join(",")
}

fn sort_about<T: Feature>() -> String {
    let vocabulary = json!(T::Sort::schema());
    let about = vocabulary.get("description").and_then(Value::as_str).unwrap_or_default();
    let keys = about.split_once("\n\n").map_or(about, |(_, keys)| keys);
    format!(
        "The order: keys separated by commas, `-` before one for descending; usually `{}`. Absent values come first, \
         descending last; the id is the last tie-break. Keys:\n\n{keys}",
        usual::<T>()
    )
}

fn schema<T: Feature>(suffix: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}{suffix}", pascal(T::NAME)) })
}

fn responses<T: Feature>(it: Operation) -> Value {
    let etag = json!({ "description": "The entity tag.", "schema": { "type": "string" } });
    let one = json!({
        "description": "As it is now.",
        "headers": { "ETag": etag },
        "content": { JSON: { "schema": schema::<T>(""), "example": T::example() } }
    });
    let (status, success) = match it {
        List => (
            "200",
            json!({
                "description": "A page, or all rows in another format.",
                "headers": {
                    "ETag": etag,
                    "Link": { "description": "`next` and `prev` (RFC 8288).", "schema": { "type": "string" } },
                    "Content-Disposition": {
                        "description": "The file's name, where it is no page.", "schema": { "type": "string" }
                    }
                },
                "content": {
                    JSON: { "schema": schema::<T>("Page"), "example": { "items": [T::example()], "total": 1 } },
                    "text/csv": { "schema": { "type": "string" }, "example": table::<T>() },
                    "application/x-ndjson": {
                        "schema": { "type": "string" }, "example": format!("{}\n", T::example())
                    }
                }
            }),
        ),
        Create => {
            let location = json!({ "description": "Where it is.", "schema": { "type": "string" } });
            let made = with(one, "headers", json!({ "ETag": etag, "Location": location }));
            ("201", with(made, "description", json!("As it was made.")))
        }
        Get | Update | Restore | Transition => ("200", one),
        Delete => ("204", json!({ "description": "It is deleted." })),
        Transitions => (
            "200",
            json!({
                "description": "Where it may go and how it came where it is.",
                "headers": { "ETag": etag },
                "content": { JSON: {
                    "schema": { "$ref": "#/components/schemas/Transitions" },
                    "example": {
                        "allowed": next::<T>().iter().map(|state| state.word()).collect::<Vec<_>>(),
                        "history": [{ "at": "2026-03-01T08:00:00.000000Z", "to": T::example().get("status") }]
                    }
                } }
            }),
        ),
    };
    let mut all = Map::new();
    all.insert(status.to_owned(), success);
    if it.reads() {
        all.insert("304".into(), json!({ "description": "You have it already (`If-None-Match`)." }));
    }
    let mut problems = it.problems().to_vec();
    if it == List && <T::Parent as Parent>::NAME.is_some() {
        problems.push(404);
    }
    declare(&mut all, &problems);
    Value::Object(all)
}

fn body<T: Feature>(it: Operation) -> Option<Value> {
    let json_body = |schema: Value, example: Value| {
        Some(json!({ "required": true, "content": { JSON: { "schema": schema, "example": example } } }))
    };
    match it {
        Create => json_body(schema::<T>("Input"), input::<T>()),
        Update => {
            let example = input::<T>();
            let member = if T::LABEL.is_empty() { "kind" } else { T::LABEL };
            let content =
                json!({ "schema": schema::<T>("Patch"), "example": { member: example.get(member) } });
            Some(json!({ "required": true, "content": { MERGE_PATCH: content, JSON: content } }))
        }
        Transition => {
            let to = next::<T>().first().map(|state| state.word());
            json_body(
                json!({ "$ref": "#/components/schemas/Transition" }),
                json!({ "to": to, "reason": "Agreed by both sides." }),
            )
        }
        _ => None,
    }
}

/// The example as a line of a table, under the names of its columns.
fn table<T: Feature>() -> String {
    let item = T::example();
    let parent = <T::Parent as Parent>::NAME;
    let parent = parent.map(|name| Column { name: name.to_owned(), kind: Kind::Reference });
    let columns: Vec<_> = parent.into_iter().chain(Layout::of::<T>().columns(&[])).collect();
    let mut table = csv::Writer::from_writer(Vec::new());
    // Writing into memory cannot fail.
    let _ = table.write_record(columns.iter().map(|column| &column.name));
    let _ = table.write_record(columns.iter().map(|column| column.write(&item)));
    String::from_utf8(table.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// Where the example may be led from where it stands.
fn next<T: Feature>() -> &'static [T::Status] {
    let example = T::example();
    let word = example.get("status").and_then(Value::as_str);
    let status = T::Status::STATES.iter().find(|state| word == Some(state.word()));
    status.map_or(&[], |status| status.next())
}

/// The example as somebody would write it: without what is read only or made when left out, relations by slug.
fn input<T: Feature>() -> Value {
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
