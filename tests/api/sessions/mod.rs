//! Sessions: times, status, and who sees what of them.

mod change_mails;
mod concurrency;
mod leaving;
pub(crate) mod registrations;
mod seats;
mod sub_resources;

use serde_json::{Value, json};

use super::fixtures::{create, location, merged};
use super::idempotency::post;
use crate::harness::{TestApp, on_both};

pub(crate) const SESSIONS: &str = "/api/v1/sessions";
/// A session of the demo data that was held in the past.
const HELD: &str = "/api/v1/sessions/bmz-vku-workshop-2018";

/// A future session, complete enough to be published.
pub(crate) fn session(title: &str) -> Value {
    json!({
        "title": title, "kind": "exchange", "starts_on": "2040-06-12", "start_time": "10:00", "end_time": "12:30",
        "format": "hybrid", "visibility": "public"
    })
}

/// The path of a published future session with these changes.
pub(crate) async fn published(app: &TestApp, more: Value) -> String {
    let body = merged(&merged(&session("Zxq"), &json!({"status": "published"})), &more);
    location(&create(&app.coordinator(), SESSIONS, &body).await)
}

async fn transition(app: &TestApp, path: &str, to: &str) -> crate::harness::Response {
    app.coordinator().post(&format!("{path}/transitions"), &json!({"to": to})).await
}

