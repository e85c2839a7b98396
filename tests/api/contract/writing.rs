//! Every operation is asked as its examples say, and wrongly: what comes back is declared, each time.

use reqwest::Method;
use serde_json::{Value, json};

use super::Walk;
use crate::api::given::untouched;
use crate::harness::on_both;

/// What is refused for where it is sent to, and not for the example: what is there is not deleted, or is needed.
const OF_THE_PLACE: [&str; 2] = ["not_deleted", "has_dependents"];

/// The examples that cannot be sent on the real data, and why. May only shrink.
const REFUSED: &[(&str, &str)] = &[
    ("create_member", "Dresden is a member of the real data already"),
    ("transition_session", "the first session of the list is still to come, and cannot have been held"),
    ("create_session_minutes", "the same"),
    ("delete_user", "the first user is the administrator who asks, and the only one"),
];

on_both! {
    /// Swagger UI offers the example to be sent as it is.
    async fn every_example_may_be_sent(app: TestApp) {
        let walk = Walk::of(&app);
        let mut refused = Vec::new();
        for it in walk.operations.iter().filter(|it| it.parameter("dry_run").is_some()) {
            let (caller, path) = (walk.admin(), walk.filled(it).await);
            let path = format!("{path}?dry_run=true");
            let answer = walk.ask(it, &caller, walk.request(it, &caller, &path)).await;
            if answer.status.is_success() {
                continue;
            }
            if !OF_THE_PLACE.contains(&answer.json()["code"].as_str().unwrap()) {
                println!("{}", answer.text());
                refused.push(it.id.as_str());
            }
        }
        assert_eq!(refused, REFUSED.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    }

    async fn no_parameter_is_passed_over(app: TestApp) {
        let walk = Walk::of(&app);
        let places = places(&walk).await;
        untouched(&app, async || {
            for (it, path) in walk.operations.iter().zip(&places) {
                let caller = walk.admin();
                let request = walk.request(it, &caller, &format!("{path}?zxq=1"));
                let answer = walk.ask(it, &caller, request).await;
                // Pages for people, whose links others have added something to: `http/pages.rs`.
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

    async fn every_condition_is_kept(app: TestApp) {
        let walk = Walk::of(&app);
        let places = places(&walk).await;
        untouched(&app, async || {
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
                // Restoring what is not deleted is no matter of versions.
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

    async fn no_body_is_guessed_at(app: TestApp) {
        let walk = Walk::of(&app);
        let places = places(&walk).await;
        let too_large = format!("{{\"zxq\": \"{}\"}}", "x".repeat(1 << 20));
        untouched(&app, async || {
            for (it, path) in walk.operations.iter().zip(&places) {
                // A file of rows has a media type for each format, and room: `imports/refused.rs`.
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

    /// A misspelt member is a fault whatever it is set to: what `null` is to clear may not be what is not there.
    async fn no_member_is_passed_over_because_it_is_null(app: TestApp) {
        let walk = Walk::of(&app);
        let (places, mut asked) = (places(&walk).await, 0);
        untouched(&app, async || {
            for (it, path) in walk.operations.iter().zip(&places) {
                let Some((media, example)) = it.body().filter(|_| it.id != "create_import") else { continue };
                let caller = walk.admin();
                // A change is of everything that is there, a `POST` of what the example has.
                let whole = if it.method == Method::PATCH {
                    caller.get(path).await.ok().json()
                } else {
                    example.clone()
                };
                for place in objects(&whole) {
                    // What a reference shows beside its key is not looked at.
                    let shown = place.match_indices('/').skip(1).any(|(end, _)| {
                        let around = whole.pointer(&place[..end]).unwrap_or(&Value::Null);
                        around.get("id").is_some() && around.get("slug").is_some()
                    });
                    if shown {
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
                    let told = ["unknown_member", "unknown_value"].map(|code| format!("{place}/zxq {code}"));
                    // An entry of a list that is only read: the list would be another.
                    let only_read = format!("/{} read_only", top.unwrap_or_default());
                    assert!(
                        faults.iter().any(|it| told.contains(it) || *it == only_read),
                        "{} {body}: {text}",
                        it.id
                    );
                    asked += 1;
                }
            }
        })
        .await;
        assert!(asked > 150, "{asked}");
    }

    async fn nothing_is_found_where_nothing_is(app: TestApp) {
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

/// The places of all objects in a body.
fn objects(value: &Value) -> Vec<String> {
    fn look(value: &Value, here: String, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| look(value, format!("{here}/{name}"), found));
                found.push(here);
            }
            Value::Array(entries) => {
                entries.iter().enumerate().for_each(|(at, it)| look(it, format!("{here}/{at}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    look(value, String::new(), &mut found);
    found
}

/// Where each operation finds something, in their order: filled in before it is counted what is written.
async fn places(walk: &Walk<'_>) -> Vec<String> {
    let mut places = Vec::new();
    for it in walk.operations {
        places.push(walk.filled(it).await);
    }
    places
}
