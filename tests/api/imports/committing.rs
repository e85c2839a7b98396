//! Committing a plan: it is done once, however often it is requested, and the response is true.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{CSV, IMPORTS, commit, ended, import, send, still};
use crate::harness::{Caller, Response, on_both};

async fn commit_by(caller: &Caller, key: &str, plan: &Value) -> Response {
    let (id, token) = (plan["id"].as_str().unwrap(), &plan["plan_token"]);
    let request = caller.request(Method::POST, &format!("{IMPORTS}/{id}/commit"));
    caller.send(request.header("Idempotency-Key", key).json(&json!({ "plan_token": token }))).await
}

/// A CSV file with this many organisations.
fn file(name: &str, rows: usize) -> String {
    let rows = (0..rows).map(|number| format!("{name}-{number},{name} {number},ngo\n"));
    "slug,name,kind\n".to_owned() + &rows.collect::<String>()
}

fn at(import: &Value, member: &str) -> DateTime<Utc> {
    import[member].as_str().unwrap_or_else(|| panic!("{import:#}")).parse().unwrap()
}

on_both! {
    async fn an_idempotency_key_commits_a_plan_once(app: TestApp) {
        let caller = app.coordinator();
        let plan = import(&caller, "resource=organisations&dry_run=true", CSV, file("zxq", 2)).await;
        let other = import(&caller, "resource=organisations&dry_run=true", CSV, file("other", 2)).await;
        let first = commit_by(&caller, "k", &plan).await.ok();
        assert_eq!((first.header("idempotency-replayed"), first.json()["status"].clone()), (String::new(), json!("committed")));
        let again = still(&app, async || commit_by(&caller, "k", &plan).await.ok()).await;
        assert_eq!((again.header("idempotency-replayed").as_str(), &again.body), ("true", &first.body));
        commit_by(&caller, "k", &other).await.problem(422, "idempotency_key_reused");
        commit_by(&caller, "not visible", &other).await.problem(400, "bad_request");
        // A refused request does not use up the key.
        let mut wrong = other.clone();
        wrong["plan_token"] = "0".repeat(64).into();
        commit_by(&caller, "k2", &wrong).await.faults(422, "validation_failed");
        assert_eq!(commit_by(&caller, "k2", &other).await.ok().json()["status"], "committed");
    }

    async fn concurrent_commits_return_the_true_outcome(app: TestApp) {
        let caller = app.coordinator();
        let plan = import(&caller, "resource=organisations&dry_run=true", CSV, file("zxq", 500)).await;
        let answers = join_all((0..3).map(|_| commit(&caller, &plan))).await;
        let id = plan["id"].as_str().unwrap();
        let stored = ended(&caller, id).await;
        for answer in answers {
            let answer = answer.ok();
            assert_eq!(answer.json(), stored);
            assert_eq!((&answer.json()["status"], &answer.json()["report"]["counts"]["create"]), (&json!("committed"), &json!(500)));
        }
        let keyed = import(&caller, "resource=organisations&dry_run=true", CSV, file("other", 500)).await;
        let answers = join_all((0..3).map(|_| commit_by(&caller, "k", &keyed))).await;
        for answer in &answers {
            match answer.status.as_u16() {
                200 => assert_eq!(answer.json()["status"], "committed"),
                _ => assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (409, &json!("idempotency_key_in_use"))),
            }
        }
        assert!(answers.iter().any(|answer| answer.status.is_success()));
    }

    async fn finished_at_is_the_time_of_the_end(app: TestApp) {
        let caller = app.coordinator();
        let query = "resource=organisations&dry_run=true";
        let begun = send(&caller, query, CSV, file("zxq", 4_000)).await.expect(202).json();
        let id = begun["id"].as_str().unwrap();
        loop {
            let running = caller.get(&format!("{IMPORTS}/{id}")).await.ok().json();
            assert_eq!(running["status"], "running");
            if running["progress"]["done"].as_u64().unwrap() > 0 {
                break;
            }
        }
        app.clock.advance(TimeDelta::minutes(1));
        let plan = ended(&caller, id).await;
        assert!(at(&plan, "finished_at") - at(&plan, "created_at") >= TimeDelta::minutes(1), "{plan:#}");
        let (committing, moving) = (commit(&caller, &plan), async {
            loop {
                let running = caller.get(&format!("{IMPORTS}/{id}")).await.ok().json();
                if running["status"] == "running" && running["progress"]["done"].as_u64().unwrap() > 0 {
                    break app.clock.advance(TimeDelta::minutes(1));
                }
            }
        });
        let (committed, ()) = futures_util::future::join(committing, moving).await;
        let committed = committed.ok().json();
        assert!(at(&committed, "finished_at") - at(&plan, "finished_at") >= TimeDelta::minutes(1), "{committed:#}");
    }
}
