//! Members: one for each municipal utility, the transitions of their status, and who may write which member.

mod visibility;

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::fixtures::bodies::contact;
use super::fixtures::{
    MEMBERS, UTILITIES, assert_nothing_written, create, delete, merged, municipal, post_nothing,
};
use crate::harness::{Caller, Response, TestApp, on_both};

const OWN: &str = "/api/v1/members/stadtentwaesserung-dresden";
const OTHER: &str = "/api/v1/members/hamburg-wasser";
/// A municipal utility that is not a member.
const FREE: &str = "harzwasserwerke";

/// The number of concurrent requests in a race.
const RACERS: usize = 16;

/// Creates a municipal utility that is a member. Returns the path of the member.
async fn member(app: &TestApp, slug: &str, more: &Value) -> String {
    let office = app.coordinator();
    create(&office, UTILITIES, &merged(&municipal(slug), &json!({"slug": slug}))).await;
    create(&office, MEMBERS, &merged(&json!({"utility": slug}), more)).await;
    format!("{MEMBERS}/{slug}")
}

/// The number of responses for each status. Every refusal has to be `member_exists`.
fn outcome(answers: Vec<Response>) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status.as_u16()).or_default() += 1;
        if !answer.status.is_success() {
            answer.problem(409, "member_exists");
        }
    }
    counts
}

/// The kinds and names of the dependents.
fn named(problem: &Value) -> Vec<(&str, &str)> {
    let dependents = problem["dependents"].as_array().unwrap().iter();
    dependents.map(|it| (it["resource"].as_str().unwrap(), it["name"].as_str().unwrap())).collect()
}

async fn lead(caller: &Caller, member: &str, to: &str) -> Response {
    caller.post(&format!("{member}/transitions"), &json!({"to": to})).await
}

