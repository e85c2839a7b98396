//! The examples of the document match their schemas.

use serde_json::Value;
use vku_http::openapi_document::document;

use crate::harness::contract::{Operation, Schemas};

/// The examples of a media type or of a parameter.
fn examples(of: &Value) -> Vec<&Value> {
    let named = of["examples"].as_object().into_iter().flat_map(|all| all.values().map(|it| &it["value"]));
    of.get("example").into_iter().chain(named).collect()
}

#[test]
fn every_body_has_an_example_that_matches_its_schema() {
    let schemas = Schemas::of(document());
    let mut faults = Vec::new();
    for Operation { id, definition, .. } in Operation::all(&schemas.document) {
        let mut contents = Vec::new();
        contents.extend(definition.pointer("/requestBody/content").map(|it| ("request".to_owned(), it)));
        for (status, response) in definition["responses"].as_object().unwrap() {
            contents.extend(schemas.resolved(response).get("content").map(|it| (status.clone(), it)));
        }
        for (place, content) in contents {
            for (media, content) in content.as_object().unwrap() {
                let shown = examples(content);
                if shown.is_empty() {
                    faults.push(format!("{id} {place} {media}: no example"));
                }
                for example in shown {
                    let wrong = schemas.faults(&content["schema"], example);
                    faults.extend(wrong.into_iter().map(|it| format!("{id} {place} {media}: {it}")));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn examples_of_parameters_and_schemas_match_their_schemas() {
    let schemas = Schemas::of(document());
    let mut faults = Vec::new();
    for Operation { id, definition, .. } in Operation::all(&schemas.document) {
        for parameter in definition["parameters"].as_array().into_iter().flatten() {
            for example in examples(parameter) {
                let wrong = schemas.faults(&parameter["schema"], example);
                faults.extend(wrong.into_iter().map(|it| format!("{id} {}: {it}", parameter["name"])));
            }
        }
    }
    each_schema("", &schemas.document, &mut |place, schema| {
        for example in schema["examples"].as_array().into_iter().flatten().chain(schema.get("example")) {
            faults.extend(schemas.faults(schema, example).into_iter().map(|it| format!("{place}: {it}")));
        }
    });
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Visits all schemas in a value. A schema is an object with a `type`.
fn each_schema(place: &str, value: &Value, visit: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => {
            if members.get("type").is_some_and(Value::is_string) {
                visit(place, value);
            }
            let parts = members.iter().filter(|(name, _)| !["example", "examples"].contains(&name.as_str()));
            parts.for_each(|(name, value)| each_schema(&format!("{place}/{name}"), value, visit));
        }
        Value::Array(entries) => entries.iter().for_each(|value| each_schema(place, value, visit)),
        _ => {}
    }
}
