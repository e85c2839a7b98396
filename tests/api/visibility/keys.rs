//! The key of a hidden resource gets the same response as an unknown key.

use reqwest::Method;

use super::hidden::{
    DRESDEN, HAMBURG, HiddenResources, OTHER_SESSION, OWN, PUBLIC, Restriction, SESSION, filled, text,
};
use super::plain;
use crate::harness::{Caller, Response, TestApp, on_both};

/// Pairs of the same path with keys of hidden resources and with unknown keys.
fn path_pairs(path: &str, planted: &HiddenResources) -> Vec<(String, String)> {
    let nobody = uuid::Uuid::now_v7().to_string();
    let mut path_pairs = Vec::new();
    if path.contains("_id}") {
        let (parent, parts, elsewhere) = match path.split('/').nth(5) {
            Some("funding") => (&planted.partnership, vec![&planted.funding, &planted.phase], [PUBLIC, OWN]),
            Some(name @ ("activities" | "results" | "documents")) => {
                let (_, one, gone) =
                    planted.parts.iter().find(|(collection, ..)| *collection == name).unwrap();
                (&planted.partnership, vec![one, gone], [PUBLIC, OWN])
            }
            Some("contacts") => (&planted.member, vec![&planted.contact], [HAMBURG, DRESDEN]),
            Some("agenda" | "minutes") => (&planted.session, vec![&planted.item], [SESSION, OTHER_SESSION]),
            Some("guests") => (&planted.session, vec![&planted.guest], [SESSION, OTHER_SESSION]),
            Some("registrations") => {
                (&planted.session, vec![&planted.registration], [SESSION, OTHER_SESSION])
            }
            _ => panic!("{path}: plant parts of it"),
        };
        let phase = text(parts[0], "id");
        for (key, unknown) in [("slug", "zxqnobody"), ("id", &nobody)] {
            let parent = text(parent, key);
            path_pairs.push((filled(path, &parent, &phase), filled(path, unknown, &nobody)));
        }
        if path.contains("{id}") {
            for phase in parts.into_iter().filter(|phase| phase.is_object()) {
                let phase = text(phase, "id");
                path_pairs.extend(elsewhere.map(|it| (filled(path, it, &phase), filled(path, it, &nobody))));
            }
        }
        return path_pairs;
    }
    let hidden = match path.split('/').nth(3).unwrap() {
        "partnerships" => vec![&planted.partnership],
        "utilities" => vec![&planted.municipal, &planted.partner],
        "organisations" => vec![&planted.organisation],
        "funding-programmes" => vec![&planted.programme],
        "members" => vec![&planted.member],
        "sessions" => vec![&planted.session],
        "users" => vec![&planted.user],
        // Logins and API keys belong to an account, whatever its role. Tested in `accounts`.
        "me" | "api-keys" => Vec::new(),
        // Only the office sees imports. Tested in `imports`.
        "imports" => Vec::new(),
        // There is no request that creates mails. Tested in `mails`.
        "mails" => Vec::new(),
        "interest-registrations" => vec![&planted.interest],
        "topics" => vec![&planted.topic],
        "reference" => vec![&planted.area],
        "policy-updates" => vec![&planted.policy_update],
        _ => panic!("{path}: plant some of these"),
    };
    for one in hidden.into_iter().filter(|one| one.is_object()) {
        for (key, unknown) in [("slug", "zxqnobody"), ("id", &nobody)] {
            let Some(key) = one[key].as_str() else { continue };
            path_pairs.push((filled(path, "", key), filled(path, "", unknown)));
        }
    }
    path_pairs
}

/// Asserts that hidden and unknown keys get the same response, for all paths and methods of the document.
async fn hidden_equals_absent(app: TestApp, shown: Restriction) {
    let planted = shown.create(&app).await;
    let document = app.anonymous().get("/openapi.json").await.ok().json();
    let mut callers = app.everybody();
    callers.retain(|(role, _)| shown.hidden_from().contains(role));
    let mut requests = 0;
    for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.contains("id}"))
    {
        let methods =
            item.as_object().unwrap().keys().filter_map(|it| it.to_uppercase().parse::<Method>().ok());
        for method in
            methods.chain([Method::HEAD]).filter(|it| *it != Method::HEAD || item["get"].is_object())
        {
            for (hidden, absent) in path_pairs(path, &planted) {
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
