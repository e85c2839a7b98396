//! The seats of a session: the waiting list, capacities, and what happens to registrations that lose their seat.

use serde_json::{Value, json};

use super::registrations::{person, registered};
use super::{published, transition};
use crate::api::fixtures::{merged, post_nothing};
use crate::harness::{TestApp, ask, on_both};

/// The status and the position of all registrations, in the order of their arrival.
async fn list(app: &TestApp, session: &str) -> Vec<(String, Value)> {
    let all = app.coordinator().all(&format!("{session}/registrations?limit=200")).await;
    all.iter().map(|it| (it["status"].as_str().unwrap().to_owned(), it["position"].clone())).collect()
}

on_both! {
    async fn freed_seats_go_to_the_waiting_list_in_order(app: TestApp) {
        let session = published(&app, json!({"capacity": 2})).await;
        let version = app.coordinator().get(&session).await.ok().json()["version"].clone();
        let mut paths = Vec::new();
        for name in ["a", "b", "c", "d"] {
            paths.push(registered(&app, &session, &person(name)).await.0);
        }
        let expected = |rows: &[(&str, Value)]| rows.iter().map(|(status, position)| ((*status).to_owned(), position.clone())).collect::<Vec<_>>();
        assert_eq!(list(&app, &session).await, expected(&[
            ("registered", json!(null)), ("registered", json!(null)), ("waitlisted", json!(1)), ("waitlisted", json!(2)),
        ]));
        let read = app.coordinator().get(&session).await.ok().json();
        assert_eq!(read["counts"], json!({"registered": 2, "waitlisted": 2, "attended": 0}));
        assert_eq!(read["registration_state"], json!({"state": "waiting_list", "reason": "full"}));
        assert_eq!(read["version"], version, "not its own data");
        assert_eq!(app.reader().get(&session).await.ok().json()["counts"], read["counts"]);
        for caller in [app.member(), app.partner(), app.anonymous()] {
            assert_eq!(caller.get(&session).await.ok().json().get("counts"), None);
        }
        transition(&app, &paths[0], "cancelled").await.ok();
        assert_eq!(list(&app, &session).await, expected(&[
            ("cancelled", json!(null)), ("registered", json!(null)), ("registered", json!(null)), ("waitlisted", json!(1)),
        ]));
        let office = app.coordinator();
        office.patch(&session, "*", &json!({"capacity": 1})).await.problem(409, "seats_taken");
        office.patch(&session, "*", &json!({"capacity": 3})).await.ok();
        assert_eq!(list(&app, &session).await[3], ("registered".into(), json!(null)));
        // After a cancellation the same person can register again, at the end of the list.
        let (_, again) = registered(&app, &session, &person("a")).await;
        assert_eq!((&again["status"], &again["position"]), (&json!("waitlisted"), &json!(1)));
        // Without a limit everybody gets a seat.
        office.patch(&session, "*", &json!({"capacity": null})).await.ok();
        let counts = office.get(&session).await.ok().json()["counts"].clone();
        assert_eq!(counts, json!({"registered": 4, "waitlisted": 0, "attended": 0}));
    }

    async fn the_room_has_its_own_capacity(app: TestApp) {
        let session = published(&app, json!({"capacity": 3, "room_capacity": 1})).await;
        let room = |name: &str| merged(&person(name), &json!({"attendance": "in_person"}));
        let (first, _) = registered(&app, &session, &room("a")).await;
        let (second, waits) = registered(&app, &session, &room("b")).await;
        assert_eq!(waits["position"], 1);
        let state = app.anonymous().get(&session).await.ok().json()["registration_state"].clone();
        assert_eq!(state, json!({"state": "open", "reason": "room_full"}));
        let (online, comes) = registered(&app, &session, &person("c")).await;
        assert_eq!(comes["status"], "registered");
        let office = app.coordinator();
        office.patch(&online, "*", &json!({"attendance": "in_person"})).await.problem(409, "session_full");
        office.patch(&session, "*", &json!({"room_capacity": 1, "capacity": 2})).await.ok();
        // The seat in the room is free now, but all seats of the session are taken.
        office.patch(&first, "*", &json!({"attendance": "online"})).await.ok();
        assert_eq!(office.get(&second).await.ok().json()["status"], "waitlisted");
        transition(&app, &online, "cancelled").await.ok();
        assert_eq!(office.get(&second).await.ok().json()["status"], "registered");
        let only = published(&app, json!({"format": "online"})).await;
        let refused = office.post(&format!("{only}/registrations"), &room("a")).await;
        assert_eq!(refused.faults(422, "validation_failed"), ["/attendance not_offered"]);
    }

    async fn a_session_with_seats_taken_cannot_be_reduced_or_deleted(app: TestApp) {
        let office = app.coordinator();
        let session = published(&app, json!({"capacity": 2, "room_capacity": 1})).await;
        let inside = |name: &str| merged(&person(name), &json!({"attendance": "in_person"}));
        let (path, _) = registered(&app, &session, &inside("a")).await;
        let (waits, made) = registered(&app, &session, &inside("b")).await;
        assert_eq!(made["status"], "waitlisted");
        for change in [json!({"room_capacity": 0}), json!({"format": "online"})] {
            let refused = office.patch(&session, "*", &change).await;
            let status = refused.status.as_u16();
            assert!(status == 409 || status == 422, "{}", refused.text());
        }
        office.patch(&session, "*", &json!({"format": "online"})).await.problem(409, "seats_taken");
        office.patch(&session, "*", &json!({"format": "in_person"})).await.ok();
        office.patch(&session, "*", &json!({"room_capacity": 2})).await.ok();
        assert_eq!(office.get(&waits).await.ok().json()["status"], "registered");
        office.patch(&session, "*", &json!({"room_capacity": 1})).await.problem(409, "seats_taken");
        office.delete(&session, "*").await.problem(409, "has_dependents");
        office.delete(&format!("{session}?dry_run=true"), "*").await.problem(409, "has_dependents");
        for path in [&path, &waits] {
            transition(&app, path, "cancelled").await.ok();
        }
        office.delete(&session, "*").await.expect(204);
    }

    async fn a_deleted_registration_frees_its_seat_and_is_restored_to_the_waiting_list(app: TestApp) {
        let (office, session) = (app.coordinator(), published(&app, json!({"capacity": 1})).await);
        let (first, _) = registered(&app, &session, &person("a")).await;
        let (second, _) = registered(&app, &session, &person("b")).await;
        office.delete(&first, "*").await.expect(204);
        assert_eq!(office.get(&second).await.ok().json()["status"], "registered");
        let back = post_nothing(&office, &format!("{first}/restore")).await.ok().json();
        assert_eq!((&back["status"], &back["position"]), (&json!("waitlisted"), &json!(1)));
        let subjects = ask(&app, "SELECT subject FROM mail ORDER BY id").await;
        let said: Vec<_> = subjects.iter().map(|subject| subject.trim_end_matches(": Zxq")).collect();
        assert_eq!(said, [
            "Sie sind angemeldet", "Auf der Warteliste", "Ihre Anmeldung ist storniert", "Sie haben einen Platz",
            "Auf der Warteliste",
        ]);
    }

    async fn a_registration_that_is_restored_with_another_status_records_the_change(app: TestApp) {
        let (office, session) = (app.coordinator(), published(&app, json!({"capacity": 1})).await);
        let (first, made) = registered(&app, &session, &person("a")).await;
        registered(&app, &session, &person("b")).await;
        office.delete(&first, "*").await.expect(204);
        post_nothing(&office, &format!("{first}/restore")).await.ok();
        let change = json!({"from": "registered", "to": "waitlisted"});
        let last = office.get(&format!("{first}/history?limit=1")).await.ok().json()["items"][0].clone();
        assert_eq!((&last["action"], &last["from"], &last["to"]), (&json!("restored"), &change["from"], &change["to"]));
        let id = made["id"].as_str().unwrap();
        let audit = app.admin().get(&format!("/api/v1/audit?resource_id={id}&action=restored")).await.ok().json();
        assert_eq!((&audit["items"][0]["status_change"], audit["items"].as_array().unwrap().len()), (&change, 1));
        let steps = office.get(&format!("{first}/transitions")).await.ok().json()["history"].clone();
        assert_eq!((&steps[0]["from"], &steps[0]["to"]), (&change["from"], &change["to"]));
        assert_eq!(steps.as_array().unwrap().len(), 1);

        // Nothing is recorded where the status stays the same.
        office.delete(&first, "*").await.expect(204);
        post_nothing(&office, &format!("{first}/restore")).await.ok();
        let last = office.get(&format!("{first}/history?limit=1")).await.ok().json()["items"][0].clone();
        assert_eq!((&last["action"], last.get("from"), last.get("to")), (&json!("restored"), None, None));
    }
}
