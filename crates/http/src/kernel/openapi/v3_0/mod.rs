//! The document as OpenAPI 3.0.3, for generators that support no later version.
//!
//! What 3.0 cannot express is left out, so the schemas of 3.0 accept what those of 3.1 accept, and sometimes more.

mod schema;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

type Members = Map<String, Value>;

/// The members that 3.0 does not know, by JSON pointer.
const UNKNOWN: &[(&str, &[&str])] =
    &[("", &["webhooks", "jsonSchemaDialect"]), ("/info", &["summary"]), ("/components", &["pathItems"])];

/// Converts a document of version 3.1, for generators. Request bodies keep one media type.
pub fn openapi_3_0(document: Value) -> Value {
    convert(document, one_media_type)
}

/// Converts a document of version 3.1, for people. Request bodies keep all media types.
pub fn openapi_3_0_for_people(document: Value) -> Value {
    convert(document, |_| ())
}

fn convert(mut document: Value, request_body: fn(&mut Value)) -> Value {
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    for (pointer, names) in UNKNOWN {
        if let Some(Value::Object(members)) = document.pointer_mut(pointer) {
            names.iter().for_each(|name| drop(members.shift_remove(*name)));
        }
    }
    if let Some(Value::Object(licence)) = document.pointer_mut("/info/license") {
        licence_url(licence);
    }
    let scoped = scoped_schemes(&document);
    if let Value::Object(members) = &mut document {
        members.insert("openapi".into(), json!("3.0.3"));
        // Required in 3.0, even if the document only has webhooks.
        members.entry("paths").or_insert_with(|| json!({}));
    }
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.values_mut().for_each(schema::convert);
    }
    parts(&mut document, &scoped, request_body);
    drop_unused(&mut document, &used);
    document
}

/// Collects every `$ref` of a document.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| references(entry, found)),
        _ => {}
    }
}

/// Drops the schemas that are no longer used: those of the media types that were removed from request bodies, those of
/// webhooks, and those that only these use.
fn drop_unused(document: &mut Value, used: &BTreeSet<String>) {
    loop {
        let mut left = BTreeSet::new();
        references(document, &mut left);
        let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") else { return };
        let before = schemas.len();
        schemas.retain(|name, _| {
            let path = format!("#/components/schemas/{name}");
            !used.contains(&path) || left.contains(&path)
        });
        if schemas.len() == before {
            return;
        }
    }
}

/// Replaces the SPDX identifier of the licence by a URL: its page, or the list of licences for an expression of
/// several.
fn licence_url(licence: &mut Members) {
    let Some(Value::String(identifier)) = licence.shift_remove("identifier") else { return };
    let page = if identifier.contains(' ') { String::new() } else { format!("{identifier}.html") };
    licence.entry("url").or_insert_with(|| json!(format!("https://spdx.org/licenses/{page}")));
}

/// The names of the security schemes that have scopes in 3.0.
fn scoped_schemes(document: &Value) -> Vec<String> {
    let schemes = document.pointer("/components/securitySchemes").and_then(Value::as_object);
    let is_scoped = |scheme: &Value| {
        scheme.get("type").and_then(Value::as_str).is_some_and(|it| ["oauth2", "openIdConnect"].contains(&it))
    };
    let scoped = schemes.into_iter().flatten().filter(|(_, scheme)| is_scoped(scheme));
    scoped.map(|(name, _)| name.clone()).collect()
}

/// Converts everything but the schemas, in which these names have another meaning.
fn parts(value: &mut Value, scoped: &[String], request_body: fn(&mut Value)) {
    match value {
        Value::Object(members) => {
            reference(members);
            for (name, member) in members {
                match name.as_str() {
                    // Examples are data; the schemas are already converted.
                    "example" | "examples" | "schemas" => {}
                    "schema" => schema::convert(member),
                    "security" => security(member, scoped),
                    "requestBody" => {
                        request_body(member);
                        parts(member, scoped, request_body);
                    }
                    _ => parts(member, scoped, request_body),
                }
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| parts(entry, scoped, request_body)),
        _ => {}
    }
}

/// Removes the other members beside a `$ref`.
fn reference(members: &mut Members) {
    if members.get("$ref").is_some_and(Value::is_string) {
        members.retain(|name, _| name == "$ref");
    }
}

/// Keeps one media type of a request body, JSON if there is one, otherwise the first: generators for 3.0 fail if there
/// are several.
fn one_media_type(body: &mut Value) {
    let Some(Value::Object(content)) = body.get_mut("content") else { return };
    let names = || content.keys();
    let Some(chosen) = names().find(|name| *name == "application/json").or(names().next()).cloned() else {
        return;
    };
    content.retain(|name, _| *name == chosen);
}

/// Removes the scopes of schemes other than OAuth 2 and OpenID Connect, which must not have any.
fn security(requirements: &mut Value, scoped: &[String]) {
    let requirements = requirements.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut);
    for (name, scopes) in requirements.flatten() {
        if !scoped.contains(name) {
            *scopes = json!([]);
        }
    }
}
