//! How each keyword of 3.1 is converted, and that the converted document has none left that 3.0 does not know.

use serde_json::{Value, json};

use super::schema::convert;
use super::*;
use crate::openapi_document::document;

fn converted(mut schema: Value) -> Value {
    convert(&mut schema);
    schema
}

#[test]
fn each_keyword_is_converted_to_its_equivalent() {
    for (schema, expected) in [
        (json!(true), json!({})),
        (json!(false), json!({ "not": {} })),
        (json!({ "type": ["string", "null"] }), json!({ "type": "string", "nullable": true })),
        (
            json!({ "type": ["string", "null"], "enum": ["a"] }),
            json!({ "type": "string", "enum": ["a", null], "nullable": true }),
        ),
        (json!({ "type": "null" }), json!({ "enum": [null] })),
        (
            json!({ "type": ["string", "integer"] }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] }),
        ),
        (
            json!({ "type": ["array", "integer"], "anyOf": [{}] }),
            json!({ "anyOf": [{}], "allOf": [{ "anyOf": [{ "type": "array", "items": {} }, { "type": "integer" }] }] }),
        ),
        (json!({ "const": "a" }), json!({ "enum": ["a"] })),
        (json!({ "type": "string", "examples": ["a", "b"] }), json!({ "type": "string", "example": "a" })),
        (json!({ "example": "c", "examples": ["a"] }), json!({ "example": "c" })),
        (
            json!({ "exclusiveMinimum": 0, "exclusiveMaximum": 9 }),
            json!({ "minimum": 0, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": true }),
        ),
        (json!({ "minimum": 3, "exclusiveMinimum": 0 }), json!({ "minimum": 3 })),
        (json!({ "minimum": 0, "exclusiveMinimum": 0 }), json!({ "minimum": 0, "exclusiveMinimum": true })),
        (
            json!({ "type": "string", "contentEncoding": "base64" }),
            json!({ "type": "string", "format": "byte" }),
        ),
        (
            json!({ "contentMediaType": "application/octet-stream" }),
            json!({ "type": "string", "format": "binary" }),
        ),
        (json!({ "propertyNames": { "pattern": "^a" }, "minProperties": 1 }), json!({ "minProperties": 1 })),
        (
            json!({ "patternProperties": { "^a": { "const": 1 } }, "additionalProperties": false }),
            json!({ "additionalProperties": { "enum": [1] } }),
        ),
        (
            json!({ "patternProperties": { "^a": { "const": 1 } }, "additionalProperties": { "type": "string" } }),
            json!({}),
        ),
        (
            json!({ "type": "array", "prefixItems": [{ "type": "string" }], "items": false }),
            json!({ "type": "array", "maxItems": 1, "items": { "anyOf": [{ "type": "string" }] } }),
        ),
        (
            json!({ "$ref": "#/a", "description": "b" }),
            json!({ "description": "b", "allOf": [{ "$ref": "#/a" }] }),
        ),
        (json!({ "$ref": "#/a" }), json!({ "$ref": "#/a" })),
        (
            json!({ "oneOf": [{ "type": "array", "items": true }, { "type": "null" }], "description": "b" }),
            json!({ "description": "b", "type": "array", "items": {}, "nullable": true }),
        ),
        (
            json!({ "oneOf": [{ "$ref": "#/a" }, { "type": "null" }] }),
            json!({ "oneOf": [{ "$ref": "#/a" }, { "enum": [null] }] }),
        ),
        (
            json!({ "oneOf": [{ "type": "string", "maxLength": 9 }, { "type": "object" }], "description": "b" }),
            json!({ "description": "b", "type": "string", "maxLength": 9 }),
        ),
        (
            json!({ "oneOf": [{ "type": "object", "required": ["a"] }, { "type": "object" }] }),
            json!({ "oneOf": [{ "type": "object", "required": ["a"] }, { "type": "object" }] }),
        ),
        // Names of members are not keywords.
        (
            json!({ "properties": { "const": { "const": 1 }, "examples": true }, "required": ["const"] }),
            json!({ "properties": { "const": { "enum": [1] }, "examples": {} }, "required": ["const"] }),
        ),
    ] {
        assert_eq!(converted(schema.clone()), expected, "{schema}");
        assert_eq!(converted(expected.clone()), expected, "what is converted already stays");
    }
}

