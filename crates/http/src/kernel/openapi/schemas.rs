//! The schemas of a resource, all from one struct: for responses, request bodies, patches and lists.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use vku_domain::kernel::resource::naming::{INPUT, schema_name};
use vku_domain::kernel::vocabulary::EXTENSION;

use super::request_schemas::{self, TRANSITION};
use super::resource_document::ResourceDocument;
use super::{projection, vocabulary_names, with};

/// The prefix of the name of a schema whose fields `fields` selects.
pub(super) const SPARSE_NAME: &str = "Sparse";

type Named = BTreeMap<String, Value>;

/// Adds all schemas of a resource.
pub(super) fn add(resource: &ResourceDocument, components: &mut Map<String, Value>) {
    let name = &resource.schema_name;
    let filters = resource.filters.iter().flat_map(|parameter| &parameter.schemas);
    let found = resource.named_schemas.iter().chain(filters);
    let mut named: Named = found.map(|(name, schema)| (name.clone(), json!(schema))).collect();
    // Each resource adds the schema of references to itself.
    named.retain(|name, _| !name.ends_with("Reference"));
    let directional: Vec<&String> = named.keys().filter(|name| differs(name, &named, 0)).collect();
    for (name, schema) in &named {
        if directional.contains(&name) {
            put(components, name, directed(schema, &directional, false));
            put(components, &format!("{name}{INPUT}"), directed(schema, &directional, true));
        } else {
            put(components, name, with_value_descriptions(name, &named, schema));
        }
    }
    let schema = json!(resource.data_schema);
    let read = read(resource, &directed(&schema, &directional, false));
    put(components, &schema_name(resource.info.name), reference(resource, &read));
    put(components, &format!("{SPARSE_NAME}{name}"), sparse(&read, name));
    put(components, name, read);
    projection::add(resource, components);
    let mut input = with(directed(&schema, &directional, true), "additionalProperties", json!(false));
    without_null(&mut input);
    let about = "A JSON Merge Patch (RFC 7396): omitted fields stay unchanged, `null` clears a field.";
    let patch = patch(&input, about, components);
    components.insert(format!("{name}Patch"), patch);
    if !resource.has_custom_create {
        components.insert(format!("{name}{INPUT}"), input);
    }
    components.insert(format!("{name}Page"), page(name, resource.plural));
    if resource.info.has_status {
        components.insert(format!("{name}{TRANSITION}"), request_schemas::transition(name));
    }
    let sparse = format!("{SPARSE_NAME}{name}");
    components.insert(format!("{sparse}Page"), page(&sparse, resource.plural));
}

/// Adds the schema without `null`: an optional field is just not required.
pub(super) fn put(components: &mut Map<String, Value>, name: &str, mut schema: Value) {
    without_null(&mut schema);
    components.insert(name.to_owned(), schema);
}

/// The `…OrUnknown` schema of a filter, with the descriptions of the values of the status.
fn with_value_descriptions(name: &str, named: &Named, schema: &Value) -> Value {
    let status = name.strip_suffix("OrUnknown").and_then(|status| named.get(status));
    let text = |key: &str| status?.get(key)?.as_str();
    let (Some(about), Some(vocabulary)) = (text("description"), text(EXTENSION)) else {
        return schema.clone();
    };
    let about = format!("{about}\n- `unknown`: the status is not known");
    let schema = with(schema.clone(), "description", json!(about));
    with(schema, EXTENSION, json!(vocabulary_names::or_unknown(vocabulary)))
}

/// Whether the schemas for reading and for writing differ, because they refer to other resources.
fn differs(name: &str, named: &Named, depth: usize) -> bool {
    let targets = |schema: &Value| {
        let mut targets = Vec::new();
        visit(schema, &mut |target| targets.push(target.to_owned()));
        targets
    };
    !name.ends_with(INPUT)
        && depth < 8
        && named.get(name).is_some_and(|schema| {
            targets(schema).iter().any(|target| target.ends_with(INPUT) || differs(target, named, depth + 1))
        })
}

