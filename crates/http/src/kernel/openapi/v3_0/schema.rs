//! Converts a schema of OpenAPI 3.1 (JSON Schema 2020-12) to the keywords of 3.0.

use serde_json::{Map, Value, json};

type Members = Map<String, Value>;

/// Keywords without a counterpart, which only narrow or explain.
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
            // In 3.0, an array must have `items`.
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
            // A boolean has the same meaning in both versions.
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

/// Converts exclusive bounds: they are numbers in 3.1, and flags of the inclusive bounds in 3.0.
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

/// Converts encoded or binary content to a `format`.
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

/// Converts members by pattern to members with any name.
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

/// Converts a tuple to an array of any of its types.
fn tuple(members: &mut Members) {
    let Some(Value::Array(mut kinds)) = members.shift_remove("prefixItems") else { return };
    match members.shift_remove("items") {
        // No other items are allowed.
        Some(Value::Object(none)) if none.get("not") == Some(&json!({})) => {
            members.entry("maxItems").or_insert_with(|| json!(kinds.len()));
        }
        Some(rest) => kinds.push(rest),
        None => kinds.push(json!({})),
    }
    members.insert("items".into(), json!({ "anyOf": kinds }));
}

/// Converts a list of types to one type or a choice of schemas, and the type `null` to `nullable`.
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
                // There is already a choice, so this is a further condition.
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

/// Allows only `null`: 3.0 has no such type, but an enumeration can contain the value.
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

/// Converts a choice of a schema with a type and `null` to that schema, nullable. In a choice with a reference or
/// with several schemas, `null` stays a schema of its own, because tools disagree on what `nullable` means there.
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

/// Reduces a choice of a string and an object with the same meaning to the string: generators for 3.0 make a class of
/// the choice that cannot be filled in.
fn text_or_object(members: &mut Members) {
    let Some(Value::Array(schemas)) = members.get("oneOf") else { return };
    let has_type = |schema: &&Value, name: &str| schema.get("type").is_some_and(|it| it == name);
    let text = schemas.iter().find(|it| has_type(it, "string")).and_then(Value::as_object);
    let object = schemas.iter().any(|it| has_type(&it, "object"));
    let (Some(text), true, 2) = (text.cloned(), object, schemas.len()) else { return };
    members.shift_remove("oneOf");
    // The description of the string is more precise than that of the choice.
    members.extend(text);
}

/// Moves a reference that has other members beside it into an `allOf`: 3.0 ignores what stands beside a `$ref`.
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
