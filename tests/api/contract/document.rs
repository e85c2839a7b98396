//! The descriptions and declarations of every operation. The committed document is the current one.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use vku_http::openapi_document::document;
use vku_persistence::collections;

use super::unauthenticated::SIGNING_IN;
use crate::api::commands::Home;
use crate::api::fixtures::FIXTURES;
use crate::harness::contract::{Operation, Schemas};
use crate::harness::on_both;

fn has_text(value: &Value, member: &str) -> bool {
    value[member].as_str().is_some_and(|text| !text.trim().is_empty())
}

/// The parameters of a path template.
fn keys(path: &str) -> BTreeSet<&str> {
    path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}')).collect()
}

fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(entries) => entries.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// The tests that walk through all resources walk through this list.
#[test]
fn every_resource_has_a_fixture() {
    let document = document();
    let operations = Operation::all(&document);
    // Only resources can be deleted and restored.
    let restores: BTreeSet<_> =
        operations.iter().filter_map(|it| it.path.strip_suffix("/{id}/restore")).collect();
    let paths: BTreeSet<_> = FIXTURES.iter().map(|it| it.path).collect();
    assert_eq!(paths, restores, "the fixtures and the resources of the document differ");
    let names: BTreeSet<_> = FIXTURES.iter().map(|it| it.collection.to_owned()).collect();
    assert_eq!(names, collections().into_iter().collect(), "the fixtures and the collections differ");
    assert_eq!(FIXTURES.len(), paths.len());
    for fixture in FIXTURES {
        let create = format!("create_{}", fixture.name);
        let found = operations.iter().find(|it| it.id == create);
        assert_eq!(found.map(|it| it.path.as_str()), Some(fixture.path), "{create}");
    }
}

#[test]
fn every_operation_is_named_and_described() {
    let document = document();
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert!(document["tags"].as_array().unwrap().iter().all(|tag| has_text(tag, "description")));
    let (mut ids, mut used) = (BTreeSet::new(), BTreeSet::new());
    let operations = Operation::all(&document);
    for Operation { id, definition, path, .. } in &operations {
        assert!(ids.insert(id), "there are two {id}");
        let words: Vec<_> = id.split('_').collect();
        let plain = |word: &&str| !word.is_empty() && word.bytes().all(|it| it.is_ascii_lowercase());
        assert!(words.len() > 1 && words.iter().all(plain), "{id} is not verb_noun");
        assert!(
            has_text(definition, "summary") && has_text(definition, "description"),
            "{id} does not say what it does"
        );
        let own: Vec<_> =
            definition["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
        assert!(own.len() == 1 && tags.contains(own[0]), "{id}: {own:?}");
        used.insert(own[0]);
        assert!(definition["security"].is_array(), "{id} does not say who may");
        let mut named = BTreeSet::new();
        for parameter in definition["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            assert!(has_text(parameter, "description"), "{id}: what is {name}?");
            assert!(parameter["schema"].is_object(), "{id}: {name} has no schema");
            if parameter["in"] == "path" {
                assert_eq!(parameter["required"], true, "{id}: {name}");
                named.insert(name);
            }
        }
        assert_eq!(named, keys(path), "{id}: the keys in {path}");
    }
    assert_eq!(used, tags, "every tag has operations");
}

#[test]
fn every_reference_in_the_document_resolves() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 50);
    for target in found {
        assert!(target.strip_prefix('#').and_then(|it| document.pointer(it)).is_some(), "{target}");
    }
}

/// Operations on resources that have no version, so `If-Match` makes no sense.
const WITHOUT_VERSION: &[&str] = &["delete_member_calendar_link", "delete_topic_support"];

#[test]
fn every_operation_declares_its_problems() {
    let schemas = Schemas::of(document());
    for it in Operation::all(&schemas.document) {
        let mut needed = BTreeSet::from([400, 500]);
        let asks_who = it.takes_credentials() || SIGNING_IN.contains(&it.id.as_str());
        assert_eq!(it.declares(401), asks_who, "{}: 401", it.id);
        needed.extend((!keys(&it.path).is_empty()).then_some(404));
        needed.extend(it.path.starts_with("/api/").then_some(503));
        needed.extend((it.method != Method::GET).then_some(507));
        if it.definition.get("requestBody").is_some() {
            needed.extend([413, 415, 422]);
        }
        if let Some(condition) = it.parameter("If-Match") {
            needed.insert(412);
            needed.extend((condition["required"] == true).then_some(428));
        }
        needed.extend((it.reads() && it.parameter("format").is_some()).then_some(406));
        let missing: Vec<_> = needed.into_iter().filter(|status| !it.declares(*status)).collect();
        assert!(missing.is_empty(), "{} does not declare {missing:?}", it.id);
        assert_eq!(it.declares(304), it.parameter("If-None-Match").is_some(), "{}: 304", it.id);
        let conditional = [Method::PATCH, Method::DELETE].contains(&it.method)
            && it.parameter("dry_run").is_some()
            && !WITHOUT_VERSION.contains(&it.id.as_str());
        assert!(!conditional || it.parameter("If-Match").is_some(), "{}: If-Match", it.id);

        for (status, response) in it.definition["responses"].as_object().unwrap() {
            assert!(has_text(schemas.resolved(response), "description"), "{} {status}", it.id);
            if status.starts_with(['4', '5']) {
                let place = response["$ref"].as_str().unwrap_or_default();
                assert!(place.starts_with("#/components/responses/"), "{} {status} is not shared", it.id);
                let content = &schemas.resolved(response)["content"]["application/problem+json"];
                assert_eq!(content["schema"], json!({ "$ref": "#/components/schemas/Problem" }));
                assert_eq!(content["example"]["status"].to_string(), *status, "{place}");
            }
        }
    }
}