#[test]
fn what_3_0_does_not_know_is_removed() {
    let older = openapi_3_0(json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": { "title": "T", "version": "1", "summary": "S", "license": { "name": "MIT", "identifier": "MIT" } },
        "paths": { "/a": { "get": {
            "security": [{ "key": ["read"] }, { "account": ["read"] }],
            "parameters": [{ "$ref": "#/components/parameters/p", "description": "d" }],
            "requestBody": { "content": { "text/csv": {}, "application/json": { "schema": true } } },
            "responses": { "200": { "content": { "application/json": {
                "schema": { "const": 1 },
                "example": { "schema": { "const": 1 } }
            } } } }
        } } },
        "webhooks": {},
        "components": {
            "pathItems": {},
            "parameters": { "p": { "name": "p", "in": "query", "schema": { "type": ["string", "null"] } } },
            "securitySchemes": { "key": { "type": "http" }, "account": { "type": "oauth2" } }
        }
    }));
    let expected = json!({
        "openapi": "3.0.3",
        "info": {
            "title": "T",
            "version": "1",
            "license": { "name": "MIT", "url": "https://spdx.org/licenses/MIT.html" }
        },
        "paths": { "/a": { "get": {
            "security": [{ "key": [] }, { "account": ["read"] }],
            "parameters": [{ "$ref": "#/components/parameters/p" }],
            "requestBody": { "content": { "application/json": { "schema": {} } } },
            "responses": { "200": { "content": { "application/json": {
                "schema": { "enum": [1] },
                "example": { "schema": { "const": 1 } }
            } } } }
        } } },
        "components": {
            "parameters": { "p": { "name": "p", "in": "query", "schema": { "type": "string", "nullable": true } } },
            "securitySchemes": { "key": { "type": "http" }, "account": { "type": "oauth2" } }
        }
    });
    assert_eq!(older, expected);
}

/// Finds the objects that use keywords of 3.1.
fn newer(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let keywords = ["const", "prefixItems", "propertyNames", "patternProperties", "identifier"];
            let alone = !members.contains_key("$ref") || members.len() == 1;
            let one_type = !members.get("type").is_some_and(|it| it.is_array() || it == "null");
            let bounds = ["exclusiveMinimum", "exclusiveMaximum"].map(|name| members.get(name));
            let bounds = bounds.into_iter().flatten().all(Value::is_boolean);
            // The `examples` of a media type are a map, in both versions.
            let listed = members.get("examples").is_some_and(Value::is_array);
            let typed = !members.contains_key("nullable") || members.contains_key("type");
            if keywords.iter().any(|keyword| members.contains_key(*keyword))
                || listed
                || !(alone && one_type && bounds && typed)
            {
                found.push(at.to_owned());
            }
            for (name, value) in members.iter().filter(|(name, _)| *name != "example") {
                match (name.as_str(), value) {
                    // Their keys are names, not keywords.
                    ("properties" | "schemas", Value::Object(named)) => {
                        named.iter().for_each(|(name, value)| newer(value, &format!("{at}/{name}"), found));
                    }
                    _ => newer(value, &format!("{at}/{name}"), found),
                }
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| newer(entry, at, found)),
        _ => {}
    }
}

#[test]
fn the_converted_document_has_no_keywords_of_3_1() {
    let document = document();
    let older = openapi_3_0(document.clone());
    let mut found = Vec::new();
    newer(&older, "", &mut found);
    assert!(found.is_empty(), "{found:#?}");
    newer(&document, "", &mut found);
    assert!(found.len() > 100, "the search finds what there is in 3.1");
    for part in ["/paths", "/components/schemas", "/components/responses"] {
        let names = |value: &Value| -> Vec<String> {
            value.pointer(part).and_then(Value::as_object).unwrap().keys().cloned().collect()
        };
        let lost: Vec<_> =
            names(&document).into_iter().filter(|name| !names(&older).contains(name)).collect();
        // The schema of the upload form is dropped with its media type, those of webhooks with these.
        let schemas = ["ImportForm", "WebhookEvent", "WebhookEventData"];
        let expected = if part == "/components/schemas" { schemas.as_slice() } else { &[] };
        assert_eq!(lost, expected, "{part}");
    }
}

#[test]
fn schemas_that_only_webhooks_use_are_removed() {
    let to = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let body = |schema| json!({ "content": { "application/json": { "schema": schema } } });
    let older = openapi_3_0(json!({
        "openapi": "3.1.0",
        "paths": { "/a": { "get": { "responses": { "200": body(to("Shared")) } } } },
        "webhooks": { "changed": { "post": { "requestBody": body(to("Event")) } } },
        "components": { "schemas": {
            "Event": { "properties": { "data": to("EventData") } },
            "EventData": { "properties": { "shared": to("Shared") } },
            "Shared": { "type": "string" },
            "Lonely": { "type": "string" }
        } }
    }));
    let left: Vec<_> = older["components"]["schemas"].as_object().unwrap().keys().collect();
    assert_eq!(left, ["Shared", "Lonely"]);
}
