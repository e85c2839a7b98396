//! Every `GET` responds as declared and honours its entity tag, and `HEAD` matches it.

use reqwest::Method;
use serde_json::Value;

use super::{Walk, with_query};
use crate::api::http::{comparable_headers, vary};
use crate::harness::{Response, on_both};

/// Operations without an entity tag, and why. This list may only shrink.
const WITHOUT_TAG: &[(&str, &str)] = &[
    ("get_index", "a few lines, which nobody asks for twice"),
    ("get_liveness", "whether it is up is asked now"),
    ("get_readiness", "whether it is up is asked now"),
    ("get_problem_type", "never changes while a version runs: kept for an hour"),
    ("get_security_contact", "read by people"),
    ("stream_events", "a stream, of which nobody has a copy"),
];

/// Whether the response is the same for all callers. Others depend on what the caller may see.
fn is_for_all_alike(tag: &Value) -> bool {
    tag == "reference"
}

on_both! {
    async fn every_entity_tag_is_honoured(app: TestApp) {
        let walk = Walk::of(&app);
        let mut without = Vec::new();
        for it in walk.operations.iter().filter(|it| it.reads()) {
            let (id, caller) = (&it.id, walk.admin());
            let path = walk.filled(it).await;
            let ask = |method: Method, header: &'static str, value: String| {
                let mut request = caller.request(method, &path);
                if !header.is_empty() {
                    request = request.header(header, value);
                }
                walk.ask(it, &caller, request)
            };
            let answer = ask(Method::GET, "", String::new()).await.ok();
            let head = ask(Method::HEAD, "", String::new()).await.ok();
            assert_eq!((comparable_headers(&head), head.body.len()), (comparable_headers(&answer), 0), "{id}: HEAD");
            if it.takes_credentials() && !is_for_all_alike(&it.definition["tags"][0]) {
                for word in ["accept", "authorization"] {
                    assert!(vary(&answer).contains(&word.into()), "{id}: Vary: {:?}", vary(&answer));
                }
                assert_eq!(answer.header("cache-control"), "private, no-cache", "{id}");
            }
            let declared = it.definition["responses"]["200"]["headers"].get("ETag").is_some();
            assert_eq!(declared, !answer.tag().is_empty(), "{id}: an ETag is declared, and answered");
            assert_eq!(declared, it.declares(304), "{id}: a tag that is told is honoured");
            if !it.declares(304) {
                without.push(id.as_str());
                continue;
            }

            let tag = answer.tag();
            let opaque = tag.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or_default();
            assert!(!opaque.is_empty() && !opaque.contains('"'), "{id}: {tag} is no strong tag");
            if it.path.ends_with('}') && let Some(version) = answer.json()["version"].as_i64() {
                assert!(opaque.starts_with(&format!("{version}-")), "{id}: version {version}, tag {tag}");
            }
            for method in [Method::GET, Method::HEAD] {
                let known = ask(method.clone(), "If-None-Match", tag.clone()).await.expect(304);
                assert_eq!((known.tag(), known.body.len()), (tag.clone(), 0), "{id}");
                let cache_headers = |answer: &Response| (answer.header("cache-control"), vary(answer));
                assert_eq!(cache_headers(&known), cache_headers(&answer), "{id}: {method} of what is known");
                let other = ask(method.clone(), "If-None-Match", "\"1-zxq\"".into()).await.ok();
                assert_eq!(comparable_headers(&other), comparable_headers(&answer), "{id}");
                for same in ["*", &tag, &format!("W/{tag}"), &format!("\"x\",, {tag}")] {
                    let same = ask(method.clone(), "If-Match", same.to_owned()).await.ok();
                    assert_eq!(comparable_headers(&same), comparable_headers(&answer), "{id}");
                }
                let stale = ask(method.clone(), "If-Match", "\"987654321-zxq\", \"zxq\"".into()).await.expect(412);
                assert_eq!(stale.tag(), tag, "{id}: the tag that it has");
                ask(method, "If-Match", "zxq".into()).await.expect(400);
            }
        }
        let known: Vec<_> = WITHOUT_TAG.iter().map(|(id, _)| *id).collect();
        without.sort_by_key(|id| known.iter().position(|it| it == id));
        assert_eq!(without, known, "these have no tag that is honoured");
    }

    /// An operation refuses media types that it does not have if it declares 406, and only then.
    async fn operations_answer_406_only_if_they_declare_it(app: TestApp) {
        let walk = Walk::of(&app);
        for it in walk.operations.iter().filter(|it| it.reads()) {
            let (caller, path) = (walk.admin(), walk.filled(it).await);
            let request = caller.request(Method::GET, &path).header("Accept", "application/x-zxq");
            let status = walk.ask(it, &caller, request).await.status.as_u16();
            assert!(it.declares(406) || !it.path.starts_with("/api/"), "{} passes over Accept", it.id);
            assert_eq!(status, if it.declares(406) { 406 } else { 200 }, "{}", it.id);
        }
    }

    async fn every_format_and_expansion_matches_the_document(app: TestApp) {
        let walk = Walk::of(&app);
        let mut requests = 0;
        for it in walk.operations.iter().filter(|it| it.reads()) {
            let (caller, path) = (walk.admin(), walk.filled(it).await);
            for name in ["format", "expand", "deleted", "count"] {
                let Some(parameter) = it.parameter(name) else { continue };
                let schema = walk.schemas.resolved(&parameter["schema"]);
                let schema = if schema["type"] == "array" { walk.schemas.resolved(&schema["items"]) } else { schema };
                let words = schema["enum"].as_array().cloned().unwrap_or(vec!["false".into(), "true".into()]);
                for word in words.iter().map(|word| word.as_str().unwrap()) {
                    let request = caller.request(Method::GET, &with_query(&path, &format!("{name}={word}")));
                    let answer = walk.ask(it, &caller, request).await;
                    assert!(answer.status.is_success() || name == "deleted", "{} {word}: {}", it.id, answer.text());
                    requests += 1;
                }
            }
        }
        assert!(requests > 50, "{requests}");
    }
}
