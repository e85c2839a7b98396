//! Checks that the document declares the parameters and the body of a request that was accepted.

use reqwest::Method;
use serde_json::{Value, json};
use vku_domain::kernel::bilingual::typed;

use super::operation::decoded;
use super::{Contract, Operation, Sent, coverage, essence, is_json};

/// Pages for people, which ignore unknown parameters.
const FOR_PEOPLE: [&str; 2] = ["get_index", "get_problem_type"];

/// The faults of an accepted request: the parts that the document does not allow.
pub(super) fn faults(
    contract: &Contract,
    operation: &Operation,
    keys: &[(&str, String)],
    sent: &Sent,
) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, value) in keys {
        faults.extend(faults_of_value(contract, operation, "path", name, value));
    }
    for pair in sent.query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " ")));
        faults.extend(faults_of_value(contract, operation, "query", &name, typed(&value)));
    }
    faults.extend(faults_of_body(contract, operation, sent));
    faults.into_iter().map(|fault| format!("{} accepted: {fault}", operation.id)).collect()
}

fn faults_of_value(
    contract: &Contract,
    operation: &Operation,
    place: &str,
    name: &str,
    value: &str,
) -> Vec<String> {
    let Some(parameter) = operation.parameter(name).filter(|it| it["in"] == place) else {
        if place == "query" && FOR_PEOPLE.contains(&operation.id.as_str()) {
            return Vec::new();
        }
        return vec![format!("the {place} parameter {name}, which is not declared")];
    };
    coverage::record(format!("{} ?{name}", operation.id));
    let schema = contract.schemas.resolved(&parameter["schema"]);
    let each = match schema["type"].as_str() {
        // Without `explode`, the entries are separated by commas; otherwise the parameter is repeated.
        Some("array") if parameter["explode"] == false => value.split(',').map(str::trim).collect(),
        _ => vec![value],
    };
    let schema = if schema["type"] == "array" { &schema["items"] } else { schema };
    let schema = contract.schemas.resolved(schema);
    let read = |text: &str| match schema["type"].as_str() {
        Some("integer" | "number" | "boolean") => serde_json::from_str(text).unwrap_or(json!(text)),
        _ => json!(text),
    };
    let faults = each.into_iter().flat_map(|text| contract.schemas.faults(schema, &read(text)));
    faults.map(|fault| format!("{name}={value}: {fault}")).collect()
}

fn faults_of_body(contract: &Contract, operation: &Operation, sent: &Sent) -> Vec<String> {
    let Some(body) = &sent.body else { return Vec::new() };
    let Some(contents) = operation.definition.pointer("/requestBody/content") else {
        // The operation ignores its body.
        return Vec::new();
    };
    let Some(content) = contents.get(essence(&sent.media)) else {
        return vec![format!("the media type {:?}, which is not declared", sent.media)];
    };
    coverage::record(format!("{} < {}", operation.id, essence(&sent.media)));
    if !is_json(&sent.media) {
        return Vec::new();
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(body) => contract.schemas.faults(&content["schema"], &plain(contract, operation, body)),
        Err(error) => vec![format!("what is no JSON: {error}")],
    }
}

/// The body without what descriptions allow and schemas do not: whitespace around strings, `null` for absent members,
/// and read-only members in a merge patch.
fn plain(contract: &Contract, operation: &Operation, mut body: Value) -> Value {
    let patches = operation.method == Method::PATCH;
    if let (true, Value::Object(members)) = (patches, &mut body) {
        let content = operation.definition.pointer("/responses/200/content/application~1json/schema");
        let read = contract.schemas.resolved(content.unwrap_or(&Value::Null));
        let content = operation.definition.pointer("/requestBody/content/application~1json/schema");
        let written = contract.schemas.resolved(content.unwrap_or(&Value::Null));
        let only_read =
            |name: &str| read["properties"].get(name).is_some() && written["properties"].get(name).is_none();
        members.retain(|name, _| !only_read(name));
    }
    without_slack(&mut body, !patches);
    body
}

fn without_slack(value: &mut Value, null_is_absent: bool) {
    match value {
        Value::String(text) => *text = typed(text).to_owned(),
        Value::Array(entries) => entries.iter_mut().for_each(|it| without_slack(it, null_is_absent)),
        Value::Object(members) => {
            members.retain(|_, value| !(null_is_absent && value.is_null()));
            members.values_mut().for_each(|value| without_slack(value, null_is_absent));
        }
        _ => {}
    }
}
