//! Every operation gets its examples as requests, and invalid ones: each response is declared.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Walk, with_query};
use crate::api::fixtures::assert_nothing_written;
use crate::harness::on_both;

/// Codes of refusals that are due to the target and not to the example.
const DUE_TO_TARGET: [&str; 2] = ["not_deleted", "has_dependents"];

/// The examples that the demo data does not allow, and why. This list may only shrink.
const REFUSED: &[(&str, &str)] = &[
    ("create_member", "Dresden is a member of the real data already"),
    ("transition_session", "the first session of the list is still to come, and cannot have been held"),
    ("create_session_minutes", "the same"),
    ("delete_user", "the first user is the administrator who asks, and the only one"),
];

on_both! {
    /// Swagger UI offers the example as the body to send.
    async fn every_example_request_is_accepted(app: TestApp) {
        let walk = Walk::of(&app);
        let mut refused = Vec::new();
        for it in walk.operations.iter().filter(|it| it.parameter("dry_run").is_some()) {
            let (caller, path) = (walk.admin(), walk.filled(it).await);
            let path = with_query(&path, "dry_run=true");
            let answer = walk.ask(it, &caller, walk.request(it, &caller, &path)).await;
            if answer.status.is_success() {
                continue;
            }
            if !DUE_TO_TARGET.contains(&answer.json()["code"].as_str().unwrap()) {
                println!("{}", answer.text());
                refused.push(it.id.as_str());
            }
        }
        assert_eq!(refused, REFUSED.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    }

    async fn unknown_parameters_are_refused_by_every_operation(app: TestApp) {
        let walk = Walk::of(&app);
        let places = places(&walk).await;
        assert_nothing_written(&app, async || {
            for (it, path) in walk.operations.iter().zip(&places) {
                let caller = walk.admin();
                let request = walk.request(it, &caller, &with_query(path, "zxq=1"));
                let answer = walk.ask(it, &caller, request).await;
                // These pages ignore unknown parameters, because other sites append some to links: `http/pages.rs`.
                if ["get_index", "get_problem_type"].contains(&it.id.as_str()) {
                    answer.ok();
                    continue;
                }
                assert_eq!(answer.status.as_u16(), 400, "{}: {}", it.id, answer.text());
                let faults = answer.faults(400, "invalid_parameters");
                assert_eq!(faults, ["zxq unknown_parameter"], "{}", it.id);
            }
        })
        .await;
    }

    async fn every_operation_checks_if_match(app: TestApp) {
        let walk = Walk::of(&app);
        let places = places(&walk).await;
        assert_nothing_written(&app, async || {
            for (it, path) in walk.operations.iter().zip(&places) {
                let Some(condition) = it.parameter("If-Match") else { continue };
                let caller = walk.admin();
                let ask = async |tag: Option<&str>| {
                    let mut request = walk.request(it, &caller, path).build().unwrap();
                    request.headers_mut().remove("if-match");
                    if let Some(tag) = tag {
                        request.headers_mut().insert("if-match", tag.parse().unwrap());
                    }
                    walk.ask(it, &caller, reqwest::RequestBuilder::from_parts(reqwest::Client::new(), request)).await
                };
                ask(Some("zxq")).await.problem(400, "bad_request");
                // Restoring a resource that is not deleted is refused whatever its version.
                if it.path.ends_with("/restore") {
                    continue;
                }
                let answer = ask(Some("\"999-zxq\"")).await;
                assert!(!answer.tag().is_empty(), "{}: 412 names the tag that there is", it.id);
                answer.problem(412, "precondition_failed");
                if condition["required"] == true {
                    ask(None).await.problem(428, "precondition_required");
                }
            }
        })
        .await;
    }

    async fn invalid_bodies_are_refused_by_every_operation(app: TestApp) {
        let walk = Walk::of(&app);
        let places = places(&walk).await;
        let too_large = format!("{{\"zxq\": \"{}\"}}", "x".repeat(1 << 20));
        assert_nothing_written(&app, async || {
            for (it, path) in walk.operations.iter().zip(&places) {
                // An import has a media type for each format, and a larger limit: `imports/refused.rs`.
                let Some((media, _)) = it.body().filter(|_| it.id != "create_import") else { continue };
                let caller = walk.admin();
                for (media, body, status) in [
                    (media, "{", 400),
                    (media, "{\"zxq\": 1}", 422),
                    (media, "[]", 422),
                    ("text/plain", "{}", 415),
                    (media, &too_large, 413),
                ] {
                    let request = caller.request(it.method.clone(), path).header("If-Match", "*");
                    let request = request.header("Content-Type", media).body(body.to_owned());
                    let answer = walk.ask(it, &caller, request).await;
                    assert_eq!(answer.status.as_u16(), status, "{} {media}: {}", it.id, answer.text());
                }
            }
        })
        .await;
    }

    /// A misspelt member is a fault even if it is `null`: otherwise the member that it was meant to clear would stay.
    async fn unknown_members_are_refused_even_if_null(app: TestApp) {
        let walk = Walk::of(&app);
        let (places, mut requests) = (places(&walk).await, 0);
        assert_nothing_written(&app, async || {
            for (it, path) in walk.operations.iter().zip(&places) {
                let Some((media, example)) = it.body().filter(|_| it.id != "create_import") else { continue };
                let caller = walk.admin();
                // A `PATCH` gets all members of the resource, a `POST` those of the example.
                let whole = if it.method == Method::PATCH {
                    caller.get(path).await.ok().json()
                } else {
                    example.clone()
                };
                for place in objects(&whole) {
                    // The other members of a reference are ignored.
                    let is_in_reference = place.match_indices('/').skip(1).any(|(end, _)| {
                        let around = whole.pointer(&place[..end]).unwrap_or(&Value::Null);
                        around.get("id").is_some() && around.get("slug").is_some()
                    });
                    if is_in_reference {
                        continue;
                    }
                    let mut body = whole.clone();
                    body.pointer_mut(&place).unwrap()["zxq"] = Value::Null;
                    let top = place.split('/').nth(1);
                    if let (Some(top), true) = (top, it.method == Method::PATCH) {
                        body = json!({ top: body[top] });
                    }
                    let request = walk.request(it, &caller, path).header("Content-Type", media);
                    let answer = walk.ask(it, &caller, request.body(body.to_string())).await;
                    let text = answer.text();
                    let faults = answer.faults(422, "validation_failed");
                    let expected = ["unknown_member", "unknown_value"].map(|code| format!("{place}/zxq {code}"));
                    // Changing an entry of a read-only list changes the list, which is refused first.
                    let only_read = format!("/{} read_only", top.unwrap_or_default());
                    assert!(
                        faults.iter().any(|it| expected.contains(it) || *it == only_read),
                        "{} {body}: {text}",
                        it.id
                    );
                    requests += 1;
                }
            }
        })
        .await;
        assert!(requests > 150, "{requests}");
    }

    async fn unknown_keys_are_not_found_by_every_operation(app: TestApp) {
        let walk = Walk::of(&app);
        for it in walk.operations.iter().filter(|it| it.path.contains('{')) {
            let segments = it.path.split('/').map(|it| if it.starts_with('{') { "zxq-nothing" } else { it });
            let (caller, path) = (walk.admin(), segments.collect::<Vec<_>>().join("/"));
            let answer = walk.ask(it, &caller, walk.request(it, &caller, &path)).await;
            let problem: Value = answer.problem(404, "not_found");
            assert_eq!(problem["instance"], path, "{}", it.id);
        }
        assert!(walk.find(&Method::GET, "/problems/{code}").is_some());
    }
}

/// The JSON pointers of all objects in a body.
fn objects(value: &Value) -> Vec<String> {
    fn collect(value: &Value, here: String, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| collect(value, format!("{here}/{name}"), found));
                found.push(here);
            }
            Value::Array(entries) => {
                entries.iter().enumerate().for_each(|(at, it)| collect(it, format!("{here}/{at}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(value, String::new(), &mut found);
    found
}

/// The paths of all operations, in their order. Created before the test counts what is written.
async fn places(walk: &Walk<'_>) -> Vec<String> {
    let mut places = Vec::new();
    for it in walk.operations {
        places.push(walk.filled(it).await);
    }
    places
}