fn visit(schema: &Value, found: &mut dyn FnMut(&str)) {
    match schema {
        Value::Object(members) => {
            if let Some(target) =
                members.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next())
            {
                found(target);
            }
            members.values().for_each(|value| visit(value, found));
        }
        Value::Array(entries) => entries.iter().for_each(|value| visit(value, found)),
        _ => {}
    }
}

/// The schema for one direction: written (`…Input`) or read.
pub(super) fn directed(schema: &Value, directional: &[&String], is_input: bool) -> Value {
    match schema {
        Value::Object(members) => {
            let convert = |(name, value): (&String, &Value)| {
                let target = value.as_str().and_then(|path| path.rsplit_once('/')).filter(|_| name == "$ref");
                let value = match target {
                    Some((path, target)) if is_input && directional.iter().any(|name| *name == target) => {
                        json!(format!("{path}/{target}{INPUT}"))
                    }
                    Some((path, target)) if !is_input => {
                        json!(format!("{path}/{}", target.strip_suffix(INPUT).unwrap_or(target)))
                    }
                    _ => directed(value, directional, is_input),
                };
                (name.clone(), value)
            };
            Value::Object(members.iter().map(convert).collect())
        }
        Value::Array(entries) => entries.iter().map(|entry| directed(entry, directional, is_input)).collect(),
        other => other.clone(),
    }
}

/// The schema in responses: with id, times, version, parent and derived fields.
fn read(resource: &ResourceDocument, data: &Value) -> Value {
    let derived = directed(&json!(resource.derived_schema), &[], false);
    let mut properties = Map::new();
    let mut required = vec![json!("id")];
    properties.insert(
        "id".into(),
        json!({ "type": "string", "format": "uuid", "description": "The id (UUIDv7)." }),
    );
    if let Some(parent) = resource.info.parent {
        let target = format!("#/components/schemas/{}", schema_name(parent));
        let about = format!("The {parent} to which this resource belongs.");
        properties.insert(parent.into(), json!({ "$ref": target, "description": about }));
        required.push(json!(parent));
    }
    for schema in [data, &derived] {
        for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if !nullable(schema) || (name == "slug" && resource.has_own_slug) {
                required.push(json!(name));
            }
            properties.insert(name.clone(), schema.clone());
        }
    }
    for (name, about) in [
        ("created_at", "When the resource was created."),
        ("updated_at", "When the resource itself last changed."),
    ] {
        properties
            .insert(name.into(), json!({ "type": "string", "format": "date-time", "description": about }));
        required.push(json!(name));
    }
    let version = json!({ "type": "integer", "format": "int64", "minimum": 1, "description": "The version, which starts at 1 and increases by 1 with every change." });
    properties.insert("version".into(), version);
    required.push(json!("version"));
    let deleted = json!({ "type": "string", "format": "date-time", "description": "When the resource was deleted; absent if it is not deleted." });
    properties.insert("deleted_at".into(), deleted);
    let about = data.get("description").cloned().unwrap_or_default();
    json!({ "type": "object", "description": about, "properties": properties, "required": required })
}

/// The schema in responses to requests with `fields`: any field may be absent.
fn sparse(read: &Value, name: &str) -> Value {
    let mut sparse = with(
        read.clone(),
        "description",
        json!(format!("`{name}`, with only the fields that `fields` selects.")),
    );
    sparse.as_object_mut().and_then(|members| members.shift_remove("required"));
    sparse
}

/// The schema of references to the resource: id, slug, name, and other fields that identify it.
fn reference(resource: &ResourceDocument, read: &Value) -> Value {
    let members: Vec<_> =
        ["id", "slug", resource.name_field].iter().chain(resource.summary_fields).copied().collect();
    let properties: Map<_, _> = members
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), read.get("properties")?.get(name)?.clone())))
        .collect();
    let required: Vec<_> = members.iter().filter(|name| is_required(read, name)).collect();
    let about = format!(
        "A reference to {}; with `expand`, all fields of `{}`.",
        resource.singular, resource.schema_name
    );
    json!({ "type": "object", "description": about, "properties": properties, "required": required })
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema.get("required").and_then(Value::as_array).is_some_and(|names| names.contains(&json!(name)))
}