on_both! {
    async fn invalid_members_report_all_faults(app: TestApp) {
        let office = app.coordinator();
        assert_nothing_written(&app, async || {
            office.post(MEMBERS, &json!({"utility": "hamburg-wasser"})).await.problem(409, "member_exists");
            let wrong = json!({
                "utility": "nobody", "joined_on": "2020-01-02", "left_on": "2020-01-01", "regional_group": " ",
                "interests": {"sectors": ["water", "water"], "countries": ["XX"], "working_areas": ["gsi"]}
            });
            for (body, faults) in [
                (json!({}), &["/utility required"][..]),
                (json!({"utility": null}), &["/utility required"]),
                (json!({"utility": "nobody"}), &["/utility unknown_reference"]),
                (json!({"utility": "bmz"}), &["/utility unknown_reference"]),
                (json!({"utility": 7}), &["/utility wrong_type"]),
                (json!({"utility": "lvivvodokanal"}), &["/utility not_municipal"]),
                (
                    json!({"utility": "lvivvodokanal", "joined_on": "2020-01-02", "left_on": "2020-01-01"}),
                    &["/left_on end_before_start", "/utility not_municipal"],
                ),
                (json!({"utility": FREE, "joined_on": "2020"}), &["/joined_on invalid_format"]),
                (json!({"utility": FREE, "status": "gone"}), &["/status unknown_value"]),
                (json!({"utility": FREE, "slug": "x", "has_active_partnership": true}), &[
                    "/has_active_partnership read_only", "/slug read_only",
                ]),
            ] {
                assert_eq!(office.post(MEMBERS, &body).await.faults(422, "validation_failed"), faults, "{body}");
            }
            let faults = office.post(MEMBERS, &wrong).await.faults(422, "validation_failed");
            for place in ["/interests/countries/0", "/left_on", "/regional_group", "/utility"] {
                assert!(faults.iter().any(|fault| fault.starts_with(&format!("{place} "))), "{place}: {faults:?}");
            }
        }).await;
    }

    async fn concurrent_requests_create_only_one_member_of_a_utility(app: TestApp) {
        let office = app.coordinator();
        let body = json!({"utility": FREE});
        let posts = (0..RACERS).map(async |_| app.coordinator().post(MEMBERS, &body).await);
        let once = BTreeMap::from([(201, 1), (409, RACERS - 1)]);
        assert_eq!(outcome(join_all(posts).await), once);

        // The place of a deleted member is free. The member can be restored only as long as nobody takes its place.
        let first = office.get(&format!("{MEMBERS}/{FREE}")).await.ok().json();
        let first = format!("{MEMBERS}/{}", first["id"].as_str().unwrap());
        for _ in 0..4 {
            delete(&office, &format!("{MEMBERS}/{FREE}")).await;
            let restore = format!("{first}/restore");
            let (restored, made) = join(post_nothing(&office, &restore), office.post(MEMBERS, &body)).await;
            let statuses = outcome(vec![restored, made]);
            assert_eq!(statuses.values().sum::<usize>() - statuses.get(&409).copied().unwrap_or_default(), 1);
            if office.get(&first).await.status == 404 {
                break;
            }
        }
        if office.get(&first).await.status == 200 {
            delete(&office, &first).await;
            create(&office, MEMBERS, &body).await;
        }
        post_nothing(&office, &format!("{first}/restore")).await.problem(409, "member_exists");
        assert_eq!(office.all(&format!("{MEMBERS}?utility={FREE}")).await.len(), 1);
    }

    async fn changing_the_utility_creates_no_second_member(app: TestApp) {
        let office = app.coordinator();
        office.patch(OWN, "*", &json!({"utility": "hamburg-wasser"})).await.problem(409, "member_exists");
        let mut members = Vec::new();
        for number in 0..6 {
            let path = member(&app, &format!("zxq-{number}"), &json!({})).await;
            members.push(office.get(&path).await.json()["id"].as_str().unwrap().to_owned());
        }
        let patches = members.iter().map(async |id| {
            app.coordinator().patch(&format!("{MEMBERS}/{id}"), "*", &json!({"utility": FREE})).await
        });
        assert_eq!(outcome(join_all(patches).await), BTreeMap::from([(200, 1), (409, 5)]));
        let moved = office.get(&format!("{MEMBERS}/{FREE}")).await.ok().json();
        assert_eq!((&moved["slug"], &moved["version"]), (&json!(FREE), &json!(2)));
    }

    async fn a_utility_with_a_member_cannot_be_deleted_or_moved_abroad(app: TestApp) {
        let office = app.coordinator();
        let path = member(&app, "zxq", &json!({})).await;
        let by_id = office.get(&path).await.ok().json();
        let by_id = format!("{MEMBERS}/{}", by_id["id"].as_str().unwrap());
        let utility = format!("{UTILITIES}/zxq");
        let moved = json!({"kind": "partner", "country": "ZM"});
        let refused = office.patch(&utility, "*", &moved).await.problem(409, "conflicts_with_dependents");
        assert_eq!(named(&refused), [("member", "zxq")]);
        let refused = office.delete(&utility, "*").await.problem(409, "has_dependents");
        assert_eq!(named(&refused), [("member", "zxq")]);

        delete(&office, &path).await;
        office.patch(&utility, "*", &moved).await.ok();
        let restored = post_nothing(&office, &format!("{by_id}/restore")).await;
        assert_eq!(restored.faults(409, "reference_gone"), ["/utility not_municipal"]);
        delete(&office, &utility).await;
        let restored = post_nothing(&office, &format!("{by_id}/restore")).await;
        assert_eq!(restored.faults(409, "reference_gone"), ["/utility unknown_reference"]);
        post_nothing(&office, &format!("{utility}/restore")).await.ok();
        office.patch(&utility, "*", &json!({"kind": "municipal", "country": "DE"})).await.ok();
        assert_eq!(post_nothing(&office, &format!("{by_id}/restore")).await.ok().json()["version"], 3);
    }

    async fn a_membership_follows_its_transitions(app: TestApp) {
        let office = app.coordinator();
        let path = member(&app, "zxq", &json!({})).await;
        let ways: [(&str, &[&str], &str); 5] = [
            ("interested", &["active"], "active"),
            ("active", &["paused", "left"], "paused"),
            ("paused", &["active", "left"], "active"),
            ("active", &["paused", "left"], "left"),
            ("left", &["interested"], "interested"),
        ];
        for (from, to, next) in ways {
            assert_eq!(office.get(&path).await.ok().json()["status"], from);
            for state in ["interested", "active", "paused", "left"].iter().filter(|state| !to.contains(state)) {
                let refused = lead(&office, &path, state).await.problem(409, "transition_not_allowed");
                assert_eq!(refused["allowed"], json!(to), "{from} {state}");
            }
            assert_eq!(lead(&office, &path, next).await.ok().json()["status"], next);
        }
        lead(&office, &path, "gone").await.problem(422, "validation_failed");
        office.patch(&path, "*", &json!({"status": "left"})).await.problem(409, "status_by_transition");
        lead(&app.member(), OWN, "paused").await.problem(403, "forbidden");
        // Imported members may have an unknown status. There are none here.
        assert_eq!(office.all(&format!("{MEMBERS}?status=unknown")).await, [Value::Null; 0]);
        assert_eq!(office.all(&format!("{MEMBERS}?status=interested")).await.len(), 1);
    }

    async fn a_member_may_write_only_its_interests_and_group(app: TestApp) {
        let (office, own) = (app.coordinator(), app.member());
        office.patch(OWN, "*", &json!({"note": "Zxqgeheim", "joined_on": "2019-05-01"})).await.ok();
        let patch = json!({"regional_group": "Ost", "interests": {"sectors": ["waste"], "countries": ["UA"]}});
        let patched = own.patch(OWN, "*", &patch).await.ok().json();
        assert_eq!((&patched["regional_group"], &patched["interests"]["countries"]), (&json!("Ost"), &json!(["UA"])));
        let whole = office.get(OWN).await.ok().json();
        assert_eq!((&whole["note"], &whole["joined_on"]), (&json!("Zxqgeheim"), &json!("2019-05-01")));
        // The whole member can be sent back unchanged.
        let read = own.get(OWN).await.ok().json();
        assert_eq!(own.patch(OWN, "*", &read).await.ok().json(), read);
        assert_eq!(office.get(OWN).await.ok().json(), whole);

        assert_nothing_written(&app, async || {
            for (member, value) in [
                ("utility", json!(FREE)), ("status", json!("left")), ("status", Value::Null),
                ("joined_on", json!("2020-01-01")), ("joined_on", Value::Null), ("left_on", json!("2024-01-01")),
                ("note", json!("Zxqgeheim")), ("note", Value::Null), ("note", json!(7)),
            ] {
                let body = json!({member: value, "regional_group": "West"});
                let faults = own.patch(OWN, "*", &body).await.faults(403, "forbidden");
                assert_eq!(faults, [format!("/{member} not_writable")]);
            }
            let all = json!({"utility": FREE, "status": "left", "joined_on": null});
            let faults = own.patch(OWN, "*", &all).await.faults(403, "forbidden");
            assert_eq!(faults, ["/joined_on not_writable", "/status not_writable", "/utility not_writable"]);
            for body in [json!({"regional_group": "West"}), json!({}), json!({"note": null})] {
                own.patch(OTHER, "*", &body).await.problem(403, "forbidden");
            }
            own.post(MEMBERS, &json!({"utility": FREE})).await.problem(403, "forbidden");
            own.delete(OWN, "*").await.problem(403, "forbidden");
            app.reader().patch(OWN, "*", &patch).await.problem(403, "forbidden");
            app.partner().patch(OWN, "*", &patch).await.problem(403, "forbidden");
        }).await;
        assert_eq!(office.get(OWN).await.ok().json(), whole);
    }

    async fn a_member_has_the_slug_of_its_utility(app: TestApp) {
        let office = app.coordinator();
        let path = member(&app, "zxq-alt", &json!({})).await;
        create(&office, &format!("{path}/contacts"), &contact("zxq", true)).await;
        office.patch(&format!("{UTILITIES}/zxq-alt"), "*", &json!({"slug": "zxq-neu", "name": "Zxq neu"})).await.ok();
        let now = office.get(&format!("{MEMBERS}/zxq-neu")).await.ok().json();
        assert_eq!((&now["slug"], &now["name"], &now["version"]), (&json!("zxq-neu"), &json!("Zxq neu"), &json!(1)));
        for slug in ["zxq-alt", "zxq-neu"] {
            assert_eq!(app.reader().get(&format!("{MEMBERS}/{slug}")).await.ok().json(), now);
            assert_eq!(json!(app.reader().all(&format!("{MEMBERS}?utility={slug}")).await), json!([now]));
            assert_eq!(office.all(&format!("{MEMBERS}/{slug}/contacts")).await.len(), 1);
            office.get(&format!("{MEMBERS}/{slug}/history")).await.ok();
            office.post(MEMBERS, &json!({"utility": slug})).await.problem(409, "member_exists");
        }
        office.patch(&format!("{MEMBERS}/zxq-alt"), "*", &json!({"regional_group": "Ost"})).await.ok();
    }

    /// Partners see active members only, and only the transitions to `active`.
    async fn partners_see_only_transitions_to_active(app: TestApp) {
        let ways = format!("{MEMBERS}/hamburg-wasser/transitions");
        for to in ["paused", "active"] {
            let body = json!({ "to": to, "reason": format!("zxq {to}") });
            app.coordinator().post(&ways, &body).await.ok();
        }
        let answer = app.partner().get(&ways).await.ok();
        assert!(!answer.text().contains("paused"), "{}", answer.text());
        assert_eq!(answer.json()["history"].as_array().map(Vec::len), Some(1));
        assert_eq!(app.reader().get(&ways).await.ok().json()["history"].as_array().map(Vec::len), Some(2));
    }
}
