//! What was accepted stands in the document: its parameters and its body.

use reqwest::Method;
use serde_json::{Value, json};
use vku_domain::kernel::bilingual::typed;

use super::operation::decoded;
use super::{Contract, Operation, Sent, essence, is_json, seen};

/// Pages for people: parameters that are not known are ignored there.
const FOR_PEOPLE: [&str; 2] = ["get_index", "get_problem_type"];

/// What the document forbids of a request that was accepted.
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
    seen::note(format!("{} ?{name}", operation.id));
    let schema = contract.schemas.resolved(&parameter["schema"]);
    let each = match schema["type"].as_str() {
        // Repeated, or separated by commas: either way what stands there are entries.
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
    let Some(contents) = operation.told.pointer("/requestBody/content") else {
        // What nobody looks at may be anything.
        return Vec::new();
    };
    let Some(content) = contents.get(essence(&sent.media)) else {
        return vec![format!("the media type {:?}, which is not declared", sent.media)];
    };
    seen::note(format!("{} < {}", operation.id, essence(&sent.media)));
    if !is_json(&sent.media) {
        return Vec::new();
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(body) => contract.schemas.faults(&content["schema"], &plain(contract, operation, body)),
        Err(error) => vec![format!("what is no JSON: {error}")],
    }
}

/// The body without what the descriptions allow beside the schemas: space at the ends of a text, `null` for what is
/// absent, and the members that are only read, when a change sends back what was read.
fn plain(contract: &Contract, operation: &Operation, mut body: Value) -> Value {
    let patches = operation.method == Method::PATCH;
    if let (true, Value::Object(members)) = (patches, &mut body) {
        let content = operation.told.pointer("/responses/200/content/application~1json/schema");
        let read = contract.schemas.resolved(content.unwrap_or(&Value::Null));
        let content = operation.told.pointer("/requestBody/content/application~1json/schema");
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
