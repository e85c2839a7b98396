//! A plan is committed once, whoever asks how often, and what is answered is so.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{CSV, IMPORTS, commit, ended, import, send, still};
use crate::harness::{Answer, Caller, on_both};

async fn commit_by(caller: &Caller, key: &str, rehearsed: &Value) -> Answer {
    let (id, token) = (rehearsed["id"].as_str().unwrap(), &rehearsed["plan_token"]);
    let request = caller.request(Method::POST, &format!("{IMPORTS}/{id}/commit"));
    caller.send(request.header("Idempotency-Key", key).json(&json!({ "plan_token": token }))).await
}

/// So many organisations.
fn file(name: &str, rows: usize) -> String {
    let rows = (0..rows).map(|number| format!("{name}-{number},{name} {number},ngo\n"));
    "slug,name,kind\n".to_owned() + &rows.collect::<String>()
}

fn at(import: &Value, member: &str) -> DateTime<Utc> {
    import[member].as_str().unwrap_or_else(|| panic!("{import:#}")).parse().unwrap()
}

on_both! {
    async fn a_commit_is_done_once_for_a_key(app: TestApp) {
        let caller = app.coordinator();
        let rehearsed = import(&caller, "resource=organisations&dry_run=true", CSV, file("zxq", 2)).await;
        let other = import(&caller, "resource=organisations&dry_run=true", CSV, file("other", 2)).await;
        let first = commit_by(&caller, "k", &rehearsed).await.ok();
        assert_eq!((first.header("idempotency-replayed"), first.json()["status"].clone()), (String::new(), json!("committed")));
        let again = still(&app, async || commit_by(&caller, "k", &rehearsed).await.ok()).await;
        assert_eq!((again.header("idempotency-replayed").as_str(), &again.body), ("true", &first.body));
        commit_by(&caller, "k", &other).await.problem(422, "idempotency_key_reused");
        commit_by(&caller, "not visible", &other).await.problem(400, "bad_request");
        // What is refused uses up no key.
        let mut wrong = other.clone();
        wrong["plan_token"] = "0".repeat(64).into();
        commit_by(&caller, "k2", &wrong).await.faults(422, "validation_failed");
        assert_eq!(commit_by(&caller, "k2", &other).await.ok().json()["status"], "committed");
    }

    async fn who_commits_at_once_is_told_what_is_so(app: TestApp) {
        let caller = app.coordinator();
        let rehearsed = import(&caller, "resource=organisations&dry_run=true", CSV, file("zxq", 500)).await;
        let answers = join_all((0..3).map(|_| commit(&caller, &rehearsed))).await;
        let id = rehearsed["id"].as_str().unwrap();
        let kept = ended(&caller, id).await;
        for answer in answers {
            let answer = answer.ok();
            assert_eq!(answer.json(), kept);
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

    async fn it_is_finished_when_it_is(app: TestApp) {
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
        let rehearsed = ended(&caller, id).await;
        assert!(at(&rehearsed, "finished_at") - at(&rehearsed, "created_at") >= TimeDelta::minutes(1), "{rehearsed:#}");
        let (committing, moving) = (commit(&caller, &rehearsed), async {
            loop {
                let running = caller.get(&format!("{IMPORTS}/{id}")).await.ok().json();
                if running["status"] == "running" && running["progress"]["done"].as_u64().unwrap() > 0 {
                    break app.clock.advance(TimeDelta::minutes(1));
                }
            }
        });
        let (committed, ()) = futures_util::future::join(committing, moving).await;
        let committed = committed.ok().json();
        assert!(at(&committed, "finished_at") - at(&rehearsed, "finished_at") >= TimeDelta::minutes(1), "{committed:#}");
    }
}
