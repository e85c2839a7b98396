//! Imports: files in any format are tried in a dry run, and then committed with the same result.

mod cells;
mod committing;
mod csv;
mod dry_run;
mod formats;
mod no_rows;
mod office;
mod refused;
mod retention;
mod sheets;
mod staged;
mod upsert;

use reqwest::Method;
use serde_json::{Value, json};

use super::fixtures::assert_nothing_written;
use crate::harness::{Caller, Response, TestApp};

pub(super) const IMPORTS: &str = "/api/v1/imports";
pub(super) const CSV: &str = "text/csv";

/// Uploads a file.
pub(super) async fn send(caller: &Caller, query: &str, media: &str, file: impl Into<Vec<u8>>) -> Response {
    let request = caller.request(Method::POST, &format!("{IMPORTS}?{query}"));
    caller.send(request.header("Content-Type", media).body(file.into())).await
}

/// The import, once it is no longer running.
pub(super) async fn ended(caller: &Caller, id: &str) -> Value {
    loop {
        let import = caller.get(&format!("{IMPORTS}/{id}")).await.ok().json();
        if import["status"] != "running" {
            return import;
        }
    }
}

/// Uploads a file and waits until the import has ended.
pub(super) async fn import(caller: &Caller, query: &str, media: &str, file: impl Into<Vec<u8>>) -> Value {
    let answer = send(caller, query, media, file).await.expect(202);
    let begun = answer.json();
    let id = begun["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("{IMPORTS}/{id}"));
    ended(caller, id).await
}

/// Commits the plan of a dry run.
pub(super) async fn commit(caller: &Caller, plan: &Value) -> Response {
    let (id, token) = (plan["id"].as_str().unwrap(), &plan["plan_token"]);
    caller.post(&format!("{IMPORTS}/{id}/commit"), &json!({ "plan_token": token })).await
}

/// The counts `[create, update, unchanged, faulty, skipped]`.
pub(super) fn counts(import: &Value) -> [u64; 5] {
    let counts = &import["report"]["counts"];
    ["create", "update", "unchanged", "faulty", "skipped"]
        .map(|name| counts[name].as_u64().unwrap_or_else(|| panic!("{import:#}")))
}

/// The faults as `row place code`.
pub(super) fn faults(import: &Value) -> Vec<String> {
    let faults = import["report"]["faults"].as_array().unwrap_or_else(|| panic!("{import:#}"));
    assert_eq!(import["report"]["faults_total"], faults.len());
    let place = |fault: &Value| {
        let place = fault["column"].as_str().or(fault["pointer"].as_str()).unwrap_or("-").to_owned();
        assert!(!fault["detail"].as_str().unwrap().is_empty());
        format!("{} {place} {}", fault["row"], fault["code"].as_str().unwrap())
    };
    faults.iter().map(place).collect()
}

/// Runs something, asserts that it writes nothing, and returns its result.
pub(super) async fn still<R>(app: &TestApp, work: impl AsyncFnOnce() -> R) -> R {
    let mut answer = None;
    assert_nothing_written(app, async || answer = Some(work().await)).await;
    answer.unwrap()
}
