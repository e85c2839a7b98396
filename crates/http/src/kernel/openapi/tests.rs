//! What readers of the document and code generators can rely on. The linters check that examples match their schemas.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::openapi_document::document;

/// Visits every object of the document with its JSON pointer; examples are skipped, because they are data.
fn visit(value: &Value, at: &str, found: &mut dyn FnMut(&str, &Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            found(at, members);
            let parts = members.iter().filter(|(name, _)| *name != "example" && *name != "examples");
            parts.for_each(|(name, value)| visit(value, &format!("{at}/{}", name.replace('/', "~1")), found));
        }
        Value::Array(entries) => {
            entries
                .iter()
                .enumerate()
                .for_each(|(index, entry)| visit(entry, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// Returns the faults that a check finds in the objects of the document.
fn faults(document: &Value, check: impl Fn(&str, &Map<String, Value>) -> Option<String>) -> Vec<String> {
    let mut faults = Vec::new();
    visit(document, "", &mut |at, members| {
        faults.extend(check(at, members).map(|fault| format!("{at}: {fault}")))
    });
    faults
}

fn target<'a>(document: &'a Value, members: &Map<String, Value>) -> Option<&'a Value> {
    document.pointer(members.get("$ref")?.as_str()?.strip_prefix('#')?)
}

fn has_text(value: &Value, member: &str) -> bool {
    value.get(member).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty())
}

/// Whether the value or the target of its `$ref` has a description.
fn is_described(document: &Value, value: &Value) -> bool {
    has_text(value, "description")
        || value
            .as_object()
            .and_then(|members| target(document, members))
            .is_some_and(|it| has_text(it, "description"))
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let named = paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    named.collect()
}

#[test]
fn every_reference_resolves_and_every_component_is_used() {
    let document = document();
    let dangling = faults(&document, |_, members| {
        (members.contains_key("$ref") && target(&document, members).is_none())
            .then(|| format!("nothing at {}", members["$ref"]))
    });
    assert!(dangling.is_empty(), "{dangling:#?}");

    let mut used = BTreeSet::new();
    visit(&document, "", &mut |_, members| {
        used.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
    });
    for kind in ["schemas", "responses"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            assert!(used.contains(&format!("#/components/{kind}/{name}")), "{kind}/{name} is used nowhere");
        }
    }
}

#[test]
fn every_operation_has_an_id_a_description_and_examples() {
    let document = document();
    let tags = document["tags"].as_array().unwrap();
    assert!(tags.iter().all(|tag| has_text(tag, "description")), "{tags:#?}");
    let tags: BTreeSet<_> = tags.iter().map(|tag| &tag["name"]).map(Value::to_string).collect();
    let mut ids = BTreeSet::new();
    for (name, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{name}: a second {id}");
        for member in ["summary", "description"] {
            assert!(has_text(operation, member), "{name}: no {member}");
        }
        let own = operation["tags"].as_array().unwrap();
        assert!(own.len() == 1 && tags.contains(&own[0].to_string()), "{name}: {own:?} is no tag");
        let body = operation.pointer("/requestBody/content").into_iter();
        let answers = operation["responses"].as_object().unwrap();
        let contents = body.chain(answers.values().filter_map(|answer| answer.get("content")));
        for (media_type, content) in contents.filter_map(Value::as_object).flatten() {
            assert!(content.get("schema").is_some(), "{name}: {media_type} has no schema");
            let example = content.get("example").or_else(|| content.get("examples"));
            assert!(example.is_some(), "{name}: {media_type} has no example");
        }
    }
}

#[test]
fn every_operation_declares_its_problems_by_reference() {
    let document = document();
    for (name, operation) in operations(&document) {
        let answers = operation["responses"].as_object().unwrap();
        let problems: Vec<_> = answers.iter().filter(|(status, _)| status.starts_with(['4', '5'])).collect();
        assert!(answers.contains_key("500") && problems.len() > 1, "{name} declares no problems");
        for (status, problem) in problems {
            let shared = target(&document, problem.as_object().unwrap());
            let schema = shared.and_then(|it| it.pointer("/content/application~1problem+json/schema/$ref"));
            assert_eq!(
                schema.and_then(Value::as_str),
                Some("#/components/schemas/Problem"),
                "{name} {status}"
            );
        }
        let secured = operation["security"]
            .as_array()
            .is_some_and(|it| it.iter().any(|way| way.get("bearer").is_some()));
        assert_eq!(
            secured,
            answers.contains_key("401") && !name.ends_with("/auth/token") && !name.ends_with("/auth/refresh"),
            "{name}: security and 401"
        );
    }
}

