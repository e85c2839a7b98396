//! Checks a response against the document.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Contract, Operation, Sent, coverage, essence, is_json, members};
use crate::harness::Response;

/// Headers that operations do not declare: those of HTTP, and those that every response may have.
const GENERAL: &[&str] = &[
    "access-control-",
    "age",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-security-policy",
    "content-type",
    "cross-origin-",
    "date",
    "deprecation",
    "last-modified",
    "permissions-policy",
    "ratelimit",
    "ratelimit-",
    "referrer-policy",
    "server-timing",
    "strict-transport-security",
    "sunset",
    "transfer-encoding",
    "vary",
    "x-content-type-options",
    "x-frame-options",
    "x-request-id",
];

/// The media type of objects that lack members because of `fields`.
const SPARSE: &str = "application/vnd.vku.sparse+json";

/// The faults of a response of this operation. Records the response as seen.
pub(super) fn faults(
    contract: &Contract,
    operation: &Operation,
    sent: &Sent,
    answer: &Response,
) -> Vec<String> {
    let (id, status) = (&operation.id, answer.status);
    let Some(response) = operation.definition["responses"].get(status.as_str()) else {
        return vec![format!("{id} does not declare {status}")];
    };
    let response = contract.schemas.resolved(response);
    coverage::record(format!("{id} {}", status.as_str()));
    let mut faults = faults_of_body(contract, operation, response, sent, answer);
    faults.extend(faults_of_headers(contract, operation, response, sent, answer));
    faults.into_iter().map(|fault| format!("{id} {}: {fault}", status.as_str())).collect()
}

fn faults_of_body(
    contract: &Contract,
    operation: &Operation,
    response: &Value,
    sent: &Sent,
    answer: &Response,
) -> Vec<String> {
    let media = answer.header("content-type");
    let contents = &response["content"];
    if contents.is_null() {
        let empty = answer.body.is_empty() && media.is_empty();
        return if empty { Vec::new() } else { vec![format!("a body ({media}) that is not declared")] };
    }
    let Some(content) = contents.get(essence(&media)) else {
        return vec![format!("the media type {media:?} is not declared")];
    };
    if sent.method == Method::HEAD {
        let empty = answer.body.is_empty();
        return if empty { Vec::new() } else { vec!["HEAD has no body".to_owned()] };
    }
    coverage::record(format!("{} {} {}", operation.id, answer.status.as_str(), essence(&media)));
    // Other tests prove that compressed bodies equal uncompressed ones.
    if !answer.header("content-encoding").is_empty() {
        return Vec::new();
    }
    if essence(&media) == "application/x-ndjson" {
        return faults_of_lines(contract, contents, sent, answer);
    }
    if !is_json(&media) {
        return Vec::new();
    }
    match serde_json::from_slice(&answer.body) {
        Ok(body) => contract.schemas.faults(&content["schema"], &body),
        Err(error) => vec![format!("no JSON: {error}")],
    }
}

/// Each line has to match the schema of a page's item.
fn faults_of_lines(contract: &Contract, contents: &Value, sent: &Sent, answer: &Response) -> Vec<String> {
    let is_sparse = sent.query.split('&').any(|pair| pair.starts_with("fields="));
    let media = if is_sparse { SPARSE } else { "application/json" };
    let page = contract.schemas.resolved(&contents[media]["schema"]);
    let item = page.pointer("/properties/items/items").unwrap();
    let lines = answer.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let faults = |line| match serde_json::from_slice(line) {
        Ok(line) => contract.schemas.faults(item, &line),
        Err(error) => vec![format!("a line that is no JSON: {error}")],
    };
    lines.take(200).flat_map(faults).collect()
}

fn faults_of_headers(
    contract: &Contract,
    operation: &Operation,
    response: &Value,
    sent: &Sent,
    answer: &Response,
) -> Vec<String> {
    let mut faults = Vec::new();
    let declared = &response["headers"];
    let media = answer.header("content-type");
    let paged = is_json(&media) && essence(&media) != "application/geo+json";
    let is_dry_run = sent.query.split('&').any(|pair| pair == "dry_run=true");
    for (name, header) in members(declared) {
        let is_there = answer.headers.contains_key(name.as_str());
        if is_there {
            coverage::record(format!("{} {} {name}", operation.id, answer.status.as_str()));
        }
        // Only pages of a list have a tag. A dry run creates no resource, so it has no `Location`.
        let needed = contract.schemas.resolved(header)["required"] == true
            || (name == "ETag" && answer.status == StatusCode::OK && paged)
            || (name == "Location" && answer.status == StatusCode::CREATED && !is_dry_run);
        if needed && !is_there {
            faults.push(format!("no {name}"));
        }
    }
    for name in answer.headers.keys().map(|name| name.as_str()) {
        let general = GENERAL.iter().any(|it| name == *it || (it.ends_with('-') && name.starts_with(it)));
        let known = members(declared).any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !general && !known {
            faults.push(format!("the header {name} is not declared"));
        }
    }
    faults
}

/// The faults of an error response, which has to be a problem (RFC 9457) whatever the request accepts.
pub(super) fn faults_of_problem(contract: &Contract, answer: &Response) -> Vec<String> {
    if answer.header("content-type") != "application/problem+json" {
        return vec!["a refusal that is no problem".to_owned()];
    }
    if !answer.header("content-encoding").is_empty() {
        return Vec::new();
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        return vec!["a problem that is no JSON".to_owned()];
    };
    let mut faults = contract.schemas.faults(&json!({ "$ref": "#/components/schemas/Problem" }), &body);
    let code = body["code"].as_str().unwrap_or_default();
    for (member, wanted) in [
        ("status", json!(answer.status.as_u16())),
        ("type", json!(format!("/problems/{code}"))),
        ("request_id", json!(answer.header("x-request-id"))),
    ] {
        if body[member] != wanted {
            faults.push(format!("{member} is {}, not {wanted}", body[member]));
        }
    }
    for member in ["code", "title", "detail", "instance"] {
        if body[member].as_str().is_none_or(str::is_empty) {
            faults.push(format!("no {member}"));
        }
    }
    faults
}
