//! Entity tags and conditional requests (RFC 9110, sections 8.8 and 13).

use reqwest::Method;
use serde_json::json;

use super::vary;
use crate::api::fixtures::{
    DRESDEN, FUNDING, PARTNERSHIPS, UTILITIES, create, location, log_end, merged, municipal,
};
use crate::harness::{Caller, Response, on_both};

const DRESDEN_UTILITY: &str = "/api/v1/utilities/stadtentwaesserung-dresden";

async fn if_none_match(caller: &Caller, method: Method, path: &str, tag: &str) -> Response {
    caller.send(caller.request(method, path).header("If-None-Match", tag)).await
}

on_both! {
    async fn a_matching_if_none_match_gets_304(app: TestApp) {
        let staff = app.coordinator();
        let transitions = format!("{DRESDEN}/transitions");
        for path in [
            DRESDEN,
            PARTNERSHIPS,
            FUNDING,
            DRESDEN_UTILITY,
            &transitions,
            "/api/v1/me",
            "/openapi.json",
            "/openapi-3.0.json",
            "/openapi.yaml",
            "/api/v1/partnerships?country=UA&limit=2",
        ] {
            let tag = staff.get(path).await.ok().tag();
            assert!(tag.starts_with('"') && tag.ends_with('"'), "{path}: a strong tag, not {tag}");
            for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".into()] {
                for method in [Method::GET, Method::HEAD] {
                    let answer = if_none_match(&staff, method, path, &known).await.expect(304);
                    assert_eq!((answer.tag(), answer.body.len()), (tag.clone(), 0), "{path}");
                    assert!(
                        !answer.header("cache-control").is_empty() && !answer.header("vary").is_empty(),
                        "{path}"
                    );
                }
            }
            for unknown in
                ["\"x\"", "x", &tag.replace('"', ""), &tag.to_ascii_uppercase().replace('"', "\"x")]
            {
                if_none_match(&staff, Method::GET, path, unknown).await.ok();
            }
        }
    }

    async fn entity_tags_change_with_referenced_names(app: TestApp) {
        let staff = app.coordinator();
        let (before, log) = (staff.get(DRESDEN).await.ok(), log_end(&app).await);
        let list = staff.get(PARTNERSHIPS).await.ok().tag();
        staff.patch("/api/v1/utilities/lvivvodokanal", "*", &json!({"name": "Lviv Water"})).await.ok();

        let after = if_none_match(&staff, Method::GET, DRESDEN, &before.tag()).await.ok();
        assert!(after.text().contains("Lviv Water"));
        assert_ne!(after.tag(), before.tag());
        assert_ne!(staff.get(PARTNERSHIPS).await.tag(), list);
        for member in ["version", "updated_at"] {
            assert_eq!(after.json()[member], before.json()[member]);
        }
        assert_eq!(log_end(&app).await, log + 1, "the utility's change is the only one");
        staff.patch(DRESDEN, &before.tag(), &json!({"end": "2030"})).await.ok();
        staff.patch(DRESDEN, &after.tag(), &json!({"end": "2031"})).await.problem(412, "precondition_failed");
    }

    async fn entity_tags_are_the_same_for_all_callers(app: TestApp) {
        let tag = app.anonymous().get(DRESDEN).await.ok().tag();
        for (role, caller) in app.everybody() {
            assert_eq!(caller.get(DRESDEN).await.tag(), tag, "{role}");
        }
    }

    async fn if_match_accepts_lists_and_a_star(app: TestApp) {
        let staff = app.coordinator();
        let mut end = 2030;
        for header in [
            "*",
            " * ",
            "\"x\", TAG",
            "TAG,\"2-x\"",
            "\"\" ,W/\"1-x\",TAG",
            ", TAG",
            "TAG,",
            "\"x\", ,\t, TAG ,,",
            "\"a,b\", TAG",
            "\"99-a,b*\",W/TAG",
        ] {
            end += 1;
            let header = header.replace("TAG", &staff.get(DRESDEN).await.tag());
            staff.patch(DRESDEN, &header, &json!({"end": end.to_string()})).await.ok();
        }
        // Several header lines form one list.
        let tag = staff.get(DRESDEN).await.tag();
        for line in ["\"x\"", "", "\"a,b\","] {
            let request = staff.request(Method::PATCH, DRESDEN).json(&json!({})).header("If-Match", line);
            staff.send(request.header("If-Match", &tag)).await.ok();
        }
        for malformed in
            ["x", "\"x", "*, \"x\"", "", ",", "\"x\" \"y\"x", "\u{e4}", "w/\"1-x\"", "\"1-x\" \"2-x\"", "'1-x'"]
        {
            let answer = staff.patch(DRESDEN, malformed, &json!({"end": null})).await;
            assert_eq!(answer.faults(400, "bad_request"), ["If-Match invalid_format"], "{malformed:?}");
        }
    }

    /// nginx makes tags weak when it compresses; Apache, Jetty and Caddy append a suffix.
    async fn tags_changed_by_proxies_match_by_version(app: TestApp) {
        let staff = app.coordinator();
        let mut end = 2030;
        for path in [DRESDEN, DRESDEN_UTILITY] {
            let body = |end: i32| if path == DRESDEN { json!({"end": end.to_string()}) } else { json!({"city": end.to_string()}) };
            for passed_on in ["W/TAG", "TAG-gzip\"", "W/TAG-gzip\"", "TAG--gzip\"", "TAG-br\"", "W/TAG-zstd\"", "TAG;gzip\""] {
                let tag = staff.get(path).await.ok().tag();
                let plain = tag.trim_end_matches('"');
                let sent = if passed_on == "W/TAG" { format!("W/{tag}") } else { passed_on.replace("TAG", plain) };
                end += 1;
                staff.patch(path, &sent, &body(end)).await.ok();
                let late = staff.patch(path, &sent, &body(0)).await.problem(412, "precondition_failed");
                assert!(late["detail"].as_str().unwrap().contains("changed in the meantime"), "{late:#}");
            }
        }
        let made = create(&staff, UTILITIES, &municipal("Hinter nginx")).await;
        staff.delete(&location(&made), &format!("W/{}", made.tag())).await.expect(204);
    }

    async fn a_failed_precondition_states_the_right_cause(app: TestApp) {
        let staff = app.coordinator();
        let list = staff.get(PARTNERSHIPS).await.ok().tag();
        let version = staff.get(DRESDEN).await.ok().json()["version"].as_i64().unwrap();
        for (if_match, told) in [
            (list.as_str(), "No tag in `If-Match` belongs to a resource"),
            ("\"\"", "No tag"),
            ("W/\"abc\", \"x,y\"", "No tag"),
            ("\"9999-abc\"", "belongs to another resource"),
        ] {
            for answer in [
                staff.patch(DRESDEN, if_match, &json!({"end": null})).await,
                staff.delete(DRESDEN, if_match).await,
            ] {
                assert!(!answer.tag().is_empty(), "the tag that it has");
                let problem = answer.problem(412, "precondition_failed");
                let (detail, title) = (problem["detail"].as_str().unwrap(), problem["title"].as_str().unwrap());
                assert!(detail.contains(told), "{if_match}: {detail}");
                assert!(!detail.contains("meantime") && !title.contains("changed"), "{if_match}: {problem:#}");
            }
        }
        let before = staff.get(DRESDEN).await.ok().tag();
        staff.patch(DRESDEN, &before, &json!({"end": "2030"})).await.ok();
        let late = staff.patch(DRESDEN, &before, &json!({"end": "2031"})).await.problem(412, "precondition_failed");
        let told = format!("The resource has changed in the meantime: `If-Match` names version {version}, but the current version is {}.", version + 1);
        assert_eq!(late["detail"], told);
        // `If-None-Match: *` fails, because the resource exists.
        for method in [Method::PATCH, Method::DELETE] {
            let request = staff.request(method, DRESDEN).json(&json!({})).header("If-Match", "*");
            let answer = staff.send(request.header("If-None-Match", "*")).await;
            assert!(answer.problem(412, "precondition_failed")["detail"].as_str().unwrap().contains("`If-None-Match: *`"));
        }
    }

    async fn reads_honour_if_match(app: TestApp) {
        let staff = app.coordinator();
        for path in [DRESDEN, PARTNERSHIPS, FUNDING, "/api/v1/me", "/openapi.json", "/openapi.yaml"] {
            // The first response comes from the database, the second from the cache.
            for _ in 0..2 {
                let tag = staff.get(path).await.ok().tag();
                for method in [Method::GET, Method::HEAD] {
                    let ask = async |if_match: &str| {
                        let request = staff.request(method.clone(), path).header("If-Match", if_match);
                        staff.send(request).await
                    };
                    for fits in ["*", &tag, &format!("W/{tag}"), &format!("\"a,b\", ,{tag}")] {
                        assert_eq!(ask(fits).await.ok().tag(), tag, "{path}");
                    }
                    let stale = ask("\"9999-x\", \"x\"").await.expect(412);
                    assert_eq!(stale.tag(), tag, "{path}");
                    ask("x").await.expect(400);
                    // `If-Match` is evaluated before `If-None-Match`.
                    let both = staff.request(method.clone(), path).header("If-Match", "\"x\"");
                    staff.send(both.header("If-None-Match", &tag)).await.expect(412);
                }
            }
        }
        // Responses without an entity tag ignore `If-Match`.
        let export = staff.request(Method::GET, "/api/v1/sessions?format=csv");
        assert!(staff.send(export.header("If-Match", "\"x\"")).await.ok().tag().is_empty());
        // The tag of an export is weak, and `If-Match` is compared strongly.
        let export = || staff.request(Method::GET, "/api/v1/partnerships?format=csv");
        let tag = staff.send(export().header("If-Match", "*")).await.ok().tag();
        staff.send(export().header("If-Match", &tag)).await.problem(412, "precondition_failed");
        let gone = staff.request(Method::GET, "/api/v1/partnerships/nothing").header("If-Match", "*");
        staff.send(gone).await.problem(404, "not_found");
        let known = if_none_match(&staff, Method::GET, DRESDEN, " * ").await;
        known.expect(304);
        if_none_match(&staff, Method::GET, DRESDEN, "\"*\"").await.ok();
    }

    async fn created_resources_have_a_location_and_an_etag(app: TestApp) {
        let staff = app.coordinator();
        for (path, body, place) in [
            (UTILITIES, municipal("Neue Werke"), "/api/v1/utilities/neue-werke".to_owned()),
            (FUNDING, json!({"kind": "in_kind"}), format!("{FUNDING}/")),
        ] {
            let answer = create(&staff, path, &body).await;
            assert!(location(&answer).starts_with(&place), "{}", location(&answer));
            let read = staff.get(&location(&answer)).await.ok();
            assert_eq!((read.tag(), &read.body), (answer.tag(), &answer.body));
            assert_eq!(read.json()["version"], 1);
            let patched =
                staff.patch(&location(&answer), &answer.tag(), &json!({"kind": body["kind"]})).await.ok();
            assert_eq!((patched.tag(), &patched.body), (answer.tag(), &answer.body));
        }
        let by_id = create(&staff, UTILITIES, &merged(&municipal("X"), &json!({"slug": "mit-slug"}))).await;
        assert_eq!(location(&by_id), "/api/v1/utilities/mit-slug");
    }

    async fn compressed_responses_have_their_own_etag(app: TestApp) {
        let staff = app.coordinator();
        let gzip = |method: Method, path: &str| staff.request(method, path).header("Accept-Encoding", "gzip");
        for path in [DRESDEN, PARTNERSHIPS, "/openapi.json", "/openapi-3.0.json", "/openapi.yaml"] {
            let plain = staff.get(path).await.ok();
            let packed = staff.send(gzip(Method::GET, path)).await.ok();
            assert_eq!(
                (plain.header("content-encoding"), packed.header("content-encoding")),
                (String::new(), "gzip".into())
            );
            assert!(packed.body.starts_with(&[0x1f, 0x8b]) && packed.body.len() < plain.body.len(), "{path}");
            assert_eq!(packed.tag(), plain.tag().trim_end_matches('"').to_owned() + "-gzip\"");
            for answer in [&plain, &packed] {
                assert!(vary(answer).contains(&"accept-encoding".into()), "{path}: {:?}", vary(answer));
            }
            for known in [packed.tag(), format!("W/{}", packed.tag())] {
                let request = gzip(Method::GET, path).header("If-None-Match", &known);
                let answer = staff.send(request).await.expect(304);
                assert_eq!((answer.tag(), answer.body.len()), (packed.tag(), 0), "{path}");
            }
        }
        let packed = staff.send(gzip(Method::GET, DRESDEN)).await.tag();
        staff.patch(DRESDEN, &packed, &json!({"end": "2030"})).await.ok();
        staff.patch(DRESDEN, &packed, &json!({"end": "2031"})).await.problem(412, "precondition_failed");
    }
}
