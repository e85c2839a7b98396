//! The agenda, the guests and the minutes of a session.

use serde_json::{Value, json};

use super::{SESSIONS, published, session};
use crate::api::fixtures::{MEMBERS, TOPICS, UTILITIES, create, location, merged, municipal};
use crate::api::idempotency::post;
use crate::api::imports::{CSV, counts, import};
use crate::harness::{TestApp, on_both};

fn item(title: &str, minutes: u64) -> Value {
    json!({"kind": "talk", "title": title, "duration_minutes": minutes})
}

/// The agenda as `position title start-end`.
async fn agenda(app: &TestApp, session: &str) -> Vec<String> {
    let items = app.coordinator().all(&format!("{session}/agenda")).await;
    let line = |it: &Value| {
        let time = |name: &str| it[name].as_str().map_or("-", |at| &at[11..16]).to_owned();
        format!(
            "{} {} {}-{}",
            it["position"],
            it["title"].as_str().unwrap(),
            time("starts_at"),
            time("ends_at")
        )
    };
    items.iter().map(line).collect()
}

on_both! {
    async fn a_topic_on_the_agenda_becomes_scheduled(app: TestApp) {
        let office = app.coordinator();
        let topic = async |title: &str, by: &str| {
            let body = json!({"title": {"en": title}, "proposed_by": by});
            create(&office, TOPICS, &body).await.json()["slug"].as_str().unwrap().to_owned()
        };
        let at = published(&app, json!({})).await;
        let list = format!("{at}/agenda");
        let about = |topic: &str| merged(&item(topic, 5), &json!({"topic": topic}));
        let pumps = topic("Zxq pumps", "hamburg-wasser").await;
        let path = location(&create(&office, &list, &about(&pumps)).await);
        let read = office.get(&format!("{TOPICS}/{pumps}")).await.ok().json();
        assert_eq!((&read["status"], &read["version"]), (&json!("scheduled"), &json!(2)));
        let ways = office.get(&format!("{TOPICS}/{pumps}/transitions")).await.ok().json();
        assert_eq!((&ways["history"][0]["from"], &ways["history"][0]["to"]), (&json!("proposed"), &json!("scheduled")));
        // Another agenda item about the topic does not change the topic again.
        create(&office, &list, &about(&pumps)).await;
        assert_eq!(office.get(&format!("{TOPICS}/{pumps}")).await.ok().json()["version"], 2);
        office.delete(&format!("{TOPICS}/{pumps}"), "*").await.problem(409, "has_dependents");

        // Callers do not see topics that they may not read, nor those proposed by hidden members.
        let hidden = merged(&municipal("Zxq"), &json!({"slug": "zxq-hidden", "visibility": "internal"}));
        create(&office, UTILITIES, &hidden).await;
        create(&office, MEMBERS, &json!({"utility": "zxq-hidden", "status": "active"})).await;
        let secret = topic("Zxq secret", "zxq-hidden").await;
        create(&office, &list, &about(&secret)).await;
        for (caller, topics) in [
            (app.anonymous(), 0), (app.partner(), 0), (app.member(), 2), (app.reader(), 2), (office.clone(), 3)
        ] {
            let items = caller.all(&list).await;
            assert_eq!(items.iter().filter(|item| item["topic"].is_object()).count(), topics);
            let is_in_history = caller.get(&format!("{path}/history")).await.ok().text().contains("\"/topic\"");
            assert_eq!(is_in_history, topics > 0);
        }

        // A change by an API key without the scope for topics keeps the topic.
        let key = json!({"name": "Zxq", "scopes": ["sessions:read", "sessions:write"]});
        let key = office.post("/api/v1/api-keys", &key).await.expect(201).json();
        let narrow = crate::harness::Caller::new(app.address, key["key"].as_str().map(str::to_owned));
        narrow.patch(&path, "*", &json!({"duration_minutes": 6})).await.ok();
        assert_eq!(office.get(&path).await.ok().json()["topic"]["slug"], pumps.as_str());

        // An item about a topic that was declined meanwhile can still be changed.
        let no = json!({"to": "declined", "reason": "Zxq"});
        office.post(&format!("{TOPICS}/{pumps}/transitions"), &no).await.ok();
        office.patch(&path, "*", &json!({"duration_minutes": 7})).await.ok();
        let declined = topic("Zxq declined", "hamburg-wasser").await;
        office.post(&format!("{TOPICS}/{declined}/transitions"), &no).await.ok();
        for (topic, fault) in [(declined.as_str(), "/topic declined"), ("zxq-nothing", "/topic unknown_reference")] {
            assert_eq!(office.post(&list, &about(topic)).await.faults(422, "validation_failed"), [fault]);
        }
        assert_eq!(office.all(&list).await.len(), 3, "nothing was written");
    }

    async fn agenda_items_have_consecutive_positions_and_times(app: TestApp) {
        let office = app.coordinator();
        let at = published(&app, json!({"start_time": "10:00", "end_time": "11:30"})).await;
        let list = format!("{at}/agenda");
        let mut paths = Vec::new();
        for (title, minutes) in [("a", 15), ("b", 30), ("c", 20)] {
            paths.push(location(&create(&office, &list, &item(title, minutes)).await));
        }
        assert_eq!(agenda(&app, &at).await, ["1 a 08:00-08:15", "2 b 08:15-08:45", "3 c 08:45-09:05"]);
        let other = office.get(&paths[0]).await.ok().json();
        let moved = office.patch(&paths[2], "*", &json!({"position": 1})).await.ok().json();
        assert_eq!((&moved["position"], &moved["version"]), (&json!(1), &json!(2)));
        assert_eq!(agenda(&app, &at).await, ["1 c 08:00-08:20", "2 a 08:20-08:35", "3 b 08:35-09:05"]);
        let shifted = office.get(&paths[0]).await.ok().json();
        assert_eq!((&shifted["position"], &shifted["version"]), (&json!(2), &other["version"]));
        create(&office, &list, &merged(&item("d", 10), &json!({"position": 2}))).await;
        assert_eq!(agenda(&app, &at).await[1..], ["2 d 08:20-08:30", "3 a 08:30-08:45", "4 b 08:45-09:15"]);
        office.delete(&paths[2], "*").await.expect(204);
        assert_eq!(agenda(&app, &at).await, ["1 d 08:00-08:10", "2 a 08:10-08:25", "3 b 08:25-08:55"]);
        crate::api::fixtures::post_nothing(&office, &format!("{}/restore", paths[2])).await.ok();
        assert_eq!(agenda(&app, &at).await[..2], ["1 c 08:00-08:20", "2 d 08:20-08:30"]);
        // The times follow the session, over the end of daylight saving time too.
        let night = json!({"starts_on": "2026-10-25", "start_time": "02:30", "end_time": "05:00"});
        office.patch(&at, "*", &night).await.ok();
        assert_eq!(agenda(&app, &at).await, ["1 c 00:30-00:50", "2 d 00:50-01:00", "3 a 01:00-01:15", "4 b 01:15-01:45"]);
        for (body, faults) in [
            (item("e", 1000), &["/duration_minutes longer_than_session"][..]),
            (item("e", 0), &["/duration_minutes out_of_range"]),
            (merged(&item("e", 5), &json!({"position": 6})), &["/position out_of_range"]),
            (merged(&item("e", 5), &json!({"position": 0})), &["/position out_of_range"]),
            (merged(&item("e", 5), &json!({"guest": "0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a80"})), &["/guest unknown_reference"]),
        ] {
            assert_eq!(office.post(&list, &body).await.faults(422, "validation_failed"), faults, "{body}");
        }
        let shorter = office.patch(&at, "*", &json!({"end_time": "02:45"})).await;
        assert_eq!(shorter.faults(422, "validation_failed"), ["/end_time shorter_than_agenda"]);
        app.member().patch(&paths[0], "*", &json!({"position": 1})).await.problem(403, "forbidden");
    }

    async fn only_confirmed_guests_are_visible(app: TestApp) {
        let (office, at) = (app.coordinator(), published(&app, json!({})).await);
        let list = format!("{at}/guests");
        let body = json!({
            "name": "Zxq Guest", "party": {"organisation": "giz"}, "email": "zxqmail@zxq.example", "talk_title": "Money"
        });
        let asked = location(&create(&office, &list, &body).await);
        let talk = merged(&item("talk", 30), &json!({"guest": office.get(&asked).await.ok().json()["id"]}));
        let talk = location(&create(&office, &format!("{at}/agenda"), &talk).await);
        for caller in [app.anonymous(), app.member(), app.reader()] {
            caller.get(&asked).await.problem(404, "not_found");
            assert_eq!(caller.get(&list).await.ok().json()["items"], json!([]));
            let seen = caller.get(&talk).await.ok().json();
            assert_eq!((seen.get("guest"), seen.get("speaker")), (None, None));
        }
        assert_eq!(office.get(&talk).await.ok().json()["speaker"], "Zxq Guest");
        office.patch(&asked, "*", &json!({"status": "confirmed"})).await.problem(409, "status_by_transition");
        office.post(&format!("{asked}/transitions"), &json!({"to": "confirmed"})).await.ok();
        let back = office.post(&format!("{asked}/transitions"), &json!({"to": "invited"})).await;
        assert_eq!(back.problem(409, "transition_not_allowed")["allowed"], json!(["declined"]));
        for caller in [app.anonymous(), app.member(), app.partner(), app.reader()] {
            let seen = caller.get(&asked).await.ok().json();
            assert_eq!((&seen["name"], seen.get("email")), (&json!("Zxq Guest"), None));
            for path in [format!("{asked}/history"), format!("{list}?format=csv"), list.clone()] {
                assert!(!caller.get(&path).await.ok().text().contains("zxqmail"), "{path}");
            }
            assert_eq!(caller.get(&talk).await.ok().json()["speaker"], "Zxq Guest");
        }
        assert_eq!(office.get(&asked).await.ok().json()["email"], "zxqmail@zxq.example");
        assert!(!office.get(&format!("{asked}/history")).await.ok().text().contains("zxqmail"));
        office.delete(&asked, "*").await.problem(409, "has_dependents");
        office.patch(&talk, "*", &json!({"guest": null})).await.ok();
        office.delete(&asked, "*").await.expect(204);
        for (body, faults) in [
            (json!({}), &["/name required"][..]),
            (json!({"name": "x", "email": "x"}), &["/email invalid_format"]),
            (json!({"party": {"organisation": "zxq"}}), &["/party/organisation unknown_reference"]),
        ] {
            assert_eq!(office.post(&list, &body).await.faults(422, "validation_failed"), faults, "{body}");
        }
        app.member().post(&list, &json!({"name": "x"})).await.problem(403, "forbidden");
    }

    /// An API key without the scope for personal data reads a guest without the address, and a patch keeps the address.
    async fn an_api_key_needs_a_scope_for_addresses_of_guests(app: TestApp) {
        let (office, at) = (app.coordinator(), published(&app, json!({})).await);
        let body = json!({"name": "Zxq", "email": "zxqmail@zxq.example"});
        let guest = location(&create(&office, &format!("{at}/guests"), &body).await);
        let key = json!({"name": "Zxq", "scopes": ["sessions:read", "sessions:write"]});
        let key = office.post("/api/v1/api-keys", &key).await.expect(201).json();
        let caller = crate::harness::Caller::new(app.address, key["key"].as_str().map(str::to_owned));
        assert_eq!(caller.get(&guest).await.ok().json().get("email"), None);
        let patched = caller.patch(&guest, "*", &json!({"function": "Head"})).await.ok().json();
        assert_eq!(patched.get("email"), None);
        caller.patch(&guest, "*", &json!({"email": null})).await.problem(403, "forbidden");
        assert_eq!(office.get(&guest).await.ok().json()["email"], "zxqmail@zxq.example");
    }

    async fn a_guest_may_not_be_narrower_than_its_session(app: TestApp) {
        let office = app.coordinator();
        let utility = json!({"name": "Zxq", "slug": "zxq-hidden", "kind": "municipal", "country": "DE", "sectors": ["water"], "visibility": "internal"});
        create(&office, "/api/v1/utilities", &utility).await;
        let at = published(&app, json!({})).await;
        let guest = json!({"party": {"utility": "zxq-hidden"}});
        let refused = office.post(&format!("{at}/guests"), &guest).await;
        assert_eq!(refused.faults(422, "validation_failed"), ["/party wider_than_party"]);
        office.patch(&at, "*", &json!({"visibility": "internal"})).await.ok();
        create(&office, &format!("{at}/guests"), &guest).await;
        let wider = office.patch(&at, "*", &json!({"visibility": "members"})).await;
        assert_eq!(wider.faults(422, "validation_failed"), ["/visibility wider_than_party"]);
        office.patch("/api/v1/utilities/zxq-hidden", "*", &json!({"visibility": "public"})).await.ok();
        office.patch(&at, "*", &json!({"visibility": "members"})).await.ok();
        let narrower = office.patch("/api/v1/utilities/zxq-hidden", "*", &json!({"visibility": "internal"})).await;
        narrower.problem(409, "conflicts_with_dependents");
    }

    async fn published_minutes_are_corrected_by_a_new_revision(app: TestApp) {
        let office = app.coordinator();
        let future = published(&app, json!({})).await;
        let body = json!({"text": {"de": "Zxqprotokoll"}, "decisions": [{"de": "Eins"}, {"de": "Zwei", "en": "Two"}]});
        office.post(&format!("{future}/minutes"), &body).await.problem(409, "session_not_held");
        let held = merged(&session("Zxq"), &json!({"starts_on": "2020-06-12", "status": "held"}));
        let at = location(&create(&office, SESSIONS, &held).await);
        let list = format!("{at}/minutes");
        let once = async || post(&office, "zxq-minutes", &list, &body).await.expect(201);
        let first = location(&once().await);
        let again = once().await;
        assert_eq!((location(&again), again.header("idempotency-replayed")), (first.clone(), "true".into()));
        office.post(&list, &body).await.problem(409, "minutes_in_work");
        app.member().get(&first).await.problem(404, "not_found");
        assert_eq!(app.anonymous().get(&list).await.ok().json()["items"], json!([]));
        office.patch(&first, "*", &json!({"decisions": [{"de": "Drei"}]})).await.ok();
        office.post(&format!("{first}/transitions"), &json!({"to": "published"})).await.ok();
        let seen = app.anonymous().get(&first).await.ok().json();
        assert_eq!((&seen["decisions"], &seen["revision"]), (&json!([{"de": "Drei"}]), &json!(1)));
        assert!(!app.member().get(&format!("{first}/history")).await.ok().text().contains("Zwei"));
        office.patch(&first, "*", &json!({"decisions": []})).await.problem(409, "minutes_published");
        let back = office.post(&format!("{first}/transitions"), &json!({"to": "draft"})).await;
        back.problem(409, "transition_not_allowed");
        office.delete(&first, "*").await.problem(409, "minutes_published");
        let second = create(&office, &list, &json!({"text": {"de": "Berichtigt"}})).await;
        assert_eq!(second.json()["revision"], 2);
        assert_eq!(app.member().get(&format!("{list}?count=true")).await.ok().json()["total"], 1);
        office.post(&format!("{}/transitions", location(&second)), &json!({"to": "published"})).await.ok();
        let all = app.member().get(&list).await.ok().json();
        let revisions: Vec<_> = all["items"].as_array().unwrap().iter().map(|it| it["revision"].clone()).collect();
        assert_eq!(revisions, [2, 1]);
        app.member().post(&list, &body).await.problem(403, "forbidden");
        for (body, faults) in [
            (json!({}), &["/text required"][..]),
            (json!({"text": {}}), &["/text empty"]),
            (json!({"text": {"de": "x"}, "decisions": ["x"]}), &["/decisions/0 wrong_type"]),
        ] {
            assert_eq!(office.post(&list, &body).await.faults(422, "validation_failed"), faults, "{body}");
        }
    }

    /// A row without a status, as older systems have it, is a draft too.
    async fn there_is_no_second_draft_beside_imported_minutes_without_a_status(app: TestApp) {
        let office = app.coordinator();
        let held = json!({"slug": "zxq-held", "starts_on": "2020-06-12", "status": "held"});
        let list = format!("{}/minutes", location(&create(&office, SESSIONS, &merged(&session("Zxq"), &held)).await));
        let file = "session,text.de\nzxq-held,Zxqprotokoll\n";
        let done = import(&office, "resource=session-minutes", CSV, file).await;
        assert_eq!((counts(&done), &done["status"]), ([1, 0, 0, 0, 0], &json!("committed")), "{done:#}");
        let imported = office.all(&list).await;
        assert_eq!((imported.len(), imported[0].get("status")), (1, None), "{imported:?}");
        let body = json!({"text": {"de": "Zxq too"}});
        office.post(&list, &body).await.problem(409, "minutes_in_work");
        office.delete(&format!("{list}/{}", imported[0]["id"].as_str().unwrap()), "*").await.expect(204);
        create(&office, &list, &body).await;
    }
}
