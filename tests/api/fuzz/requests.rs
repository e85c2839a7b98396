//! Random requests: method, path, query, headers and body.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use reqwest::header::HeaderValue;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::patches::{patch, words};
use super::random::Random;
use crate::api::fixtures::FIXTURES;
use crate::harness::{Caller, TestApp};

/// The number of concurrent requests.
const CONCURRENCY: usize = 8;

/// A path, its items, and the names and texts in them.
struct Endpoint {
    path: String,
    items: Vec<Value>,
    names: Vec<String>,
    known: Vec<String>,
}

/// Paths in addition to the lists of all resources.
const PATHS: &[&str] = &[
    "/api/v1/partnerships/dresden-lviv-ternopil-nadvirna/funding",
    "/api/v1/partnerships/dresden-lviv-ternopil-nadvirna/activities",
    "/api/v1/partnerships/dresden-lviv-ternopil-nadvirna/results",
    "/api/v1/partnerships/dresden-lviv-ternopil-nadvirna/documents",
    "/api/v1/partnership-funding",
    "/api/v1/partnership-activities",
    "/api/v1/audit",
    "/api/v1/me",
    "/api/v1/problems",
];

const PARAMETERS: &[&str] = &[
    "q",
    "limit",
    "cursor",
    "sort",
    "fields",
    "expand",
    "count",
    "deleted",
    "dry_run",
    "format",
    "csv_dialect",
    "columns",
    "partnership",
    "partnership.country",
    "partnership.start_from",
    "as_of",
    "updated_since",
    "utility",
    "country",
    "sector",
    "status",
    "kind",
    "visibility",
    "name",
    "start_from",
    "end_to",
    "resource",
    "from",
];

const HEADERS: &[&str] = &[
    "if-match",
    "if-none-match",
    "accept",
    "accept-language",
    "idempotency-key",
    "x-request-id",
    "range",
    "origin",
];

/// Sends random requests. Returns their number and a summary of the statuses.
pub(super) async fn send(app: &TestApp, random: &mut Random, many: usize) -> (usize, String) {
    let admin = app.admin();
    let mut endpoints = Vec::new();
    let lists = FIXTURES.iter().map(|it| it.list());
    for path in lists.chain(PATHS.iter().map(|path| (*path).to_owned())) {
        let items = admin.get(&format!("{path}?limit=200")).await.json();
        let items = items["items"].as_array().cloned().unwrap_or_default();
        let (known, names) = words(&items);
        endpoints.push(Endpoint { path, items, names, known });
    }
    let callers: Vec<_> =
        app.everybody().into_iter().map(|(_, caller)| caller).chain([app.coordinator(), admin]).collect();
    let mut statuses = BTreeMap::new();
    let requests = (0..many).map(|_| request(random, &callers, &endpoints));
    let mut answers = stream::iter(requests).map(answered).buffer_unordered(CONCURRENCY);
    while let Some(status) = answers.next().await {
        *statuses.entry(status).or_insert(0) += 1;
    }
    (many, format!("{many} answered with {statuses:?}"))
}

/// The status of the response, which must not be a server error.
async fn answered(request: RequestBuilder) -> u16 {
    let sent = request.try_clone().unwrap().build().unwrap();
    let body = sent.body().and_then(|body| body.as_bytes()).map(String::from_utf8_lossy).unwrap_or_default();
    let told = format!("{} {} {:?} {body}", sent.method(), sent.url(), sent.headers());
    let response = request.send().await.unwrap_or_else(|error| panic!("{error:?}: {told}"));
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.bytes().await.unwrap_or_else(|error| panic!("{error:?}: {told}"));
    assert!(status < 500, "{status} {}: {told}", String::from_utf8_lossy(&text));
    let media = headers.get("content-type").map(|media| media.to_str().unwrap());
    assert!(status < 400 || media == Some("application/problem+json"), "{status} {media:?}: {told}");
    status
}

fn request(random: &mut Random, callers: &[Caller], endpoints: &[Endpoint]) -> RequestBuilder {
    let endpoint = random.pick(endpoints);
    let Endpoint { path, items, names, known } = endpoint;
    let item = if items.is_empty() { &Value::Null } else { random.pick(items) };
    let key = match random.below(8) {
        0 => random.text(known),
        1 | 2 => item["slug"].as_str().unwrap_or_default().to_owned(),
        _ => item["id"].as_str().unwrap_or_default().to_owned(),
    };
    let method = match random.below(20) {
        0..8 => Method::GET,
        8..13 => Method::PATCH,
        13..17 => Method::POST,
        17 => Method::DELETE,
        18 => Method::HEAD,
        _ => Method::PUT,
    };
    let mut segments: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
    // Mostly a path that has this method.
    let reads = [Method::GET, Method::HEAD].contains(&method);
    if random.one_in(3) || !(reads || method == Method::POST) {
        segments.push(key);
        if method == Method::POST || random.one_in(if reads { 3 } else { 20 }) {
            let part = [
                "history",
                "transitions",
                "restore",
                "funding",
                "activities",
                "results",
                "documents",
                "contacts",
                "password",
            ];
            segments.push((*random.pick(&part)).to_owned());
        }
    }
    if random.one_in(40) {
        segments.push(random.text(known));
    }
    let segments: Vec<String> =
        segments.iter().map(|segment| byte_serialize(segment.as_bytes()).collect()).collect();
    let query = query(random, endpoint, &method);
    let mut request =
        random.pick(callers).request(method.clone(), &format!("/{}?{query}", segments.join("/")));
    if !random.one_in(4) {
        request = request.header("if-match", "*");
    }
    for _ in 0..random.below(3) {
        let value = match random.below(3) {
            0 => random.text(known),
            1 => format!("\"{}-{}\"", random.below(9), random.text(&[])),
            _ => (*random.pick(&["*/*", "text/csv", "application/json;q=0", "de, en;q=0.5", "k", "W/\"1\""]))
                .to_owned(),
        };
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            request = request.header(*random.pick(HEADERS), value);
        }
    }
    if [Method::POST, Method::PATCH, Method::PUT].contains(&method) {
        let body = patch(random, item, names, known).to_string();
        let body = if random.one_in(20) { random.bent(&body) } else { body };
        let media = ["application/json", "application/merge-patch+json", "application/json; charset=utf-8"];
        let media = if random.one_in(30) { "text/plain" } else { *random.pick(&media) };
        request = request.header("content-type", media).body(body);
    }
    request
}

/// A query string, usually well-formed. Most writes are dry runs. Deletes and writes to users always are, because they
/// would remove what other requests need, or lock out the callers.
fn query(random: &mut Random, endpoint: &Endpoint, method: &Method) -> String {
    let mut query = Serializer::new(String::new());
    let is_dry_run = *method == Method::DELETE || endpoint.path.ends_with("/users") || !random.one_in(8);
    if ![Method::GET, Method::HEAD].contains(method) && is_dry_run {
        return query.append_pair("dry_run", "true").finish();
    }
    for _ in 0..random.below(4) {
        let name = if random.one_in(10) {
            random.text(&endpoint.known)
        } else {
            (*random.pick(PARAMETERS)).to_owned()
        };
        query.append_pair(&name, &random.text(&endpoint.known));
    }
    let query = query.finish();
    match random.one_in(10) {
        true => {
            let raw = random.bent(&query);
            raw.chars().filter(|letter| letter.is_ascii_graphic() && *letter != '#').collect()
        }
        false => query,
    }
}
