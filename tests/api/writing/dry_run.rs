//! `dry_run=true`: everything is checked and reported, and nothing is written.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::fixtures::{
    DRESDEN, FUNDING, ORGANISATIONS, PARTNERSHIPS, PROGRAMMES, UTILITIES, assert_nothing_written, create,
    delete, location, merged, municipal, partnership,
};
use crate::harness::{Caller, Response, on_both};

async fn dry_run(caller: &Caller, method: Method, path: &str, body: &Value) -> Response {
    let request = caller.request(method, &format!("{path}?dry_run=true")).header("If-Match", "*");
    caller.send(request.json(body)).await
}

on_both! {
    async fn a_dry_run_returns_the_result_and_writes_nothing(app: TestApp) {
        let staff = app.coordinator();
        let gone = location(&create(&staff, UTILITIES, &municipal("Weg")).await);
        delete(&staff, &gone).await;
        let funding = format!("{FUNDING}/{}", staff.all(FUNDING).await[0]["id"].as_str().unwrap());
        let (transitions, restore) = (format!("{DRESDEN}/transitions"), format!("{gone}/restore"));
        assert_nothing_written(&app, async || {
            for (method, path, body, member, value) in [
                (Method::POST, UTILITIES, municipal("Probe"), "slug", "probe"),
                (Method::POST, ORGANISATIONS, json!({"name": "Probe", "kind": "ngo"}), "slug", "probe"),
                (Method::POST, PARTNERSHIPS, partnership("Probe"), "status", "idea"),
                (Method::POST, PROGRAMMES, json!({"name": "Probe", "kind": "grant"}), "kind", "grant"),
                (Method::POST, FUNDING, json!({"kind": "in_kind"}), "kind", "in_kind"),
                (
                    Method::PATCH,
                    DRESDEN,
                    json!({"end": "2030", "slug": "dresden-lemberg"}),
                    "slug",
                    "dresden-lemberg",
                ),
                (Method::PATCH, &funding, json!({"to": "2030"}), "to", "2030"),
                (Method::POST, &transitions, json!({"to": "suspended"}), "status", "suspended"),
                (Method::POST, &restore, json!({}), "slug", "weg"),
            ] {
                let created =
                    method == Method::POST && !path.ends_with("transitions") && !path.ends_with("restore");
                let answer = dry_run(&staff, method.clone(), path, &body).await.expect(if created {
                    201
                } else {
                    200
                });
                assert_eq!(answer.json()[member], value, "{method} {path}");
                assert!(!answer.tag().is_empty() && location(&answer).is_empty(), "there is no such place");
            }
            for path in [&funding, DRESDEN] {
                dry_run(&staff, Method::DELETE, path, &json!({})).await.expect(204);
                staff.get(path).await.ok();
            }
            staff.get("/api/v1/partnerships/dresden-lemberg").await.problem(404, "not_found");
            staff.get("/api/v1/utilities/probe").await.problem(404, "not_found");
            staff.get(&gone).await.problem(404, "not_found");
        })
        .await;
    }

    async fn a_dry_run_reports_the_errors_of_the_real_request(app: TestApp) {
        let staff = app.coordinator();
        let transitions = format!("{DRESDEN}/transitions");
        assert_nothing_written(&app, async || {
            for (method, path, body, status, code) in [
                (
                    Method::POST,
                    UTILITIES,
                    merged(&municipal("X"), &json!({"country": "ZM"})),
                    422,
                    "validation_failed",
                ),
                (
                    Method::POST,
                    UTILITIES,
                    merged(&municipal("X"), &json!({"slug": "oowv"})),
                    409,
                    "slug_taken",
                ),
                (Method::PATCH, DRESDEN, json!({"status": "idea"}), 409, "status_by_transition"),
                (
                    Method::PATCH,
                    "/api/v1/utilities/oowv",
                    json!({"visibility": "internal"}),
                    409,
                    "conflicts_with_dependents",
                ),
                (Method::DELETE, "/api/v1/utilities/oowv", json!({}), 409, "has_dependents"),
                (Method::POST, &transitions, json!({"to": "idea"}), 409, "transition_not_allowed"),
                (Method::POST, &format!("{DRESDEN}/restore"), json!({}), 409, "not_deleted"),
                (Method::DELETE, "/api/v1/utilities/nothing", json!({}), 404, "not_found"),
            ] {
                dry_run(&staff, method, path, &body).await.problem(status, code);
            }
            dry_run(&app.reader(), Method::PATCH, DRESDEN, &json!({})).await.problem(403, "forbidden");
            dry_run(&app.anonymous(), Method::POST, UTILITIES, &municipal("X"))
                .await
                .problem(401, "unauthenticated");
            let stale = staff
                .request(Method::PATCH, &format!("{DRESDEN}?dry_run=true"))
                .header("If-Match", "\"9-x\"");
            staff.send(stale.json(&json!({}))).await.problem(412, "precondition_failed");
            let missing = staff.request(Method::DELETE, &format!("{DRESDEN}?dry_run=true"));
            staff.send(missing).await.problem(428, "precondition_required");
        })
        .await;
    }

    async fn dry_run_false_writes(app: TestApp) {
        let staff = app.coordinator();
        staff.post(&format!("{UTILITIES}?dry_run=false"), &municipal("Wirklich")).await.expect(201);
        staff.get("/api/v1/utilities/wirklich").await.ok();
    }
}
