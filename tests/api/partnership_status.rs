//! The status of a partnership: every allowed transition, and every other.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::fixtures::{
    DRESDEN, PARTNERSHIPS, assert_nothing_written, create, delete, location, merged, partnership,
    post_nothing,
};
use crate::harness::{Caller, Response, on_both};

/// The statuses, each with those that may follow it.
pub(super) const TRANSITIONS: [(&str, &[&str]); 6] = [
    ("idea", &["preparation", "cancelled"]),
    ("preparation", &["active", "cancelled"]),
    ("active", &["suspended", "completed", "cancelled"]),
    ("suspended", &["active", "completed", "cancelled"]),
    ("completed", &["active"]),
    ("cancelled", &[]),
];

/// An imported partnership whose status is unknown. It has a start and an end.
const UNKNOWN: &str = "/api/v1/partnerships/hamburg-ethekwini";

async fn lead(caller: &Caller, path: &str, to: &str) -> Response {
    let body = json!({"to": to, "reason": "As the parties agreed."});
    caller.post(&format!("{path}/transitions"), &body).await
}

/// A new partnership with this status, a start and an end.
async fn in_state(caller: &Caller, status: &str) -> String {
    let body = json!({"status": status, "start": "2020", "end": "2030"});
    location(&create(caller, PARTNERSHIPS, &merged(&partnership(status), &body)).await)
}

async fn transitions(caller: &Caller, path: &str) -> Value {
    caller.get(&format!("{path}/transitions")).await.ok().json()
}

