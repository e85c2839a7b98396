//! Leaving: contacts and members with registrations cannot be deleted, or their registrations are cancelled. Nobody who
//! is gone is shown, written to or promoted.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::registrations::{DRESDEN, person};
use super::{SESSIONS, published, session};
use crate::api::fixtures::{MEMBERS, create, delete, location, merged, post_nothing};
use crate::harness::{Backend, TestApp, ask, on_both};

const MEMBER: &str = "/api/v1/members/stadtentwaesserung-dresden";

/// A new contact of Dresden: its path, and the body to register it.
async fn contact(app: &TestApp, name: &str) -> (String, Value) {
    let body = json!({"given_name": name, "family_name": "Zxq", "email": format!("{name}@zxq.example"), "language": "de"});
    let made = create(&app.coordinator(), &format!("{MEMBER}/contacts"), &body).await;
    let registration = json!({"member": DRESDEN, "contact": made.json()["id"], "attendance": "online"});
    (location(&made), registration)
}

/// A registration of a person of another member, who attends online.
fn other_member(name: &str) -> Value {
    merged(&person(name), &json!({"member": "hamburg-wasser"}))
}

/// Registers somebody and returns the path of the registration.
async fn registered(app: &TestApp, session: &str, body: &Value) -> String {
    location(&create(&app.coordinator(), &format!("{session}/registrations"), body).await)
}

async fn status(app: &TestApp, path: &str) -> Value {
    app.coordinator().get(path).await.ok().json()["status"].clone()
}

/// The recipients and subjects of the e-mails since the last call.
async fn mails(app: &TestApp) -> Vec<String> {
    let mails = ask(app, "SELECT \"to\" || ' ' || subject FROM mail ORDER BY id").await;
    ask(app, "DELETE FROM mail RETURNING subject").await;
    mails.iter().map(|mail| mail.replace("@zxq.example", "").replace(": Zxq", "")).collect()
}

async fn leave(app: &TestApp, query: &str) -> crate::harness::Response {
    app.coordinator().post(&format!("{MEMBER}/transitions{query}"), &json!({"to": "left"})).await
}

