//! What the descriptions promise: each kind of statement that can be checked against the declaration of the operation.

use std::collections::BTreeSet;

use serde_json::Value;
use vku_http::openapi_document::document;

use crate::harness::contract::Operation;

/// The summary and the description.
fn text(operation: &Operation) -> String {
    let member = |name: &str| operation.definition[name].as_str().unwrap_or_default();
    format!("{} {}", member("summary"), member("description"))
}

/// The words of a text, without the punctuation around them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .map(|word| word.trim_matches(|letter: char| !letter.is_alphanumeric() && letter != '`'))
}

/// The HTTP statuses in a text: numbers from 200 to 599 that count nothing.
fn statuses(text: &str) -> BTreeSet<u16> {
    const COUNTED: [&str; 5] = ["characters", "bytes", "rows", "entries", "letters"];
    let all: Vec<_> = words(text).collect();
    let is_counted = |place: usize| all.get(place + 1).is_some_and(|next| COUNTED.contains(next));
    let numbers = all.iter().enumerate().filter(|(place, _)| !is_counted(*place));
    let status = |word: &str| (word.len() == 3).then(|| word.parse().ok()).flatten();
    numbers.filter_map(|(_, word)| status(word)).filter(|status| (200..600).contains(status)).collect()
}

/// The parameters that a text gives a value, as in `dry_run=true`.
fn parameters(text: &str) -> BTreeSet<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let names = quoted.filter_map(|code| code.split_once('=')).map(|(name, _)| name);
    names.filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')).collect()
}

#[test]
fn descriptions_name_only_declared_statuses_and_parameters() {
    let mut promised = 0;
    for operation in Operation::all(&document()) {
        let text = text(&operation);
        for status in statuses(&text) {
            assert!(operation.declares(status), "{} promises {status}", operation.id);
            promised += 1;
        }
        for name in parameters(&text) {
            assert!(operation.parameter(name).is_some(), "{} names the parameter {name}", operation.id);
            promised += 1;
        }
    }
    assert!(promised > 50, "{promised} statements are too few to be a test");
}

#[test]
fn only_resources_with_slugs_are_described_with_slugs() {
    let mut without = 0;
    for operation in Operation::all(&document()) {
        let keys: Vec<&Value> = operation.definition["parameters"].as_array().into_iter().flatten().collect();
        let mut keys = keys.into_iter().filter(|it| it["in"] == "path").peekable();
        let has_keys = keys.peek().is_some();
        if has_keys && keys.all(|key| key["schema"]["format"] == "uuid") {
            assert!(!text(&operation).contains("slug"), "{} speaks of slugs", operation.id);
            without += 1;
        }
    }
    assert!(without > 10, "{without} operations are too few to be a test");
}

#[test]
fn descriptions_name_each_scope_once() {
    for operation in Operation::all(&document()) {
        let text = text(&operation);
        for scope in operation.scopes() {
            let count = text.matches(&format!("`{scope}`")).count();
            assert!(count <= 1, "{} names the scope {scope} {count} times", operation.id);
        }
    }
}
