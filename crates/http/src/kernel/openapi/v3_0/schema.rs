//! One schema of OpenAPI 3.1 (JSON Schema 2020-12) in the words of 3.0.

use serde_json::{Map, Value, json};

type Members = Map<String, Value>;

/// What has no counterpart, and only ever narrows or explains.
const UNKNOWN: &[&str] = &[
    "$anchor",
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "contains",
    "contentSchema",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "maxContains",
    "minContains",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Converts a schema and all schemas in it.
pub(super) fn convert(schema: &mut Value) {
    match schema {
        Value::Bool(true) => *schema = json!({}),
        Value::Bool(false) => *schema = json!({ "not": {} }),
        Value::Object(members) => {
            children(members);
            UNKNOWN.iter().for_each(|name| drop(members.shift_remove(*name)));
            constant(members);
            examples(members);
            bounds(members);
            content(members);
            patterns(members);
            tuple(members);
            types(members);
            choice(members);
            text_or_object(members);
            // In 3.0 a list has to say of what.
            if members.get("type").is_some_and(|name| name == "array") {
                members.entry("items").or_insert_with(|| json!({}));
            }
            siblings(members);
        }
        _ => {}
    }
}

fn children(members: &mut Members) {
    for (name, member) in members {
        match (name.as_str(), member) {
            ("properties" | "patternProperties", Value::Object(schemas)) => {
                schemas.values_mut().for_each(convert)
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(convert)
            }
            // As a boolean it means the same in both.
            ("additionalProperties", Value::Bool(_)) => {}
            ("items" | "not" | "additionalProperties", schema) => convert(schema),
            _ => {}
        }
    }
}

fn constant(members: &mut Members) {
    if let Some(value) = members.shift_remove("const") {
        members.insert("enum".into(), json!([value]));
    }
}

fn examples(members: &mut Members) {
    if let Some(Value::Array(examples)) = members.shift_remove("examples")
        && let Some(first) = examples.into_iter().next()
    {
        members.entry("example").or_insert(first);
    }
}

/// An exclusive bound is a number in 3.1, and in 3.0 a word about the other bound.
fn bounds(members: &mut Members) {
    for (exclusive, inclusive, narrower) in [
        ("exclusiveMinimum", "minimum", f64::gt as fn(&f64, &f64) -> bool),
        ("exclusiveMaximum", "maximum", f64::lt),
    ] {
        let Some(bound) = members.get(exclusive).and_then(Value::as_f64) else { continue };
        let other = members.get(inclusive).and_then(Value::as_f64);
        let value = members.shift_remove(exclusive).unwrap_or_default();
        if other.is_none_or(|other| !narrower(&other, &bound)) {
            members.insert(inclusive.into(), value);
            members.insert(exclusive.into(), json!(true));
        }
    }
}

/// Bytes in a text are a format in 3.0.
fn content(members: &mut Members) {
    let encoding = members.shift_remove("contentEncoding");
    let media_type = members.shift_remove("contentMediaType");
    let format = match (encoding.as_ref().and_then(Value::as_str), media_type) {
        (Some("base64" | "base64url"), _) => "byte",
        (None, Some(_)) => "binary",
        _ => return,
    };
    members.entry("type").or_insert_with(|| json!("string"));
    members.entry("format").or_insert_with(|| json!(format));
}

/// Members by pattern become members by any name.
fn patterns(members: &mut Members) {
    let Some(Value::Object(patterns)) = members.shift_remove("patternProperties") else { return };
    let schemas: Vec<Value> = patterns.into_iter().map(|(_, schema)| schema).collect();
    if members.get("additionalProperties") != Some(&json!(false)) {
        members.shift_remove("additionalProperties");
    } else if let [only] = schemas.as_slice() {
        members.insert("additionalProperties".into(), only.clone());
    } else {
        members.insert("additionalProperties".into(), json!({ "anyOf": schemas }));
    }
}

/// A tuple becomes a list of any of its kinds.
fn tuple(members: &mut Members) {
    let Some(Value::Array(mut kinds)) = members.shift_remove("prefixItems") else { return };
    match members.shift_remove("items") {
        // Nothing may follow.
        Some(Value::Object(none)) if none.get("not") == Some(&json!({})) => {
            members.entry("maxItems").or_insert_with(|| json!(kinds.len()));
        }
        Some(rest) => kinds.push(rest),
        None => kinds.push(json!({})),
    }
    members.insert("items".into(), json!({ "anyOf": kinds }));
}

/// One type, or a choice of schemas; `null` is a word of its own.
fn types(members: &mut Members) {
    if members.get("type").is_some_and(|it| it == "null") {
        members.shift_remove("type");
        return nothing_but_null(members);
    }
    let Some(Value::Array(names)) = members.get("type") else { return };
    let nullable = names.iter().any(|name| name == "null");
    let names: Vec<Value> = names.iter().filter(|name| *name != "null").cloned().collect();
    match names.as_slice() {
        [] => {
            members.shift_remove("type");
            return nothing_but_null(members);
        }
        [only] => drop(members.insert("type".into(), only.clone())),
        several => {
            members.shift_remove("type");
            let kinds: Vec<Value> = several.iter().map(|name| kind(name, nullable)).collect();
            if !members.contains_key("anyOf") {
                members.insert("anyOf".into(), json!(kinds));
            } else if let Value::Array(all) = members.entry("allOf").or_insert_with(|| json!([])) {
                // Beside a choice that is there already, it is one more condition.
                all.push(json!({ "anyOf": kinds }));
            }
            return;
        }
    }
    if nullable {
        or_null(members);
    }
}

fn kind(name: &Value, nullable: bool) -> Value {
    let mut kind = json!({ "type": name });
    if let Value::Object(members) = &mut kind {
        if name == "array" {
            members.insert("items".into(), json!({}));
        }
        if nullable {
            members.insert("nullable".into(), json!(true));
        }
    }
    kind
}

/// 3.0 has no type for `null` alone, but a value.
fn nothing_but_null(members: &mut Members) {
    members.insert("enum".into(), json!([null]));
}

fn or_null(members: &mut Members) {
    members.insert("nullable".into(), json!(true));
    if let Some(Value::Array(values)) = members.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}

/// A schema with a type, or `null`: that schema, nullable. Beside a reference, or among several, `null` stays a schema
/// of its own: what `nullable` would mean there, readers do not agree on.
fn choice(members: &mut Members) {
    for name in ["oneOf", "anyOf"] {
        let Some(Value::Array(schemas)) = members.get(name) else { continue };
        let rest: Vec<&Value> = schemas.iter().filter(|it| it.get("enum") != Some(&json!([null]))).collect();
        let [Value::Object(only)] = rest.as_slice() else { continue };
        if rest.len() < schemas.len() && only.get("type").is_some_and(Value::is_string) {
            let only = only.clone();
            members.shift_remove(name);
            for (name, value) in only {
                members.entry(name).or_insert(value);
            }
            or_null(members);
        }
    }
}

/// A text or an object that means the same is a text: generators that read only 3.0 make a class of the choice that
/// nobody can fill in.
fn text_or_object(members: &mut Members) {
    let Some(Value::Array(schemas)) = members.get("oneOf") else { return };
    let has_type = |schema: &&Value, name: &str| schema.get("type").is_some_and(|it| it == name);
    let text = schemas.iter().find(|it| has_type(it, "string")).and_then(Value::as_object);
    let object = schemas.iter().any(|it| has_type(&it, "object"));
    let (Some(text), true, 2) = (text.cloned(), object, schemas.len()) else { return };
    members.shift_remove("oneOf");
    // What the text says of itself is more to the point than what was said of the choice.
    members.extend(text);
}

/// What stands beside a reference is ignored in 3.0: the reference moves into an `allOf`.
fn siblings(members: &mut Members) {
    if members.len() < 2 {
        return;
    }
    let Some(target) = members.get("$ref").filter(|target| target.is_string()).cloned() else { return };
    members.shift_remove("$ref");
    let reference = json!({ "$ref": target });
    match members.get_mut("allOf") {
        Some(Value::Array(all)) => all.insert(0, reference),
        _ => drop(members.insert("allOf".into(), json!([reference]))),
    }
}