on_both! {
    async fn only_the_listed_transitions_are_allowed(app: TestApp) {
        let staff = app.coordinator();
        let ways: HashMap<_, _> = TRANSITIONS.into();
        for (from, next) in TRANSITIONS {
            for (to, _) in TRANSITIONS {
                let path = in_state(&staff, from).await;
                let before = staff.get(&path).await.ok();
                assert_eq!(transitions(&staff, &path).await, json!({"allowed": next, "history": []}));
                if next.contains(&to) {
                    let after = lead(&staff, &path, to).await.ok();
                    assert_eq!((&after.json()["status"], &after.json()["version"]), (&json!(to), &json!(2)));
                    assert_eq!(staff.get(&path).await.tag(), after.tag());
                    assert_eq!(transitions(&staff, &path).await["allowed"], json!(ways[to]));
                } else {
                    let problem = lead(&staff, &path, to).await.problem(409, "transition_not_allowed");
                    assert_eq!(problem["allowed"], json!(next), "{from} to {to}");
                    assert_eq!(staff.get(&path).await.body, before.body);
                }
            }
        }
    }

    async fn a_new_partnership_is_an_idea(app: TestApp) {
        let staff = app.coordinator();
        assert_eq!(create(&staff, PARTNERSHIPS, &partnership("Neu")).await.json()["status"], "idea");
        let unknown = merged(&partnership("Neu"), &json!({"status": null}));
        assert_eq!(create(&staff, PARTNERSHIPS, &unknown).await.json()["status"], "idea");
    }

    async fn an_unknown_status_allows_every_transition(app: TestApp) {
        let staff = app.coordinator();
        let before = staff.get(UNKNOWN).await.ok();
        assert!(before.json().get("status").is_none());
        for (to, _) in TRANSITIONS {
            let dry =
                staff.post(&format!("{UNKNOWN}/transitions?dry_run=true"), &json!({"to": to})).await.ok();
            assert_eq!(dry.json()["status"], to);
        }
        assert_eq!(staff.get(UNKNOWN).await.body, before.body);
        let all = TRANSITIONS.map(|(state, _)| state);
        assert_eq!(transitions(&staff, UNKNOWN).await["allowed"], json!(all));
        lead(&staff, UNKNOWN, "completed").await.ok();
        let history = transitions(&staff, UNKNOWN).await["history"].clone();
        assert!(history[0].get("from").is_none() && history[0]["to"] == "completed", "{history:#}");
    }

    async fn active_needs_a_start_and_completed_an_end(app: TestApp) {
        let staff = app.coordinator();
        for (from, to, member) in [("preparation", "active", "start"), ("suspended", "completed", "end")] {
            let body = merged(&partnership(to), &json!({"status": from}));
            let path = location(&create(&staff, PARTNERSHIPS, &body).await);
            assert_nothing_written(&app, async || {
                let faults = lead(&staff, &path, to).await.faults(409, "transition_needs");
                assert_eq!(faults, [format!("/{member} required")]);
            })
            .await;
            staff.patch(&path, "*", &json!({member: "2024"})).await.ok();
            lead(&staff, &path, to).await.ok();
        }
    }

    async fn reactivating_needs_a_reason(app: TestApp) {
        let (staff, anew) = (app.coordinator(), json!({"to": "active"}));
        let path = in_state(&staff, "completed").await;
        let steps = format!("{path}/transitions");
        for (body, fault) in [
            (anew.clone(), "/reason required"),
            (merged(&anew, &json!({"reason": " "})), "/reason empty"),
            (merged(&anew, &json!({"reason": 5})), "/reason wrong_type"),
            (merged(&anew, &json!({"reasons": "x"})), "/reasons unknown_member"),
            (json!({"reason": "x"}), "/to required"),
            (json!({"to": "aktiv", "reason": "x"}), "/to unknown_value"),
            (json!({"to": null, "reason": "x"}), "/to wrong_type"),
        ] {
            assert_eq!(staff.post(&steps, &body).await.faults(422, "validation_failed"), [fault], "{body}");
        }
        let null = staff
            .send(staff.request(reqwest::Method::POST, &steps).json(&json!({"to": "active", "reason": null})))
            .await;
        assert_eq!(null.faults(422, "validation_failed"), ["/reason required"]);
        staff.post(&steps, &merged(&anew, &json!({"reason": "A second phase."}))).await.ok();
    }

    async fn a_patch_does_not_change_the_status(app: TestApp) {
        let staff = app.coordinator();
        for (path, status) in [
            (DRESDEN, json!("completed")),
            (DRESDEN, json!(null)),
            (DRESDEN, json!("aktiv")),
            (UNKNOWN, json!("idea")),
        ] {
            let patch = json!({"status": status, "end": "2035"});
            let problem =
                untouched_patch(&app, &staff, path, &patch).await.problem(409, "status_by_transition");
            assert!(problem["detail"].as_str().unwrap().contains("/transitions"), "{problem:#}");
        }
        staff.patch(DRESDEN, "*", &json!({"status": "active", "end": "2035"})).await.ok();
        staff.patch(UNKNOWN, "*", &json!({"status": null, "end": "2035"})).await.ok();
    }

    async fn the_history_lists_all_transitions(app: TestApp) {
        let staff = app.coordinator();
        let path = location(
            &create(
                &staff,
                PARTNERSHIPS,
                &merged(&partnership("Lebenslauf"), &json!({"start": "2020", "end": "2024"})),
            )
            .await,
        );
        let ways = ["preparation", "active", "suspended", "active", "completed", "active", "cancelled"];
        for to in ways {
            staff.patch(&path, "*", &json!({"title": format!("Nach {to}")})).await.ok();
            lead(&staff, &path, to).await.ok();
        }
        for caller in [&staff, &app.anonymous()] {
            let history = transitions(caller, &path).await["history"].as_array().unwrap().clone();
            let steps: Vec<_> =
                history.iter().map(|it| (it["from"].as_str().unwrap(), it["to"].as_str().unwrap())).collect();
            let expected: Vec<_> = ["idea"].into_iter().chain(ways).zip(ways).collect();
            assert_eq!(steps, expected);
            assert!(
                history.iter().all(|it| it["reason"] == "As the parties agreed."
                    && it["at"].as_str().unwrap().ends_with('Z'))
            );
            assert!(history.is_sorted_by_key(|it| it["at"].as_str().unwrap().to_owned()));
        }
    }

    async fn only_the_coordination_office_may_change_the_status(app: TestApp) {
        for (role, caller) in app.everybody() {
            let may = matches!(role, "coordinator" | "admin");
            let allowed = transitions(&caller, DRESDEN).await["allowed"].clone();
            assert_eq!(
                allowed,
                // `completed` is missing, because the partnership has no end.
                if may { json!(["suspended", "cancelled"]) } else { json!([]) },
                "{role}"
            );
            let to = json!({"to": "suspended"});
            let answer = caller.post(&format!("{DRESDEN}/transitions?dry_run=true"), &to).await;
            match role {
                "public" => drop(answer.problem(401, "unauthenticated")),
                _ if may => drop(answer.ok()),
                _ => drop(answer.problem(403, "forbidden")),
            }
        }
    }

    async fn a_stale_transition_is_refused(app: TestApp) {
        let staff = app.coordinator();
        let tag = staff.get(DRESDEN).await.tag();
        let steps = format!("{DRESDEN}/transitions");
        let based_on = |tag: &str, to: &str| {
            staff.send(
                staff.request(reqwest::Method::POST, &steps).header("If-Match", tag).json(&json!({"to": to})),
            )
        };
        based_on(&tag, "suspended").await.ok();
        let stale = based_on(&tag, "active").await;
        assert_eq!(stale.tag(), staff.get(DRESDEN).await.tag());
        stale.problem(412, "precondition_failed");
        based_on("*", "active").await.ok();
    }

    /// `allowed` lists exactly the transitions that succeed, for resources of all kinds. The attempts are dry runs.
    async fn exactly_the_offered_transitions_are_accepted(app: TestApp) {
        let staff = app.coordinator();
        let session = json!({"title": "Zxq", "kind": "exchange", "starts_on": "2040-06-12", "start_time": "10:00", "end_time": "12:30", "format": "online"});
        let bare = json!({"title": "Zxq", "kind": "exchange", "starts_on": "2040-06-12"});
        let soon = location(&create(&staff, "/api/v1/sessions", &merged(&session, &json!({"status": "published"}))).await);
        let past = merged(&session, &json!({"status": "published", "starts_on": "2020-06-12"}));
        let person = json!({"member": "hamburg-wasser", "name": "Zxq", "email": "z@zxq.example", "attendance": "online"});
        let mut paths = vec![
            location(&create(&staff, &format!("{soon}/registrations"), &person).await),
            location(&create(&staff, "/api/v1/sessions", &session).await),
            location(&create(&staff, "/api/v1/sessions", &bare).await),
            location(&create(&staff, "/api/v1/sessions", &past).await),
            location(&create(&staff, &format!("{soon}/guests"), &json!({"name": "Zxq"})).await),
            soon,
        ];
        for (status, _) in TRANSITIONS {
            let body = merged(&partnership(status), &json!({"status": status}));
            paths.push(location(&create(&staff, PARTNERSHIPS, &body).await));
        }
        for list in ["members", "topics", "sessions", "partnerships"] {
            let all = staff.all(&format!("/api/v1/{list}?limit=6")).await;
            paths.extend(all.iter().take(6).map(|item| format!("/api/v1/{list}/{}", item["id"].as_str().unwrap())));
        }
        for path in paths {
            let offered = transitions(&staff, &path).await["allowed"].as_array().unwrap().clone();
            for to in [
                "idea", "preparation", "active", "suspended", "completed", "cancelled", "interested", "paused", "left",
                "draft", "published", "held", "registered", "waitlisted", "attended", "no_show", "proposed",
                "scheduled", "discussed", "declined", "invited", "confirmed",
            ] {
                let body = json!({"to": to, "reason": "As the parties agreed."});
                let answer = staff.post(&format!("{path}/transitions?dry_run=true"), &body).await;
                let accepted = answer.status.is_success();
                assert_eq!(accepted, offered.contains(&json!(to)), "{path} to {to}: {}", answer.text());
            }
        }
    }

    async fn deleted_partnerships_have_no_transitions(app: TestApp) {
        let staff = app.coordinator();
        let path = in_state(&staff, "idea").await;
        delete(&staff, &path).await;
        lead(&staff, &path, "preparation").await.problem(404, "not_found");
        staff.get(&format!("{path}/transitions")).await.problem(404, "not_found");
        post_nothing(&staff, &format!("{path}/restore")).await.ok();
        lead(&staff, &path, "preparation").await.ok();
    }
}

async fn untouched_patch(
    app: &crate::harness::TestApp,
    staff: &Caller,
    path: &str,
    patch: &Value,
) -> Response {
    let mut answer = None;
    assert_nothing_written(app, async || answer = Some(staff.patch(path, "*", patch).await)).await;
    answer.unwrap()
}