on_both! {
    async fn the_demo_sessions_can_be_read(app: TestApp) {
        let held = app.anonymous().get("/api/v1/sessions?status=held&count=true&limit=1").await.ok().json();
        assert_eq!(held["total"], 23);
        let all = app.member().get("/api/v1/sessions?status=published&sort=start").await.ok().json();
        let examples = all["items"].as_array().unwrap();
        assert_eq!(examples.len(), 2);
        for example in examples {
            assert!(example["title"].as_str().unwrap().starts_with("Example"), "{example}");
            assert_eq!(example["registration_state"], json!({"state": "open"}), "{example}");
        }
        let public = app.anonymous().get("/api/v1/sessions?status=published&count=true").await.ok().json();
        assert_eq!(public["total"], 1);
        let workshop = app.anonymous().get(HELD).await.ok().json();
        assert_eq!(workshop["registration_state"], json!({"state": "closed", "reason": "held"}));
        assert_eq!((workshop.get("starts_at"), workshop.get("counts")), (None, None));
    }

    async fn instants_follow_from_local_times_and_the_time_zone(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&office, SESSIONS, &session("Zxq")).await);
        let read = office.get(&at).await.ok().json();
        assert_eq!((&read["time_zone"], &read["status"], &read["version"]), (&json!("Europe/Berlin"), &json!("draft"), &json!(1)));
        assert_eq!(read["starts_at"], "2040-06-12T08:00:00.000000Z");
        assert_eq!(read["ends_at"], "2040-06-12T10:30:00.000000Z");
        for (patch, starts, ends) in [
            (json!({"starts_on": "2040-01-12"}), "2040-01-12T09:00:00.000000Z", "2040-01-12T11:30:00.000000Z"),
            (json!({"time_zone": "Africa/Lusaka"}), "2040-01-12T08:00:00.000000Z", "2040-01-12T10:30:00.000000Z"),
            // Over the night in which the clocks go forward, and in the hour that occurs twice.
            (
                json!({"time_zone": "Europe/Berlin", "starts_on": "2026-03-28", "ends_on": "2026-03-29"}),
                "2026-03-28T09:00:00.000000Z", "2026-03-29T10:30:00.000000Z",
            ),
            (
                json!({"starts_on": "2026-10-25", "ends_on": null, "start_time": "02:30", "end_time": "03:00"}),
                "2026-10-25T00:30:00.000000Z", "2026-10-25T02:00:00.000000Z",
            ),
        ] {
            let read = office.patch(&at, "*", &patch).await.ok().json();
            assert_eq!((&read["starts_at"], &read["ends_at"]), (&json!(starts), &json!(ends)), "{patch}");
        }
        let read = office.patch(&at, "*", &json!({"start_time": null, "end_time": null})).await.ok().json();
        assert_eq!((read.get("starts_at"), read.get("ends_at")), (None, None));
    }

    async fn invalid_sessions_report_faults_with_pointers(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&office, SESSIONS, &session("Zxq")).await);
        let internal = json!({"name": "Zxq", "kind": "municipal", "country": "DE", "sectors": ["water"], "visibility": "internal", "slug": "zxq-internal"});
        create(&office, "/api/v1/utilities", &internal).await;
        for (patch, faults) in [
            (json!({"starts_on": "12.06.2040"}), &["/starts_on invalid_format"][..]),
            (json!({"starts_on": null}), &["/starts_on required"]),
            (json!({"start_time": "9.30"}), &["/start_time invalid_format"]),
            (json!({"start_time": "24:00"}), &["/start_time invalid_format"]),
            (json!({"end_time": "10:00"}), &["/end_time end_before_start"]),
            (json!({"start_time": null}), &["/start_time required"]),
            (json!({"ends_on": "2040-06-11"}), &["/ends_on end_before_start"]),
            (json!({"starts_on": "2026-03-29", "start_time": "02:30"}), &["/start_time skipped_time"]),
            (json!({"time_zone": "CEST"}), &["/time_zone unknown_value"]),
            (json!({"kind": "party"}), &["/kind unknown_value"]),
            (json!({"format": "phone"}), &["/format unknown_value"]),
            (json!({"capacity": 0}), &["/capacity out_of_range"]),
            (json!({"room_capacity": 10_001}), &["/room_capacity out_of_range"]),
            (json!({"waiting_list": "no"}), &["/waiting_list wrong_type"]),
            (json!({"registration_closes_at": "2040-06-01"}), &["/registration_closes_at invalid_format"]),
            (json!({"online_url": "meet.example"}), &["/online_url invalid_format"]),
            (json!({"sectors": ["water", "water"]}), &["/sectors/1 duplicate"]),
            (json!({"organisers": [{"organisation": "vku"}, {"organisation": "vku"}]}), &["/organisers/1 duplicate"]),
            (json!({"organisers": [{"organisation": "zxq"}]}), &["/organisers/0/organisation unknown_reference"]),
            (json!({"organisers": [{"utility": "zxq-internal"}]}), &["/organisers/0 wider_than_party"]),
            (json!({"starts_at": "2040-06-12T08:00:00Z"}), &["/starts_at read_only"]),
            (json!({"counts": {"registered": 1, "waitlisted": 0, "attended": 0}}), &["/counts read_only"]),
            (json!({"registration_state": {"state": "open"}}), &["/registration_state read_only"]),
        ] {
            let refused = office.patch(&at, "*", &patch).await;
            assert_eq!(refused.faults(422, "validation_failed"), faults, "{patch}");
        }
        office.patch(&at, "*", &json!({"status": "published"})).await.problem(409, "status_by_transition");
        let whole = office.get(&at).await.ok().json();
        assert_eq!(office.patch(&at, "*", &whole).await.ok().json(), whole);
    }

    async fn publishing_needs_times_and_a_format(app: TestApp) {
        let office = app.coordinator();
        let bare = json!({"title": "Zxq", "kind": "workshop", "starts_on": "2040-06-12"});
        let at = location(&create(&office, SESSIONS, &bare).await);
        let needed = ["/end_time required", "/format required", "/start_time required"];
        assert_eq!(transition(&app, &at, "published").await.faults(409, "transition_needs"), needed);
        let body = merged(&bare, &json!({"status": "published"}));
        assert_eq!(office.post(SESSIONS, &body).await.faults(422, "validation_failed"), needed);
        let told = json!({"start_time": "10:00", "end_time": "11:00", "format": "online"});
        office.patch(&at, "*", &told).await.ok();
        transition(&app, &at, "published").await.ok();
        // A published session must keep these members.
        let refused = office.patch(&at, "*", &json!({"format": null})).await;
        assert_eq!(refused.faults(422, "validation_failed"), ["/format required"]);
        // A past session may lack them, and may be created as held.
        for (status, day) in [("published", "2019-05-01"), ("held", "2019-05-01"), ("cancelled", "2040-06-12")] {
            create(&office, SESSIONS, &merged(&bare, &json!({"status": status, "starts_on": day}))).await;
        }
        let body = merged(&bare, &json!({"status": "held"}));
        assert_eq!(office.post(SESSIONS, &body).await.faults(422, "validation_failed"), ["/starts_on not_begun"]);
    }

    async fn a_session_follows_its_transitions(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&office, SESSIONS, &session("Zxq")).await);
        for to in ["held", "cancelled", "draft"] {
            let problem = transition(&app, &at, to).await.problem(409, "transition_not_allowed");
            assert_eq!(problem["allowed"], json!(["published"]));
        }
        transition(&app, &at, "published").await.ok();
        assert_eq!(transition(&app, &at, "held").await.faults(409, "transition_needs"), ["/starts_on not_begun"]);
        let cancel = async || post(&office, "zxq-cancel", &format!("{at}/transitions"), &json!({"to": "cancelled"})).await;
        cancel().await.ok();
        assert_eq!(cancel().await.ok().header("idempotency-replayed"), "true");
        transition(&app, &at, "published").await.problem(409, "transition_not_allowed");
        let taken = merged(&session("Zxq"), &json!({"slug": "bmz-vku-workshop-2018"}));
        office.post(SESSIONS, &taken).await.problem(409, "slug_taken");
        for caller in [app.anonymous(), app.member()] {
            let read = caller.get(&at).await.ok().json();
            assert_eq!(read["registration_state"], json!({"state": "closed", "reason": "cancelled"}));
        }
        let past = json!({"starts_on": "2020-06-12", "status": "published"});
        let at = location(&create(&office, SESSIONS, &merged(&session("Zxq"), &past)).await);
        assert_eq!(office.get(&at).await.ok().json()["registration_state"]["reason"], "begun");
        transition(&app, &at, "held").await.ok();
        app.member().post(&format!("{at}/transitions"), &json!({"to": "cancelled"})).await.problem(403, "forbidden");
    }

    async fn only_the_office_sees_drafts(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&office, SESSIONS, &session("Zxqdraft")).await);
        for caller in [app.anonymous(), app.member(), app.partner(), app.reader()] {
            caller.get(&at).await.problem(404, "not_found");
            caller.get(&format!("{at}/history")).await.problem(404, "not_found");
            for list in ["q=zxqdraft", "status=draft", "start_from=2040"] {
                let found = caller.get(&format!("{SESSIONS}?count=true&{list}")).await.ok().json();
                assert_eq!(found["total"], 0, "{list}");
            }
        }
        office.patch(&at, "*", &json!({"title": "Zxq other"})).await.ok();
        transition(&app, &at, "published").await.ok();
        // The history of the draft is visible to the office only.
        for caller in [app.anonymous(), app.member(), app.reader()] {
            let history = caller.get(&format!("{at}/history")).await.ok().json();
            let seen = history["items"].as_array().unwrap();
            assert_eq!(seen.len(), 1, "{history:#}");
            assert!(!history.to_string().contains("Zxqdraft"), "{history:#}");
        }
        assert_eq!(office.get(&format!("{at}/history")).await.ok().json()["items"].as_array().unwrap().len(), 3);
    }

    async fn only_the_office_sees_the_link_without_a_seat(app: TestApp) {
        let at = published(&app, json!({"online_url": "https://meet.example/zxqlink"})).await;
        assert_eq!(app.coordinator().get(&at).await.ok().json()["online_url"], "https://meet.example/zxqlink");
        for caller in [app.anonymous(), app.member(), app.partner(), app.reader()] {
            assert_eq!(caller.get(&at).await.ok().json().get("online_url"), None);
            for format in ["json", "csv", "ndjson"] {
                let all = caller.get(&format!("{SESSIONS}?start_from=2040&format={format}")).await.ok().text();
                assert!(!all.contains("zxqlink"), "{all}");
            }
            assert!(!caller.get(&format!("{at}/history")).await.ok().text().contains("zxqlink"));
        }
        assert!(!app.coordinator().get(&format!("{at}/history")).await.ok().text().contains("zxqlink"));
    }

    /// The state follows the clock, even if a response was cached a moment ago.
    async fn registration_closes_at_its_deadline(app: TestApp) {
        app.clock.stop();
        let soon = (app.store.now() + chrono::TimeDelta::seconds(90)).to_rfc3339();
        let at = published(&app, json!({"registration_closes_at": soon})).await;
        let state = async || {
            let caller = app.anonymous();
            let one = caller.get(&at).await.ok().json()["registration_state"].clone();
            let list = caller.get(&format!("{SESSIONS}?start_from=2040")).await.ok().json();
            assert_eq!(list["items"][0]["registration_state"], one);
            one
        };
        assert_eq!(state().await, json!({"state": "open"}));
        app.clock.advance(chrono::TimeDelta::seconds(89));
        assert_eq!(state().await, json!({"state": "open"}));
        app.clock.advance(chrono::TimeDelta::seconds(1));
        assert_eq!(state().await, json!({"state": "closed", "reason": "time_over"}));
    }

    async fn an_organiser_may_not_be_narrower_than_its_session(app: TestApp) {
        let office = app.coordinator();
        let at = published(&app, json!({"organisers": [{"utility": "stadtentwaesserung-dresden"}], "visibility": "internal"})).await;
        for (caller, status) in [(app.member(), 200), (app.partner(), 404), (app.reader(), 404), (app.anonymous(), 404)] {
            caller.get(&at).await.expect(status);
        }
        office.patch(&at, "*", &json!({"visibility": "members"})).await.ok();
        let narrow = json!({"visibility": "internal"});
        let refused = office.patch("/api/v1/utilities/stadtentwaesserung-dresden", "*", &narrow).await;
        let problem = refused.problem(409, "conflicts_with_dependents");
        let named = problem["dependents"].as_array().unwrap();
        assert!(named.iter().any(|it| it["resource"] == "session" && at.ends_with(it["slug"].as_str().unwrap())), "{problem:#}");
        let found = office.get(&format!("{SESSIONS}?organiser=stadtentwaesserung-dresden&count=true")).await.ok().json();
        assert_eq!(found["total"], 1);
    }
}
