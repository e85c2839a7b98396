//! Registrations: who may see and write which, and what they require.

use serde_json::{Value, json};

use super::{SESSIONS, published, session, transition};
use crate::api::fixtures::{create, location, merged};
use crate::harness::{TestApp, ask, on_both};

pub(crate) const DRESDEN: &str = "stadtentwaesserung-dresden";
pub(super) const HAMBURG: &str = "hamburg-wasser";

/// A registration of a person of Dresden, who attends online.
pub(crate) fn person(name: &str) -> Value {
    json!({
        "member": DRESDEN, "name": name, "email": format!("{name}@zxq.example"), "attendance": "online"
    })
}

/// Registers somebody. Returns the path and the body of the response.
pub(super) async fn registered(app: &TestApp, session: &str, body: &Value) -> (String, Value) {
    let answer = create(&app.coordinator(), &format!("{session}/registrations"), body).await;
    (location(&answer), answer.json())
}

on_both! {
    async fn closed_registration_states_the_reason(app: TestApp) {
        let office = app.coordinator();
        let draft = location(&create(&office, SESSIONS, &session("Zxq")).await);
        let past = published(&app, json!({"starts_on": "2020-06-12"})).await;
        let cancelled = published(&app, json!({})).await;
        transition(&app, &cancelled, "cancelled").await.ok();
        let over = published(&app, json!({"registration_closes_at": "2026-01-01T00:00:00Z"})).await;
        for (session, reason) in [
            (draft.as_str(), "not_published"),
            (past.as_str(), "begun"),
            (cancelled.as_str(), "cancelled"),
            (over.as_str(), "time_over"),
            ("/api/v1/sessions/kommunal-meets-global-2023", "held"),
        ] {
            let refused = office.post(&format!("{session}/registrations"), &person("a")).await;
            let problem = refused.problem(409, "registration_closed");
            assert!(problem["detail"].as_str().unwrap().contains(&format!("`{reason}`")), "{problem:#}");
        }
        app.member().post(&format!("{draft}/registrations"), &person("a")).await.problem(404, "not_found");
        let full = published(&app, json!({"capacity": 1, "waiting_list": false})).await;
        registered(&app, &full, &person("a")).await;
        office.post(&format!("{full}/registrations"), &person("b")).await.problem(409, "session_full");
        let state = office.get(&full).await.ok().json()["registration_state"].clone();
        assert_eq!(state, json!({"state": "closed", "reason": "full"}));
    }

    async fn nobody_can_be_registered_twice(app: TestApp) {
        let (office, session) = (app.coordinator(), published(&app, json!({})).await);
        let list = format!("{session}/registrations");
        registered(&app, &session, &person("a")).await;
        let again = merged(&person("a"), &json!({"email": "A@ZXQ.example", "name": "Somebody else"}));
        office.post(&list, &again).await.problem(409, "already_registered");
        let contacts = format!("/api/v1/members/{DRESDEN}/contacts");
        let contact = json!({"given_name": "A", "family_name": "B", "email": "a@zxq.example", "language": "en"});
        let contact = create(&office, &contacts, &contact).await.json();
        let known = json!({"member": DRESDEN, "contact": contact["id"], "attendance": "online"});
        office.post(&list, &known).await.problem(409, "already_registered");
        // The office gets this conflict across members. A member does not learn who is registered for another.
        let other = merged(&again, &json!({"member": HAMBURG}));
        office.post(&list, &other).await.problem(409, "already_registered");
        let (path, _) = registered(&app, &session, &person("c")).await;
        office.patch(&path, "*", &json!({"email": "a@zxq.example"})).await.problem(409, "already_registered");
    }

    async fn a_member_may_change_registrations_while_registration_is_open(app: TestApp) {
        let (office, member) = (app.coordinator(), app.member());
        app.clock.stop();
        let session = published(&app, json!({"capacity": 1})).await;
        let list = format!("{session}/registrations");
        let (first, _) = registered(&app, &session, &person("a")).await;
        member.post(&list, &person("a")).await.problem(409, "already_registered");
        let (second, _) = registered(&app, &session, &person("b")).await;
        // Replacing the person keeps the place in the queue, and both get an e-mail.
        for (path, name) in [(&first, "c"), (&second, "d")] {
            let other = json!({"name": name, "email": format!("{name}@zxq.example")});
            member.patch(path, "*", &other).await.ok();
        }
        assert_eq!(member.get(&second).await.ok().json()["position"], 1);
        let mails = ask(&app, "SELECT \"to\" || ' ' || subject FROM mail ORDER BY id").await;
        let mails: Vec<_> = mails.iter().map(|mail| mail.replace("@zxq.example", "").replace(": Zxq", "")).collect();
        assert_eq!(mails, [
            "a Sie sind angemeldet", "b Auf der Warteliste", "a Ihre Anmeldung ist storniert", "c Sie sind angemeldet",
            "b Ihre Anmeldung ist storniert", "d Auf der Warteliste",
        ]);
        office.patch(&session, "*", &json!({"registration_closes_at": app.store.now()})).await.ok();
        for change in [json!({"name": "e"}), json!({"attendance": "in_person"})] {
            member.patch(&first, "*", &change).await.problem(409, "registration_closed");
        }
        office.patch(&first, "*", &json!({"name": "e"})).await.ok();
    }

    async fn a_registration_needs_a_contact_of_its_own_member(app: TestApp) {
        let (office, session) = (app.coordinator(), published(&app, json!({})).await);
        let list = format!("{session}/registrations");
        let body = json!({"given_name": "Ada", "family_name": "Byron", "email": "ada@zxq.example", "language": "en"});
        let mine = create(&office, &format!("/api/v1/members/{DRESDEN}/contacts"), &body).await.json();
        let theirs = create(&office, &format!("/api/v1/members/{HAMBURG}/contacts"), &body).await.json();
        let with = |contact: &Value| json!({"member": DRESDEN, "contact": contact, "attendance": "online"});
        for caller in [app.member(), office.clone()] {
            for contact in [&theirs["id"], &json!("0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a80"), &json!("nobody")] {
                let refused = caller.post(&list, &with(contact)).await;
                assert_eq!(refused.faults(422, "validation_failed"), ["/contact unknown_reference"]);
            }
        }
        let (path, made) = registered(&app, &session, &with(&mine["id"])).await;
        assert_eq!(made["contact"], json!({"id": mine["id"]}));
        assert_eq!(made["person"], json!({"name": "Ada Byron", "email": "ada@zxq.example", "language": "en"}));
        let read = app.member().get(&path).await.ok().json();
        assert_eq!(app.member().patch(&path, "*", &read).await.ok().json(), read);
        for (body, faults) in [
            (json!({"member": DRESDEN, "attendance": "online"}), &["/email required", "/name required"][..]),
            (merged(&with(&mine["id"]), &json!({"name": "Ada"})), &["/name one_of"]),
            (merged(&person("x"), &json!({"email": "x@y\r\nBcc: z@y.example"})), &["/email invalid_format"]),
            (merged(&person("x"), &json!({"attendance": "phone"})), &["/attendance unknown_value"]),
            (merged(&person("x"), &json!({"member": "zxq"})), &["/member unknown_reference"]),
            (merged(&person("x"), &json!({"position": 1})), &["/position read_only"]),
        ] {
            assert_eq!(office.post(&list, &body).await.faults(422, "validation_failed"), faults, "{body}");
        }
        let moved = office.patch(&path, "*", &json!({"member": HAMBURG})).await;
        assert!(moved.faults(422, "validation_failed").contains(&"/member fixed".to_owned()));
    }

    async fn members_see_and_write_only_their_own_registrations(app: TestApp) {
        let (office, member) = (app.coordinator(), app.member());
        let session = published(&app, json!({"online_url": "https://meet.example/zxqlink", "capacity": 1})).await;
        let list = format!("{session}/registrations");
        let theirs = merged(&person("theirs"), &json!({"member": HAMBURG}));
        let refused = member.post(&list, &theirs).await;
        assert_eq!(refused.faults(403, "forbidden"), ["/member not_writable"]);
        let named = merged(&person("mine"), &json!({"status": "attended"}));
        assert_eq!(member.post(&list, &named).await.faults(403, "forbidden"), ["/status not_writable"]);
        let (other, _) = registered(&app, &session, &theirs).await;
        let mine = location(&create(&member, &list, &person("mine")).await);
        assert_eq!(member.get(&mine).await.ok().json()["position"], 1);
        assert_eq!(member.get(&format!("{list}?count=true")).await.ok().json()["total"], 1);
        for to in ["cancelled", "attended"] {
            member.post(&format!("{other}/transitions"), &json!({"to": to})).await.problem(404, "not_found");
        }
        member.get(&other).await.problem(404, "not_found");
        member.get(&format!("{other}/history")).await.problem(404, "not_found");
        for caller in [app.reader(), app.partner()] {
            caller.get(&list).await.problem(403, "forbidden");
        }
        app.anonymous().get(&list).await.problem(401, "unauthenticated");
        // The link is for members with a seat, not for those that wait.
        assert_eq!(member.get(&session).await.ok().json().get("online_url"), None);
        transition(&app, &other, "cancelled").await.ok();
        assert_eq!(member.get(&mine).await.ok().json()["status"], "registered");
        assert_eq!(member.get(&session).await.ok().json()["online_url"], "https://meet.example/zxqlink");
        office.patch(&session, "*", &json!({"visibility": "internal"})).await.ok();
        member.get(&session).await.ok();
        app.reader().get(&session).await.problem(404, "not_found");
        let allowed = member.get(&format!("{mine}/transitions")).await.ok().json();
        assert_eq!(allowed["allowed"], json!(["cancelled"]));
        member.post(&format!("{mine}/transitions"), &json!({"to": "no_show"})).await.problem(403, "forbidden");
        member.post(&format!("{mine}/transitions"), &json!({"to": "cancelled"})).await.ok();
        member.get(&session).await.problem(404, "not_found");
        member.delete(&mine, "*").await.problem(403, "forbidden");
    }

    async fn a_member_that_has_left_cannot_register_anybody(app: TestApp) {
        let (office, member) = (app.coordinator(), app.member());
        let session = published(&app, json!({})).await;
        let list = format!("{session}/registrations");
        let mine = location(&create(&member, &list, &person("mine")).await);
        transition(&app, &mine, "cancelled").await.ok();
        office.post("/api/v1/members/stadtentwaesserung-dresden/transitions", &json!({"to": "left"})).await.ok();
        for caller in [&member, &office] {
            let refused = caller.post(&list, &person("other")).await;
            assert_eq!(refused.faults(422, "validation_failed"), ["/member member_left"]);
        }
    }

    async fn attendance_is_recorded_only_after_the_start(app: TestApp) {
        let office = app.coordinator();
        app.clock.stop();
        let start = app.store.now() + chrono::TimeDelta::minutes(2);
        let soon = json!({
            "starts_on": start.date_naive(), "start_time": start.format("%H:%M").to_string(), "time_zone": "UTC",
            "ends_on": start.date_naive() + chrono::Days::new(1)
        });
        let session = published(&app, soon).await;
        let (came, _) = registered(&app, &session, &person("a")).await;
        let (stayed, _) = registered(&app, &session, &person("b")).await;
        let allowed = async |path: &str| {
            office.get(&format!("{path}/transitions")).await.ok().json()["allowed"].clone()
        };
        for to in ["attended", "no_show"] {
            transition(&app, &came, to).await.problem(409, "session_not_begun");
        }
        assert_eq!(allowed(&came).await, json!(["cancelled"]));
        let walk_in = merged(&person("c"), &json!({"status": "attended"}));
        office.post(&format!("{session}/registrations"), &walk_in).await.problem(409, "session_not_begun");
        let full = json!({"capacity": 2});
        office.patch(&session, "*", &full).await.ok();
        let (waited, _) = registered(&app, &session, &person("w")).await;
        let (surprise, _) = registered(&app, &session, &person("v")).await;
        assert_eq!(allowed(&waited).await, json!(["cancelled"]));
        app.clock.advance(chrono::TimeDelta::minutes(3));
        assert_eq!(allowed(&came).await, json!(["attended", "no_show"]));
        assert_eq!(allowed(&waited).await, json!(["cancelled", "attended"]));
        let own = app.member().get(&format!("{waited}/transitions")).await.ok().json()["allowed"].clone();
        assert_eq!(own, json!(["cancelled"]));
        app.member().post(&format!("{surprise}/transitions"), &json!({"to": "attended"})).await.problem(403, "forbidden");
        transition(&app, &surprise, "attended").await.ok();
        let sent = ask(&app, "SELECT subject FROM mail").await.len();
        transition(&app, &waited, "cancelled").await.ok();
        assert_eq!(ask(&app, "SELECT subject FROM mail").await.len(), sent, "too late to be news");
        office.patch(&session, "*", &json!({"capacity": null})).await.ok();
        transition(&app, &came, "attended").await.ok();
        transition(&app, &stayed, "no_show").await.ok();
        transition(&app, &stayed, "cancelled").await.problem(409, "transition_not_allowed");
        registered(&app, &session, &walk_in).await;
        assert_eq!(office.get(&session).await.ok().json()["counts"], json!({"registered": 4, "waitlisted": 0, "attended": 3}));
        transition(&app, &came, "no_show").await.ok();
        assert_eq!(office.get(&session).await.ok().json()["counts"]["attended"], 2);
    }

    async fn the_log_has_no_personal_data_of_registrations(app: TestApp) {
        let session = published(&app, json!({})).await;
        let (path, _) = registered(&app, &session, &person("zxqperson")).await;
        transition(&app, &path, "cancelled").await.ok();
        let operator = vku_domain::kernel::access::actor::Actor::operator(app.store.now());
        let changes = app.store.changes_after(&operator, 0, 100_000).await.unwrap();
        let its: Vec<_> = changes.iter().filter(|change| change.resource == "registration").collect();
        assert_eq!(its.len(), 2);
        assert!(its.iter().all(|change| !change.state.to_string().contains("zxqperson")), "{its:?}");
    }
}