on_both! {
    async fn a_member_with_registrations_cannot_be_deleted(app: TestApp) {
        let (office, session) = (app.coordinator(), published(&app, json!({})).await);
        registered(&app, &session, &other_member("bert")).await;
        let path = "/api/v1/members/hamburg-wasser?dry_run=true";
        let names_session = |it: &Value| {
            it["dependents"].as_array().unwrap().iter().any(|named| named["resource"] == "session")
        };
        assert!(names_session(&office.delete(path, "*").await.problem(409, "has_dependents")));
        let chosen = office.delete(&format!("{path}&cancel_registrations=true"), "*").await;
        assert!(chosen.status == 204 || !names_session(&chosen.problem(409, "has_dependents")));
    }

    async fn a_contact_with_a_seat_cannot_be_deleted_without_cancelling_it(app: TestApp) {
        let (office, session) = (app.coordinator(), published(&app, json!({"capacity": 1})).await);
        let (contact, body) = contact(&app, "anna").await;
        let seat = registered(&app, &session, &body).await;
        let waits = registered(&app, &session, &other_member("bert")).await;
        mails(&app).await;
        for caller in [&office, &app.member()] {
            let problem = caller.delete(&contact, "*").await.problem(409, "has_dependents");
            let named = &problem["dependents"][0];
            assert_eq!((&named["resource"], &named["name"]), (&json!("session"), &json!("Zxq")), "{problem:#}");
            assert!(!problem.to_string().contains("anna"), "{problem:#}");
        }
        office.delete(&format!("{contact}?cancel_registrations=true&dry_run=true"), "*").await.expect(204);
        assert_eq!(status(&app, &seat).await, "registered");
        assert!(mails(&app).await.is_empty());
        office.delete(&format!("{contact}?cancel_registrations=true"), "*").await.expect(204);
        assert_eq!((status(&app, &seat).await, status(&app, &waits).await), (json!("cancelled"), json!("registered")));
        assert_eq!(mails(&app).await, ["bert Sie haben einen Platz"]);
        assert_eq!(office.get(&seat).await.ok().json().get("person"), None);
        let all = office.get(&format!("{session}/registrations")).await.ok().text();
        assert!(!all.contains("anna"), "{all}");
        // Restoring the contact does not restore the registration.
        post_nothing(&office, &format!("{contact}/restore")).await.ok();
        assert_eq!(office.get(&seat).await.ok().json()["person"]["email"], "anna@zxq.example");
        assert_eq!(status(&app, &seat).await, "cancelled");
    }

    async fn only_registrations_for_coming_sessions_prevent_deletion(app: TestApp) {
        app.clock.stop();
        let start = app.store.now() + chrono::TimeDelta::minutes(2);
        let soon = json!({
            "starts_on": start.date_naive(), "start_time": start.format("%H:%M").to_string(), "time_zone": "UTC",
            "ends_on": start.date_naive() + chrono::Days::new(1), "capacity": 1
        });
        let (office, session) = (app.coordinator(), published(&app, soon).await);
        let (contact, body) = contact(&app, "anna").await;
        registered(&app, &session, &other_member("bert")).await;
        let waits = registered(&app, &session, &body).await;
        assert_eq!(status(&app, &waits).await, "waitlisted");
        office.delete(&contact, "*").await.problem(409, "has_dependents");
        app.clock.advance(chrono::TimeDelta::minutes(3));
        delete(&office, &contact).await;
        assert_eq!(office.get(&waits).await.ok().json().get("person"), None);
    }

    async fn a_member_that_leaves_has_its_registrations_cancelled(app: TestApp) {
        let office = app.coordinator();
        let session = published(&app, json!({"capacity": 2})).await;
        let (_, body) = contact(&app, "anna").await;
        let seat = registered(&app, &session, &body).await;
        let named = registered(&app, &session, &person("carl")).await;
        let waits = registered(&app, &session, &person("dora")).await;
        let next = registered(&app, &session, &other_member("bert")).await;
        mails(&app).await;
        let problem = leave(&app, "").await.problem(409, "has_dependents");
        assert_eq!(problem["dependents"][0]["resource"], "session", "{problem:#}");
        let problem = office.delete(MEMBER, "*").await.problem(409, "has_dependents");
        assert!(problem["detail"].as_str().unwrap().contains("cancel_registrations=true"), "{problem:#}");
        app.member().post(&format!("{MEMBER}/transitions?cancel_registrations=true"), &json!({"to": "left"})).await
            .problem(403, "forbidden");
        leave(&app, "?cancel_registrations=true&dry_run=true").await.ok();
        assert_eq!(status(&app, &seat).await, "registered");
        leave(&app, "?cancel_registrations=true").await.ok();
        for path in [&seat, &named, &waits] {
            let read = office.get(path).await.ok().json();
            assert_eq!((&read["status"], read.get("person")), (&json!("cancelled"), None), "{read:#}");
        }
        assert_eq!(status(&app, &next).await, "registered");
        // No person of the member moved up meanwhile, and none of them gets an e-mail.
        assert_eq!(mails(&app).await, ["bert Sie haben einen Platz"]);
        let counts = office.get(&session).await.ok().json()["counts"].clone();
        assert_eq!(counts, json!({"registered": 1, "waitlisted": 0, "attended": 0}));
        office.get(MEMBERS).await.ok();
        let unknown = office.delete(&format!("{session}?cancel_registrations=true"), "*").await;
        assert_eq!(unknown.faults(400, "invalid_parameters"), ["cancel_registrations unknown_parameter"]);
    }

    /// Older versions did not check this: nobody who is gone gets a seat or an e-mail, or is named.
    async fn deleted_contacts_and_former_members_are_not_promoted_or_mailed(app: TestApp) {
        let office = app.coordinator();
        let session = published(&app, json!({"capacity": 1})).await;
        let first = registered(&app, &session, &other_member("bert")).await;
        let (_, gone) = contact(&app, "anna").await;
        let gone = registered(&app, &session, &gone).await;
        let left = registered(&app, &session, &merged(&person("emil"), &json!({"member": "bav"}))).await;
        let next = registered(&app, &session, &other_member("dora")).await;
        ask(&app, "UPDATE contact SET deleted_at = updated_at WHERE given_name = 'anna' RETURNING given_name").await;
        ask(&app, "UPDATE member SET status = 'left' WHERE utility_id = (SELECT id FROM utility WHERE slug = 'bav') RETURNING status").await;
        mails(&app).await;
        assert_eq!(office.get(&next).await.ok().json()["position"], 1);
        office.patch(&session, "*", &json!({"place": "Bremen"})).await.ok();
        let mut recipients = mails(&app).await;
        recipients.sort();
        assert_eq!(recipients, ["bert Geändert", "dora Geändert"]);
        office.post(&format!("{first}/transitions"), &json!({"to": "cancelled"})).await.ok();
        assert_eq!(status(&app, &next).await, "registered");
        assert_eq!((status(&app, &gone).await, status(&app, &left).await), (json!("waitlisted"), json!("waitlisted")));
        assert_eq!(mails(&app).await, ["bert Ihre Anmeldung ist storniert", "dora Sie haben einen Platz"]);
        office.post(&format!("{session}/transitions"), &json!({"to": "cancelled"})).await.ok();
        assert_eq!(mails(&app).await, ["dora Abgesagt"]);
    }

    async fn a_guest_on_the_agenda_cannot_be_deleted(app: TestApp) {
        let office = app.coordinator();
        let at = location(&create(&office, SESSIONS, &session("Zxq")).await);
        let guest = create(&office, &format!("{at}/guests"), &json!({"name": "Zxq Guest"})).await;
        let item = json!({"kind": "talk", "title": "Zxq", "duration_minutes": 10, "guest": guest.json()["id"]});
        let item = location(&create(&office, &format!("{at}/agenda"), &item).await);
        let problem = office.delete(&location(&guest), "*").await.problem(409, "has_dependents");
        assert_eq!(problem["dependents"][0]["resource"], "session", "{problem:#}");
        delete(&office, &item).await;
        delete(&office, &location(&guest)).await;
    }

    async fn contacts_of_a_member_that_has_left_are_hidden(app: TestApp) {
        let contacts = "/api/v1/members/hamburg-wasser/contacts";
        let consent = json!({"given_at": "2026-01-15T09:00:00Z", "text_version": "1"});
        let body = json!({"given_name": "Zxq", "family_name": "Zxq", "email": "d@zxq.example", "language": "de", "consents": {"directory": consent}});
        let path = location(&create(&app.coordinator(), contacts, &body).await);
        app.member().get(&path).await.ok();
        app.coordinator().post("/api/v1/members/hamburg-wasser/transitions", &json!({"to": "left"})).await.ok();
        app.member().get(&path).await.problem(404, "not_found");
        assert!(!app.member().get(contacts).await.ok().text().contains("d@zxq.example"));
        app.coordinator().get(&path).await.ok();
    }

    /// Every foreign key is checked when a row is deleted, or is listed here with the reason why not.
    async fn every_foreign_key_is_checked_before_deletion(app: TestApp) {
        let keys = match app.backend {
            Backend::Sqlite => {
                "SELECT m.name || '.' || f.\"from\" FROM sqlite_master m, pragma_foreign_key_list(m.name) f \
                 WHERE m.type = 'table' ORDER BY 1"
            }
            Backend::Postgres => {
                "SELECT k.table_name || '.' || k.column_name FROM information_schema.key_column_usage k \
                 JOIN information_schema.table_constraints t USING (constraint_schema, constraint_name) \
                 WHERE t.constraint_type = 'FOREIGN KEY' ORDER BY 1"
            }
        };
        let keys: BTreeSet<_> = ask(&app, keys).await.into_iter().collect();
        let known: BTreeSet<_> = vku_persistence::kernel::write::dependents::known_references().into_iter().collect();
        let free = [
            // Accounts, and what belongs to them, do not prevent the deletion of what they refer to.
            "account_utility.account_id", "account_utility.utility_id", "api_key.account_id", "import.account_id",
            "import_piece.import_id", "login.account_id", "password.user_id",
            // Calendar links and supports are read only together with their member or topic.
            "calendar_link.member_id", "support.member_id", "support.topic_id",
            // What belongs to a webhook stays with it, also while it is deleted.
            "webhook_delivery.webhook_id", "webhook_progress.webhook_id", "webhook_request.webhook_id",
        ];
        let unknown: Vec<_> = keys.iter().filter(|key| !known.contains(*key) && !free.contains(&key.as_str())).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