/// As one object, because client generators cannot distinguish the schemas of a `oneOf` without a discriminator.
#[test]
fn a_party_is_an_object_with_exactly_one_member() {
    let schemas = Schemas::of(document());
    for name in ["Party", "PartyInput"] {
        let party = &schemas.document["components"]["schemas"][name];
        let limits = (&party["type"], &party["minProperties"], &party["maxProperties"]);
        assert_eq!(limits, (&json!("object"), &json!(1), &json!(1)), "{name}");
    }
    let reference = json!({ "$ref": "#/components/schemas/PartyInput" });
    for (value, is_valid) in [
        (json!({ "utility": "hamburg-wasser" }), true),
        (json!({ "organisation": "bmz" }), true),
        (json!({}), false),
        (json!({ "utility": "hamburg-wasser", "organisation": "bmz" }), false),
    ] {
        assert_eq!(schemas.faults(&reference, &value).is_empty(), is_valid, "{value}");
    }
}

/// A member has the slug of its utility, so a reference to a member may be sent with that slug.
#[test]
fn references_to_members_may_have_a_slug() {
    let document = document();
    let reference = &document["components"]["schemas"]["MemberReferenceInput"]["oneOf"][1];
    assert!(reference["properties"]["slug"].is_object(), "{reference}");
}

#[test]
fn the_description_says_that_enumerations_may_grow() {
    let document = document();
    let description = document["info"]["description"].as_str().unwrap();
    assert!(description.contains("**Enumerations may grow**"), "{description}");
}

/// The library and the additional properties of the command of openapi-generator that starts with these words.
fn generator_options<'a>(text: &'a str, begin: &str) -> (Option<&'a str>, BTreeSet<&'a str>) {
    let (_, command) = text.split_once(begin).unwrap_or_else(|| panic!("there is no `{begin}`"));
    let words: Vec<_> = command.split_whitespace().filter(|word| *word != "\\").collect();
    let end = words.iter().position(|word| *word == "--additional-properties").unwrap();
    let library = words[..end].iter().position(|word| *word == "--library").map(|at| words[at + 1]);
    (library, words[end + 1].trim_end_matches('`').split(',').collect())
}

#[test]
fn the_documentation_names_the_tested_options_of_generators() {
    let documented = include_str!("../../../.github/docs/clients.md");
    let tested = include_str!("../../../.ci/lib.sh");
    for language in ["java", "go"] {
        let named = generator_options(documented, &format!("openapi-generator-cli generate -g {language} "));
        assert_eq!(named, generator_options(tested, &format!(" generate {language} ")), "{language}");
        assert!(named.1.contains("enumUnknownDefaultCase=true"), "{language}: {named:?}");
    }
}

#[test]
fn the_committed_openapi_document_is_fresh() {
    let home = Home::new();
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/openapi.json");
    assert!(home.run(&["openapi", "--check", committed]).ok().ends_with("openapi.json is up to date.\n"));
    assert!(home.run(&["openapi", "--v3.0"]).ok().starts_with("{\n  \"openapi\": \"3.0.3\""));
    let printed = home.run(&["openapi"]).ok();
    assert_eq!(printed, std::fs::read_to_string(committed).unwrap());

    let stale = home.write("stale.json", printed.replacen("\"get_index\"", "\"get_root\"", 1));
    let line = 1 + printed.lines().position(|line| line.contains("\"get_index\"")).unwrap();
    let err = home.run(&["openapi", "--check", stale.to_str().unwrap()]).fails();
    assert!(err.contains(&format!("stale.json is out of date, starting at line {line}")), "{err}");
    let short = home.write("short.json", &printed[..printed.len() - 3]);
    assert!(
        home.run(&["openapi", "--check", short.to_str().unwrap()])
            .fails()
            .contains("is out of date, starting at line")
    );
    assert!(
        home.run(&["openapi", "--check", "nowhere.json"]).fails().contains("nowhere.json cannot be read")
    );
}

on_both! {
    async fn the_served_document_is_the_tested_one(app: TestApp) {
        assert_eq!(app.anonymous().get("/openapi.json").await.ok().json(), document());
    }
}