/// The schema of a patch (RFC 7396): nothing is required, `null` clears optional fields, and nested objects are
/// patched in the same way.
fn patch(input: &Value, about: &str, components: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for (name, schema) in input.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let schema = of_patch(schema, components);
        let schema = if is_required(input, name) { schema } else { or_null(schema) };
        properties.insert(name.clone(), schema);
    }
    let more = match input.get("additionalProperties") {
        Some(more @ Value::Object(_)) => or_null(more.clone()),
        _ => json!(false),
    };
    let schema = json!({ "type": "object", "description": about, "additionalProperties": more });
    match input.get("propertyNames") {
        Some(names) => with(schema, "propertyNames", names.clone()),
        None => with(schema, "properties", Value::Object(properties)),
    }
}

/// The schema of a field in a patch; if the field refers to an object, the schema refers to the patch of that
/// object.
fn of_patch(schema: &Value, components: &mut Map<String, Value>) -> Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    let object =
        target.and_then(|name| components.get(name)).filter(|it| it.get("type") == Some(&json!("object")));
    let (Some(name), Some(object)) = (target, object.cloned()) else { return schema.clone() };
    let about = format!("A patch of `{name}`: omitted fields stay unchanged.");
    let patch = patch(&object, &about, components);
    components.insert(format!("{name}Patch"), patch);
    with(schema.clone(), "$ref", json!(format!("#/components/schemas/{name}Patch")))
}

fn or_null(mut schema: Value) -> Value {
    let about = schema.as_object_mut().and_then(|members| members.shift_remove("description"));
    let nullable = json!({ "oneOf": [schema, { "type": "null" }] });
    match about {
        Some(about) => with(nullable, "description", about),
        None => nullable,
    }
}

pub(super) fn page(name: &str, many: &str) -> Value {
    let path = |about: &str| json!({ "type": "string", "format": "uri-reference", "description": about });
    json!({
        "type": "object",
        "description": format!("A page of {many}."),
        "required": ["items"],
        "properties": {
            "items": {
                "type": "array", "items": { "$ref": format!("#/components/schemas/{name}") },
                "description": "The rows of this page, in the requested order."
            },
            "next": path("The path of the next page; absent on the last page."),
            "prev": path("The path of the previous page; absent on the first page."),
            "highlights": {
                "type": "array", "items": { "$ref": "#/components/schemas/Highlights" },
                "description": "Which members match the search, for each row of the page; only with `highlight=true`."
            },
            "total": { "type": "integer", "minimum": 0, "description": "The total number of matching rows; only with `count=true`." }
        }
    })
}

fn nullable(schema: &Value) -> bool {
    let is_null = |schema: &Value| schema.get("type").is_some_and(|name| name == "null");
    let in_type =
        schema.get("type").and_then(Value::as_array).is_some_and(|types| types.contains(&json!("null")));
    let in_one_of =
        schema.get("oneOf").and_then(Value::as_array).is_some_and(|schemas| schemas.iter().any(is_null));
    in_type || in_one_of
}

/// Removes `null` from all types in the schema.
pub(super) fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            remove_null_type(members);
            members.values_mut().for_each(without_null);
        }
        Value::Array(entries) => entries.iter_mut().for_each(without_null),
        _ => {}
    }
}

fn remove_null_type(members: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            members.insert("type".into(), only);
        }
    }
    let Some(Value::Array(schemas)) = members.get_mut("oneOf") else { return };
    let before = schemas.len();
    schemas.retain(|schema| schema.get("type").is_none_or(|name| name != "null"));
    if let (true, [Value::Object(only)]) = (schemas.len() < before, schemas.as_slice()) {
        let only = only.clone();
        members.shift_remove("oneOf");
        for (name, value) in only {
            members.entry(name).or_insert(value);
        }
    }
}
