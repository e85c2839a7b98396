//! Requests of all lists of the OpenAPI document, and what their statements read.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::exceptions::EXCEPTIONS;
use super::explain::Explainer;
use super::rows::parent_below;
use crate::harness::database::RecordedStatements;
use crate::harness::{Backend, Caller};

/// The parameters of lists that are no filters.
const NO_FILTERS: &[&str] = &[
    "sort",
    "limit",
    "cursor",
    "fields",
    "expand",
    "count",
    "deleted",
    "format",
    "csv_dialect",
    "as_of",
    "q",
    "highlight",
    "columns",
];

/// A list of the document.
pub(super) struct List {
    /// The path in the document.
    template: String,
    /// With a parent.
    path: String,
    keys: Vec<String>,
    /// Each filter with values that it may have.
    filters: Vec<(String, Vec<String>)>,
}

/// Two parameters of a filter: one with a value that few rows have, and one with a value that most have.
pub(super) struct Values {
    pub(super) rare: String,
    pub(super) frequent: String,
}

/// The lists of the document.
pub(super) async fn lists(caller: &Caller) -> Vec<List> {
    let document = caller.get("/openapi.json").await.ok().json();
    let mut lists = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
        let Some(sort) = parameters.iter().find(|it| it["name"] == "sort") else { continue };
        let about = sort["description"].as_str().unwrap();
        let key = |line: &str| Some(line.strip_prefix("- `")?.split_once('`')?.0.to_owned());
        let filter = |it: &Value| {
            let name = it["name"].as_str().unwrap();
            let is_filter = it["in"] == "query" && !NO_FILTERS.contains(&name);
            is_filter.then(|| (name.to_owned(), planted(&document, &it["schema"])))
        };
        let path = match parent_below(template) {
            Some(parent) => template
                .replace(&template[template.find('{').unwrap()..=template.find('}').unwrap()], &parent),
            None => template.clone(),
        };
        lists.push(List {
            template: template.clone(),
            path,
            keys: about.lines().filter_map(key).collect(),
            filters: parameters.iter().filter_map(filter).collect(),
        });
    }
    lists
}

/// The values of a type that may be planted: all words of an enumeration, else those of `rows.sql`.
fn planted(document: &Value, schema: &Value) -> Vec<String> {
    let reference = schema["items"]["$ref"].as_str().or_else(|| schema["$ref"].as_str()).unwrap();
    let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
    }
    let values: &[&str] = match reference.rsplit('/').next().unwrap() {
        // The last one is a result: results have no slug.
        "Key" => &["zxq-1", "zxq-3", "0197a5c0-8a3e-7c51-b005-000000000001"],
        "SingleLine" => &["zxq-1", "zxq-3", "zxqfrau 100", "zxqfrau"],
        "Country" => &["DE", "JO", "UA", "ZM"],
        "Language" => &["ar", "de"],
        "WorkingAreaCode" => &["gis", "tariffs"],
        "SdgTarget" => &["17.1", "6.1"],
        "PartialDate" => &["1850", "1900", "2100", "2150"],
        "Instant" => &["2023-11-01T00:00:00Z", "2026-01-01T00:00:00Z"],
        "Truth" => &["true", "false"],
        other => panic!("{other}: plant values in `rows.sql`, and name them here"),
    };
    values.iter().map(|value| (*value).to_owned()).collect()
}

impl List {
    /// Each key in both directions.
    pub(super) fn sorts(&self) -> impl Iterator<Item = String> {
        self.keys.iter().flat_map(|key| [key.clone(), format!("-{key}")])
    }

    /// Finds out for each filter which of the planted values few rows have, and which most have.
    pub(super) async fn values(&self, caller: &Caller) -> Vec<Values> {
        let mut found = Vec::new();
        for (name, planted) in &self.filters {
            let mut totals = BTreeSet::new();
            for value in planted {
                let value: String = byte_serialize(value.as_bytes()).collect();
                let parameter = format!("{name}={value}");
                let total = get(caller, &format!("{}?limit=1&count=true&{parameter}", self.path)).await;
                let total = total.and_then(|page| page["total"].as_u64()).filter(|total| *total > 0);
                totals.extend(total.map(|total| (total, parameter)));
            }
            let (rare, frequent) = totals
                .first()
                .zip(totals.last())
                .unwrap_or_else(|| panic!("{}: no planted row has `{name}`", self.template));
            println!("{}: {} has {} rows, {} has {}", self.template, rare.1, rare.0, frequent.1, frequent.0);
            found.push(Values { rare: rare.1.clone(), frequent: frequent.1.clone() });
        }
        found
    }
}

/// The response, unless the caller may not have it.
async fn get(caller: &Caller, path: &str) -> Option<Value> {
    // Not checked against the document: other tests do, and it takes longer than the statements.
    let response = caller.request(reqwest::Method::GET, path).send().await.unwrap();
    let status = response.status();
    let body = response.bytes().await.unwrap();
    assert!(!status.is_server_error(), "{path}: {}", String::from_utf8_lossy(&body));
    status.is_success().then(|| serde_json::from_slice(&body).unwrap())
}

/// What requests have read.
pub(super) struct Walk {
    recorded: RecordedStatements,
    explainer: Explainer,
    backend: Backend,
    seen: HashSet<String>,
    pub(super) requests: usize,
    pub(super) statements: usize,
    /// The statements that use no index.
    pub(super) wrong: Vec<String>,
    /// The exceptions that were needed, by their places in the list.
    pub(super) excepted: BTreeSet<usize>,
}

impl Walk {
    pub(super) fn new(recorded: RecordedStatements, explainer: Explainer, backend: Backend) -> Self {
        Self {
            recorded,
            explainer,
            backend,
            seen: HashSet::new(),
            requests: 0,
            statements: 0,
            wrong: Vec::new(),
            excepted: BTreeSet::new(),
        }
    }

    pub(super) async fn may_read(&self, caller: &Caller, list: &List) -> bool {
        get(caller, &format!("{}?limit=1", list.path)).await.is_some()
    }

    /// Requests the first page and the next one.
    pub(super) async fn two_pages(&mut self, role: &str, caller: &Caller, list: &List, query: &str) {
        let page = self.page(role, caller, list, query).await;
        if let Some(next) = page["next"].as_str() {
            self.read(role, caller, list, query, next).await;
        }
    }

    /// Requests a page.
    pub(super) async fn page(&mut self, role: &str, caller: &Caller, list: &List, query: &str) -> Value {
        self.read(role, caller, list, query, &format!("{}?{query}", list.path)).await
    }

    async fn read(&mut self, role: &str, caller: &Caller, list: &List, query: &str, path: &str) -> Value {
        self.recorded.take();
        let page = get(caller, path).await.unwrap();
        self.requests += 1;
        for statement in self.recorded.take_with_values() {
            if !self.seen.insert(statement.with_values.clone()) {
                continue;
            }
            self.statements += 1;
            let report = self.explainer.report(&statement).await;
            if report.uses_indexes() {
                continue;
            }
            let exception = EXCEPTIONS.iter().position(|it| it.is_for(self.backend, &list.template, query));
            match exception {
                Some(exception) => drop(self.excepted.insert(exception)),
                None => self.wrong.push(format!("{role} {}?{query}: {report}", list.template)),
            }
        }
        page
    }
}
