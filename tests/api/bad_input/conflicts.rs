//! Conflicts with the current state: slugs that are taken, dependents, stale versions.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::fixtures::{
    DRESDEN, ORGANISATIONS, PARTNERSHIPS, PROGRAMMES, UTILITIES, assert_nothing_written, create, merged,
    municipal, partnership,
};
use crate::harness::on_both;

/// The kinds and slugs of the dependents.
fn named(problem: &Value) -> Vec<(&str, &str)> {
    let dependents = problem["dependents"].as_array().unwrap().iter();
    dependents.map(|it| (it["resource"].as_str().unwrap(), it["slug"].as_str().unwrap())).collect()
}

on_both! {
    async fn a_slug_that_is_taken_is_refused(app: TestApp) {
        let staff = app.coordinator();
        assert_nothing_written(&app, async || {
            for (path, right, slug) in [
                (UTILITIES, municipal("X"), "hamburg-wasser"),
                (PARTNERSHIPS, partnership("X"), "dresden-lviv-ternopil-nadvirna"),
                (ORGANISATIONS, json!({"name": "X", "kind": "ngo"}), "bmz"),
                (PROGRAMMES, json!({"name": "X", "kind": "grant"}), "newza"),
            ] {
                staff.post(path, &merged(&right, &json!({"slug": slug}))).await.problem(409, "slug_taken");
            }
            let patch = json!({"slug": "hamburg-bremen-miyahuna"});
            staff.patch(DRESDEN, "*", &patch).await.problem(409, "slug_taken");
            for (one, slug) in [("organisations/giz", "bmz"), ("funding-programmes/newza", "betreiberplattform-2024-2027")] {
                let patch = json!({"slug": slug});
                staff.patch(&format!("/api/v1/{one}"), "*", &patch).await.problem(409, "slug_taken");
            }
        })
        .await;
        // Slugs are unique for each kind of resource only.
        create(&staff, ORGANISATIONS, &json!({"name": "X", "kind": "ngo", "slug": "hamburg-wasser"})).await;
    }

    async fn resources_with_dependents_cannot_be_deleted(app: TestApp) {
        let staff = app.coordinator();
        assert_nothing_written(&app, async || {
            for (path, dependent) in [
                ("/api/v1/utilities/lvivvodokanal", ("partnership", "dresden-lviv-ternopil-nadvirna")),
                (
                    "/api/v1/funding-programmes/betreiberplattform-2024-2027",
                    ("partnership", "oowv-buffalo-city"),
                ),
                ("/api/v1/organisations/bmz", ("funding_programme", "betreiberplattform-2024-2027")),
            ] {
                let problem = staff.delete(path, "*").await.problem(409, "has_dependents");
                assert!(named(&problem).contains(&dependent), "{problem:#}");
                assert!(problem["dependents"].as_array().unwrap().iter().all(|it| it["name"].is_string()));
                staff.get(path).await.ok();
            }
        })
        .await;
    }

    async fn a_utility_may_not_be_narrower_than_its_partnerships(app: TestApp) {
        let (staff, path) = (app.coordinator(), "/api/v1/utilities/lvivvodokanal");
        assert_nothing_written(&app, async || {
            for patch in [json!({"visibility": "members"}), json!({"kind": "municipal", "country": "DE"})] {
                let problem = staff.patch(path, "*", &patch).await.problem(409, "conflicts_with_dependents");
                assert!(
                    named(&problem).contains(&("partnership", "dresden-lviv-ternopil-nadvirna")),
                    "{problem:#}"
                );
            }
        })
        .await;
    }

    async fn changes_need_a_current_if_match(app: TestApp) {
        let staff = app.coordinator();
        let funding = format!(
            "{DRESDEN}/funding/{}",
            staff.get(&format!("{DRESDEN}/funding")).await.json()["items"][0]["id"].as_str().unwrap()
        );
        for (path, patch) in [
            (DRESDEN.to_owned(), json!({"end": "2030"})),
            ("/api/v1/utilities/hamburg-wasser".into(), json!({"city": "Altona"})),
            ("/api/v1/organisations/vku".into(), json!({"short_name": "V"})),
            ("/api/v1/funding-programmes/newza".into(), json!({"end": "2031"})),
            (funding, json!({"to": "2031"})),
        ] {
            let stale = staff.get(&path).await.tag();
            let current = staff.patch(&path, &stale, &patch).await.ok().tag();
            assert_nothing_written(&app, async || {
                for method in [Method::PATCH, Method::DELETE] {
                    let request = || staff.request(method.clone(), &path).json(&json!({"source_url": null}));
                    let missing = staff.send(request()).await;
                    assert_eq!(missing.tag(), current);
                    missing.problem(428, "precondition_required");
                    for wrong in [
                        stale.clone(),
                        format!("W/{stale}"),
                        "\"\"".into(),
                        "\"x\"".into(),
                        "\"99999999999999999999-x\"".into(),
                    ] {
                        let answer = staff.send(request().header("If-Match", &wrong)).await;
                        assert_eq!(answer.tag(), current, "{wrong}");
                        answer.problem(412, "precondition_failed");
                    }
                    let unquoted = staff.send(request().header("If-Match", "2")).await;
                    assert_eq!(unquoted.faults(400, "bad_request"), ["If-Match invalid_format"]);
                }
            })
            .await;
            staff.patch(&path, &current, &patch).await.ok();
        }
    }
}