/// Generators for Java, Go and C# make one class of a `oneOf`, and cannot tell which of several objects they read.
#[test]
fn no_choice_has_several_objects() {
    let document = document();
    let faults = faults(&document, |_, members| {
        let choices =
            ["oneOf", "anyOf"].into_iter().filter_map(|word| members.get(word)?.as_array()).flatten();
        let is_object = |schema: &&Value| {
            let named = schema.as_object().and_then(|members| target(&document, members));
            named.unwrap_or(schema).get("type").is_some_and(|name| name == "object")
        };
        (choices.filter(is_object).count() > 1).then(|| "chooses between objects".to_owned())
    });
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A generated Go client has a function `NewApiKey` that creates an `ApiKey`, and a type `NullableApiKey`.
#[test]
fn no_schema_has_a_name_that_a_generator_derives_from_another() {
    let document = document();
    let names: BTreeSet<_> = document["components"]["schemas"].as_object().unwrap().keys().collect();
    let derived =
        |name: &str| [format!("New{name}"), format!("New{name}WithDefaults"), format!("Nullable{name}")];
    let clashes: Vec<_> =
        names.iter().flat_map(|name| derived(name)).filter(|name| names.contains(name)).collect();
    assert!(clashes.is_empty(), "{clashes:?}");
}

#[test]
fn every_parameter_header_member_and_enum_value_is_described() {
    let document = document();
    let faults = faults(&document, |at, members| {
        let value = Value::Object(members.clone());
        let kind = at.rsplit('/').nth(1).unwrap_or_default();
        let described = match kind {
            "parameters" | "headers" | "properties" | "schemas" | "responses" => {
                is_described(&document, &value)
            }
            _ => true,
        };
        let about = members.get("description").and_then(Value::as_str).unwrap_or_default();
        let words = members.get("enum").and_then(Value::as_array).into_iter().flatten();
        let unexplained =
            words.filter_map(Value::as_str).find(|word| !about.contains(&format!("- `{word}`:")));
        match (described, unexplained) {
            (false, _) => Some("is not described".to_owned()),
            (_, Some(word)) => Some(format!("does not say what `{word}` means")),
            _ => None,
        }
    });
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn null_is_only_allowed_in_patches() {
    let document = document();
    let faults = faults(&document, |at, members| {
        let null = members.get("type").is_some_and(|kind| kind.to_string().contains("\"null\""));
        let schema = at.strip_prefix("/components/schemas/").and_then(|path| path.split('/').next());
        // RFC 7946, section 3.2: a feature without a location has `null`.
        let is_unlocated = at.contains("geo+json") && at.ends_with("/geometry");
        let patch = schema.is_some_and(|name| name.ends_with("Patch"));
        (null && !patch && !is_unlocated).then(|| "takes `null`".to_owned())
    });
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn members_that_are_always_present_are_required_in_responses() {
    let document = document();
    let required = |schema: &str| document["components"]["schemas"][schema]["required"].clone();
    for name in ["Partnership", "Utility", "Organisation", "FundingProgramme", "Funding"] {
        for member in ["id", "created_at", "updated_at", "version"] {
            assert!(required(name).as_array().unwrap().contains(&member.into()), "{name}: {member}");
        }
        assert!(!required(name).as_array().unwrap().contains(&"deleted_at".into()), "{name}: deleted_at");
        assert_eq!(required(&format!("{name}Page")), serde_json::json!(["items"]));
        assert_eq!(required(&format!("{name}Patch")), Value::Null);
    }
    assert_eq!(required("Money"), serde_json::json!(["amount", "currency"]));
    assert_eq!(required("UtilityReference"), serde_json::json!(["id", "slug", "name", "kind", "country"]));
}

#[test]
fn shared_value_types_are_components() {
    let document = document();
    for name in ["Localized", "Money", "PartialDate", "Problem", "Country", "Key", "Slug"] {
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}
