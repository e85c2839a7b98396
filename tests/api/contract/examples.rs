//! The examples of the document match their schemas.

use serde_json::Value;
use vku_http::openapi_document::document;

use crate::api::demo::demo;
use crate::harness::contract::{Contract, Operation, Schemas};
use crate::harness::on_both;

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

/// Operations whose example in the path is not in the demo data, and why. This list may only shrink.
const NOT_IN_THE_DEMO: &[(&str, &str)] = &[
    ("get_security_contact", "only if the operator has configured a contact"),
    ("stream_events", "never ends"),
];

on_both! {
    /// Whoever presses *Execute* in Swagger UI on demo data gets a response, and not 404. Ids are not known before: a
    /// path with one is filled in by hand.
    async fn every_get_with_its_examples_succeeds_on_demo_data(app: TestApp) {
        let Contract { operations, .. } = Contract::served();
        let demo = demo(&app).await;
        let admin = demo.admin();
        let mut pressed = 0;
        for it in operations.iter().filter(|it| it.reads()) {
            let (mut path, mut query, mut has_id) = (it.path.clone(), Vec::new(), false);
            for parameter in it.definition["parameters"].as_array().into_iter().flatten() {
                let Some(example) = examples(parameter).first().and_then(|it| it.as_str()) else { continue };
                let name = parameter["name"].as_str().unwrap();
                has_id |= example.parse::<uuid::Uuid>().is_ok();
                match parameter["in"].as_str().unwrap() {
                    "path" => path = path.replace(&format!("{{{name}}}"), example),
                    "query" => query.push((name, example)),
                    _ => {}
                }
            }
            if has_id || NOT_IN_THE_DEMO.iter().any(|(id, _)| *id == it.id) {
                continue;
            }
            let encoded = reqwest::Url::parse_with_params("http://localhost/", &query).unwrap();
            let answer = admin.get(&format!("{path}?{}", encoded.query().unwrap_or_default())).await;
            assert!(answer.status.is_success(), "{} {path} {query:?}: {}", it.id, answer.text());
            pressed += 1;
        }
        assert!(pressed > 60, "{pressed}");
    }
}
