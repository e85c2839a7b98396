//! Checks that the tests have seen everything that the OpenAPI document declares.
//!
//! Tests are started in the order of their names, so this one is started last. It waits for those that still run. Only
//! a whole run has seen everything (one on SQLite alone is enough: `--skip ::postgres`). A run of selected tests skips
//! the check, unless `VKU_CHECK_COVERAGE=1`.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::harness::contract::coverage::{all, wait_for};
use crate::harness::contract::{Contract, Operation};
use crate::harness::postgres;
use crate::harness::tmpfs::Tmpfs;

/// Statuses that the middleware produces for all operations alike: it is enough to see each once.
const GENERAL_STATUSES: [&str; 5] = ["408", "429", "500", "503", "507"];

/// What no test sees, and why: `get_index 400: …`. This list may only shrink.
const NOT_COVERED: &str = include_str!("contract_coverage.txt");

/// Longer than the slowest test takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(1_200);

/// The tests that a run with these arguments selects, or `None` if the arguments are invalid.
fn tests(arguments: &[String]) -> Option<Vec<String>> {
    let mut listing = Command::new(std::env::current_exe().unwrap());
    let listed = listing.args(arguments).args(["--list", "--format", "terse"]).output().unwrap();
    let lines = String::from_utf8(listed.stdout).unwrap();
    listed
        .status
        .success()
        .then(|| lines.lines().filter_map(|it| it.strip_suffix(": test")).map(str::to_owned).collect())
}

/// What the document declares for an operation, one line each.
fn declared(contract: &Contract, it: &Operation) -> BTreeSet<String> {
    let mut declared = BTreeSet::new();
    let id = &it.id;
    for (status, response) in it.definition["responses"].as_object().unwrap() {
        if GENERAL_STATUSES.contains(&status.as_str()) && !is_own(it, status) {
            declared.insert(format!("* {status}"));
            continue;
        }
        declared.insert(format!("{id} {status}"));
        if status.starts_with(['4', '5']) {
            continue;
        }
        let response = contract.schemas.resolved(response);
        for part in ["content", "headers"] {
            let names = response[part].as_object().into_iter().flatten();
            declared.extend(names.map(|(name, _)| format!("{id} {status} {name}")));
        }
    }
    let parameters = it.definition["parameters"].as_array().into_iter().flatten();
    let asked = parameters.filter(|it| it["in"] == "query").map(|it| it["name"].as_str().unwrap());
    declared.extend(asked.map(|name| format!("{id} ?{name}")));
    let sent = it.definition.pointer("/requestBody/content").and_then(Value::as_object).into_iter().flatten();
    declared.extend(sent.map(|(media, _)| format!("{id} < {media}")));
    declared
}

/// Whether the operation itself produces the status: failed logins are limited by the operation, and readiness reports
/// an outage.
fn is_own(it: &Operation, status: &str) -> bool {
    match status {
        "429" => it.id == "create_access_token",
        "503" => it.id == "get_readiness",
        _ => false,
    }
}

#[test]
fn tests_cover_everything_that_the_document_declares() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let running = tests(&arguments).unwrap_or_default();
    let all_run =
        tests(&[]).unwrap().iter().all(|name| running.contains(name) || name.contains("::postgres"));
    let is_forced = std::env::var_os("VKU_CHECK_COVERAGE").is_some();
    if !all_run && !is_forced {
        println!("skipped: only some tests run");
        return;
    }
    let through_the_harness = |name: &&String| name.ends_with("::sqlite") || name.ends_with("::postgres");
    let expected = running.iter().filter(through_the_harness).count();
    assert!(wait_for(expected, TIMEOUT), "other tests do not come to an end");

    let (contract, mut seen) = (Contract::served(), all());
    if postgres::server().is_none() {
        // Only PostgreSQL can be unreachable.
        seen.extend(["* 503", "get_readiness 503"].map(str::to_owned));
    }
    if !Tmpfs::is_possible() {
        // Only a tmpfs can be full.
        seen.insert("* 507".to_owned());
    }
    let anywhere =
        seen.iter().filter_map(|it| it.split(' ').nth(1).filter(|status| GENERAL_STATUSES.contains(status)));
    let anywhere: Vec<_> = anywhere.map(|status| format!("* {status}")).collect();
    seen.extend(anywhere);
    let declared: BTreeSet<_> = contract.operations.iter().flat_map(|it| declared(contract, it)).collect();
    let excused: BTreeSet<_> =
        NOT_COVERED.lines().filter(|it| !it.starts_with('#') && !it.is_empty()).collect();
    let excused: BTreeSet<_> =
        excused.iter().map(|line| line.split_once(": ").unwrap().0.to_owned()).collect();

    let missing: Vec<_> = declared.difference(&seen).filter(|it| !excused.contains(*it)).collect();
    let stale: Vec<_> = excused.iter().filter(|it| seen.contains(*it) || !declared.contains(*it)).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "No test has seen, though the document declares it (a test that failed may be why): {missing:#?}\n\
         In contract_coverage.txt without need: {stale:#?}"
    );
}
