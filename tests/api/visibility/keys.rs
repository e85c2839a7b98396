//! The key of a hidden resource gets the same response as an unknown key.

use reqwest::Method;

use super::hidden::{HiddenResources, Restriction, filled, text};
use super::plain;
use crate::api::fixtures::fixture_of;
use crate::harness::{Caller, Response, TestApp, on_both};

/// Pairs of the same path with keys of hidden resources and with unknown keys.
fn path_pairs(path: &str, hidden: &HiddenResources) -> Vec<(String, String)> {
    let nobody = uuid::Uuid::now_v7().to_string();
    let mut pairs = Vec::new();
    let Some(fixture) = fixture_of(path) else {
        match path.split('/').nth(3).unwrap() {
            // Logins and API keys belong to an account, whatever its role. Tested in `accounts`.
            "me" | "api-keys" => {}
            // Only the office sees imports. Tested in `imports`.
            "imports" => {}
            // There is no request that creates e-mails. Tested in `mails`.
            "mails" => {}
            _ => panic!("{path}: it belongs to no fixture"),
        }
        return pairs;
    };
    let ids: Vec<_> = hidden.of(fixture.path).map(|it| text(&it.value, "id")).collect();
    if let Some(parents) = fixture.parent_path() {
        let parent = fixture_of(parents).unwrap();
        let hidden_parent = &hidden.of(parents).next().unwrap().value;
        // There are no hidden minutes: any other sub-resource has an id, too.
        let siblings = hidden.all.iter().filter(|it| it.fixture.parent_path() == Some(parents));
        let any_id = siblings.map(|it| text(&it.value, "id")).next().unwrap();
        let ids = if ids.is_empty() { vec![any_id] } else { ids };
        for (key, unknown) in [("slug", "zxqnobody"), ("id", &nobody)] {
            let key = text(hidden_parent, key);
            pairs.push((filled(path, &key, &ids[0]), filled(path, unknown, &nobody)));
        }
        if path.contains("{id}") {
            for id in ids {
                pairs.extend(parent.visible.map(|it| (filled(path, it, &id), filled(path, it, &nobody))));
            }
        }
        return pairs;
    }
    for one in hidden.of(fixture.path).map(|it| &it.value) {
        for (key, unknown) in [("slug", "zxqnobody"), ("id", &nobody)] {
            let Some(key) = one[key].as_str() else { continue };
            pairs.push((filled(path, key, key), filled(path, unknown, unknown)));
        }
    }
    pairs
}

/// Asserts that hidden and unknown keys get the same response, for all paths and methods of the document.
async fn hidden_equals_absent(app: TestApp, restriction: Restriction) {
    let resources = restriction.create(&app).await;
    let document = app.anonymous().get("/openapi.json").await.ok().json();
    let mut callers = app.everybody();
    callers.retain(|(role, _)| restriction.hidden_from().contains(role));
    let mut requests = 0;
    for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.contains("id}"))
    {
        let methods =
            item.as_object().unwrap().keys().filter_map(|it| it.to_uppercase().parse::<Method>().ok());
        for method in
            methods.chain([Method::HEAD]).filter(|it| *it != Method::HEAD || item["get"].is_object())
        {
            for (hidden, absent) in path_pairs(path, &resources) {
                for (role, caller) in &callers {
                    for variant in variants(&method) {
                        let one = send_variant(caller, &method, &hidden, variant).await;
                        let other = send_variant(caller, &method, &absent, variant).await;
                        assert!(!one.status.is_success(), "{role} {method} {hidden}: {}", one.text());
                        assert_eq!(plain(&one), plain(&other), "{role} {method} {hidden} {variant:?}");
                        requests += 1;
                    }
                }
            }
        }
    }
    assert!(requests > 100, "the document has paths with keys");
}

/// A query string, a value for the conditional headers, and a body.
type Variant = (&'static str, Option<&'static str>, &'static str);

const READS: &[Variant] = &[
    ("", None, ""),
    ("", Some("*"), ""),
    ("?deleted=true", None, ""),
    ("?format=csv", None, ""),
    ("?format=ndjson&count=true", None, ""),
    ("?format=xlsx", None, ""),
    ("?cursor=zxq", None, ""),
];

const WRITES: &[Variant] = &[
    ("", None, "{}"),
    ("", Some("*"), r#"{"title": "Zxq", "name": "Zxq", "to": "active"}"#),
    ("?dry_run=true", Some("\"2-0\""), r#"{"kind": "grant"}"#),
];

fn variants(method: &Method) -> &'static [Variant] {
    match *method {
        Method::GET => READS,
        Method::HEAD => &READS[..1],
        _ => WRITES,
    }
}

async fn send_variant(
    caller: &Caller,
    method: &Method,
    path: &str,
    (query, tag, body): &Variant,
) -> Response {
    let mut request = caller.request(method.clone(), &format!("{path}{query}"));
    if let Some(tag) = tag {
        request = request.header("If-Match", *tag).header("If-None-Match", *tag);
    }
    if [Method::POST, Method::PATCH].contains(method) {
        request = request.header("Content-Type", "application/json").body(*body);
    }
    caller.send(request).await
}

on_both! {
    async fn members_only_resources_are_invisible_to_the_public(app: TestApp) {
        hidden_equals_absent(app, Restriction::Members).await;
    }

    async fn internal_resources_are_invisible_to_others(app: TestApp) {
        hidden_equals_absent(app, Restriction::Internal).await;
    }

    async fn deleted_resources_are_invisible_to_others(app: TestApp) {
        hidden_equals_absent(app, Restriction::Deleted).await;
    }
}
