//! The request bodies and the targets of the policy table.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::api::fixtures::bodies::{
    contact, municipal_utility, part, partner_utility, partnership, policy_update, topic,
};
use crate::api::interests::{INTERESTS, confirmed, interest, mail_to};
use crate::api::sessions::registrations::person;
use crate::api::sessions::{SESSIONS, session};
use crate::api::visibility::hidden::{DRESDEN, HAMBURG, LVIV, OWN, PUBLIC, create_resource, text, with};
use crate::harness::TestApp;

/// The request body of an operation, if it needs one.
pub(super) fn body(operation: &str, target: &str) -> Option<Value> {
    let password = if target == "right" { "demo-partnerships" } else { "wrong-partnerships" };
    let lead = if target == "own" { DRESDEN } else { HAMBURG };
    Some(match operation {
        "create_access_token" => json!({ "email": "reader@demo.example", "password": password }),
        "refresh_access_token" | "end_login" => json!({ "refresh_token": "zxq" }),
        "change_password" => json!({ "current_password": password, "new_password": "correct horse battery" }),
        "create_api_key" => json!({ "name": "Zxq", "scopes": ["utilities:read"] }),
        "create_partnership" => partnership("Zxq", lead, LVIV, "members"),
        "create_partnership_funding" => json!({ "kind": "own_contribution" }),
        "create_partnership_activity" => part("activities", "Zxq"),
        "create_partnership_result" => part("results", "Zxq"),
        "create_partnership_document" => part("documents", "Zxq"),
        "create_utility" => partner_utility("Zxq", "members"),
        "create_session" => session("Zxq"),
        "create_session_agenda_item" => json!({ "kind": "break", "title": "Zxq", "duration_minutes": 5 }),
        "create_session_guest" => json!({ "name": "Zxq" }),
        "create_session_registration" => person("zxqnew"),
        "create_session_minutes" => json!({ "text": { "de": "Zxq" } }),
        "update_session_agenda_item" => json!({ "duration_minutes": 6 }),
        "update_session_guest" => json!({ "function": "Zxq" }),
        "update_session_registration" => json!({ "name": "Zxq" }),
        "update_session_minutes" => json!({ "decisions": [{ "de": "Zxq" }] }),
        "transition_session_guest" => json!({ "to": "declined" }),
        "transition_session_registration" => json!({ "to": "cancelled" }),
        "transition_session_minutes" => json!({ "to": "published" }),
        "update_session" => json!({ "place": "Zxq" }),
        "transition_session" => json!({ "to": if target == "draft" { "published" } else { "cancelled" } }),
        "create_organisation" => json!({ "name": "Zxq", "kind": "ngo" }),
        "create_funding_programme" => json!({ "name": "Zxq", "kind": "grant" }),
        "create_topic" => topic("Zxq", lead),
        "update_topic" => json!({ "sectors": ["waste"] }),
        "transition_topic" => json!({ "to": "scheduled" }),
        "create_policy_update" => policy_update("Zxq"),
        "update_policy_update" => json!({ "level": "state" }),
        "create_working_area" => json!({ "label": { "de": "Zxq", "en": "Zxq" } }),
        "update_partnership" => json!({ "summary": { "de": "Zxq" } }),
        "update_partnership_funding" => json!({ "from": "2019" }),
        "update_partnership_activity" => json!({ "ends_on": "2031-01-02" }),
        "update_partnership_result" => json!({ "values": [{ "on": "2024-01-01", "value": "1.5" }] }),
        "update_partnership_document" => json!({ "kind": "other" }),
        "update_utility" => json!({ "legal_form": "Zxq" }),
        "update_organisation" => json!({ "aliases": ["Zxq"] }),
        "update_funding_programme" => json!({ "url": "https://zxq.example" }),
        "create_user" => json!({ "email": "zxq.new@zxq.example", "name": "Zxq", "role": "reader" }),
        "update_user" => json!({ "disabled": true }),
        "set_user_password" => json!({ "password": "correct horse battery" }),
        "create_import" => json!([{ "name": "Zxq", "kind": "ngo" }]),
        "commit_import" => json!({ "plan_token": "zxq" }),
        "create_member" => json!({ "utility": "harzwasserwerke" }),
        "update_member" => json!({ "interests": { "sectors": ["water"] } }),
        "transition_member" => json!({ "to": "paused" }),
        "create_member_contact" => contact("zxq", false),
        "update_member_contact" => json!({ "function": "Zxq" }),
        // Password resets are limited to three a day for each address.
        "request_password_reset" => {
            json!({ "email": format!("{}@zxq.example", uuid::Uuid::now_v7().simple()) })
        }
        "complete_password_reset" => json!({ "token": "zxq", "new_password": "correct horse battery" }),
        "create_interest_registration" => interest("Zxqnew"),
        "confirm_interest_registration" => json!({ "token": "zxq" }),
        "update_interest_registration" => json!({ "city": "Zxq" }),
        "accept_interest_registration" => json!({}),
        "decline_interest_registration" => json!({ "reason": "Zxq" }),
        "update_working_area" => json!({ "label": { "fr": "Zxq" } }),
        "transition_partnership" => json!({ "to": "suspended" }),
        _ => return None,
    })
}

/// The parts of a partnership: kind, kind of a deleted one, and collection.
const PARTS: [(&str, &str, &str); 4] = [
    ("funding", "deleted funding", "funding"),
    ("activity", "deleted activity", "activities"),
    ("result", "deleted result", "results"),
    ("document", "deleted document", "documents"),
];

/// The keys of the targets, by kind and target.
pub(super) type Places = HashMap<(&'static str, &'static str), String>;

/// Creates the targets that the demo data lacks, such as hidden, idle and deleted resources.
pub(super) async fn places(app: &TestApp) -> Places {
    let mut places = Places::new();
    let utilities = "/api/v1/utilities";
    for visibility in ["members", "internal"] {
        let utility =
            create_resource(app, utilities, partner_utility(&format!("Zxq {visibility}"), visibility)).await;
        places.insert(("utility", visibility), text(&utility, "id"));
    }
    let peer = create_resource(app, utilities, partner_utility("Zxq peer", "internal")).await;
    places.insert(("utility", "own internal"), text(&peer, "id"));
    for (target, lead, partner, visibility) in [
        ("members", HAMBURG, places[&("utility", "members")].clone(), "members"),
        ("internal", HAMBURG, places[&("utility", "internal")].clone(), "internal"),
        ("own internal", DRESDEN, text(&peer, "id"), "internal"),
        ("deleted", DRESDEN, LVIV.to_owned(), "public"),
    ] {
        let mut body = partnership(&format!("Zxq {target}"), lead, &partner, visibility);
        let lviv = json!({ "role": "supporting", "party": { "utility": LVIV } });
        if target == "own internal" {
            body["participants"].as_array_mut().unwrap().push(lviv);
        }
        let made = create_resource(app, "/api/v1/partnerships", body).await;
        places.insert(("partnership", target), text(&made, "id"));
    }
    places.insert(("partnership", "own"), OWN.into());
    places.insert(("partnership", "others"), PUBLIC.into());
    for (kind, deleted, collection) in PARTS {
        for target in ["own", "others", "own internal", "members", "internal"] {
            let path = format!("/api/v1/partnerships/{}/{collection}", places[&("partnership", target)]);
            places.insert(
                (kind, target),
                text(&create_resource(app, &path, part(collection, "Zxq")).await, "id"),
            );
        }
        let path = format!("/api/v1/partnerships/{}/{collection}", places[&("partnership", "own")]);
        let gone = text(&create_resource(app, &path, part(collection, "Zxq")).await, "id");
        app.coordinator().delete(&format!("{path}/{gone}"), "*").await.expect(204);
        places.insert((deleted, "own"), gone);
    }
    for (target, key) in [("dresden", DRESDEN), ("lviv", LVIV), ("others", HAMBURG)] {
        places.insert(("utility", target), key.into());
    }
    places.insert(("organisation", "others"), "bmz".into());
    places.insert(("funding_programme", "others"), "betreiberplattform-2024-2027".into());
    plant_members(app, &mut places).await;
    for (target, member) in
        [("own", "own"), ("others", "others"), ("internal", "internal"), ("deleted", "others")]
    {
        let body = topic("Zxq", &places[&("member", member)]);
        let made = create_resource(app, "/api/v1/topics", body).await;
        places.insert(("topic", target), text(&made, "id"));
    }
    for target in ["others", "idle", "deleted"] {
        let made = create_resource(app, "/api/v1/policy-updates", policy_update("Zxq")).await;
        places.insert(("policy_update", target), text(&made, "id"));
    }
    plant_sessions(app, &mut places).await;
    for target in ["person", "deleted"] {
        let body = json!({ "email": format!("{target}@zxq.example"), "name": "Zxq", "role": "reader" });
        let user = text(&app.admin().post("/api/v1/users", &body).await.expect(201).json(), "id");
        places.insert(("user", target), user);
    }
    let deleted = format!("/api/v1/users/{}", places[&("user", "deleted")]);
    app.admin().delete(&deleted, "*").await.expect(204);
    for target in ["any", "deleted"] {
        let registration = confirmed(app, &interest(&format!("Zxq{target}"))).await;
        places.insert(("interest", target), text(&registration, "id"));
    }
    let deleted = format!("{INTERESTS}/{}", places[&("interest", "deleted")]);
    app.coordinator().delete(&deleted, "*").await.expect(204);
    places.insert(("mail", "any"), text(&mail_to(app, "zxqany@zxq.example").await, "id"));
    places.insert(("working_area", "others"), "composting".into());
    let rows = json!([{ "name": "Zxq", "kind": "ngo" }]);
    let path = "/api/v1/imports?resource=organisations&dry_run=true";
    let import = text(&app.coordinator().post(path, &rows).await.expect(202).json(), "id");
    crate::api::imports::ended(&app.coordinator(), &import).await;
    places.insert(("import", "others"), import);
    for target in ["idle", "deleted"] {
        for (kind, path, body) in [
            ("utility", utilities, municipal_utility(&format!("Zxq {target}"), "public")),
            ("organisation", "/api/v1/organisations", json!({ "name": "Zxq", "kind": "ngo" })),
            ("funding_programme", "/api/v1/funding-programmes", json!({ "name": "Zxq", "kind": "grant" })),
            (
                "working_area",
                "/api/v1/reference/working-areas",
                json!({ "label": { "de": "Zxq", "en": "Zxq" } }),
            ),
        ] {
            let made =
                create_resource(app, path, with(body, json!({ "slug": format!("zxq-{target}") }))).await;
            places.insert((kind, target), text(&made, "id"));
        }
    }
    for (collection, kind) in [
        ("utilities", "utility"),
        ("organisations", "organisation"),
        ("funding-programmes", "funding_programme"),
        ("partnerships", "partnership"),
        ("policy-updates", "policy_update"),
        ("topics", "topic"),
        ("reference/working-areas", "working_area"),
    ] {
        let path = format!("/api/v1/{collection}/{}", places[&(kind, "deleted")]);
        app.coordinator().delete(&path, "*").await.expect(204);
    }
    places
}

/// Creates the session targets and their parts.
async fn plant_sessions(app: &TestApp, places: &mut Places) {
    for (target, more) in [
        ("others", json!({ "status": "published" })),
        ("draft", json!({})),
        ("members", json!({ "status": "published", "visibility": "members" })),
        ("internal", json!({ "status": "published", "visibility": "internal" })),
        ("deleted", json!({ "status": "published" })),
    ] {
        let made = create_resource(app, SESSIONS, with(session(&format!("Zxq {target}")), more)).await;
        places.insert(("session", target), text(&made, "id"));
    }
    let deleted = format!("{SESSIONS}/{}", places[&("session", "deleted")]);
    app.coordinator().delete(&deleted, "*").await.expect(204);
    for target in ["held", "unwritten"] {
        let more = json!({ "status": "held", "starts_on": "2020-06-12" });
        let made = create_resource(app, SESSIONS, with(session(&format!("Zxq {target}")), more)).await;
        places.insert(("session", target), text(&made, "id"));
    }
    for target in ["upcoming", "mine", "theirs"] {
        places.insert(("session", target), places[&("session", "others")].clone());
    }
    let item = json!({ "kind": "talk", "title": "Zxq", "duration_minutes": 5 });
    let guest = json!({ "name": "Zxq", "status": "confirmed" });
    let theirs = with(person("zxqtheirs"), json!({ "member": HAMBURG }));
    let minutes = json!({ "text": { "de": "Zxq" } });
    for (kind, path, target, body) in [
        ("agenda_item", "agenda", "others", item.clone()),
        ("agenda_item", "agenda", "draft", item.clone()),
        ("guest", "guests", "others", guest.clone()),
        ("guest", "guests", "draft", guest.clone()),
        ("registration", "registrations", "mine", person("zxqmine")),
        ("registration", "registrations", "theirs", theirs),
        ("deleted agenda_item", "agenda", "others", item),
        ("deleted guest", "guests", "others", guest),
        ("deleted minutes", "minutes", "held", minutes.clone()),
        ("minutes", "minutes", "held", minutes),
    ] {
        let path = format!("{SESSIONS}/{}/{path}", places[&("session", target)]);
        let made = text(&create_resource(app, &path, body).await, "id");
        if kind.starts_with("deleted") {
            app.coordinator().delete(&format!("{path}/{made}"), "*").await.expect(204);
        }
        places.insert((kind, target), made);
    }
}

/// Creates the member targets and their contacts, who have agreed to be listed in the directory or not.
async fn plant_members(app: &TestApp, places: &mut Places) {
    for (target, key) in [("own", DRESDEN), ("others", HAMBURG), ("silent", HAMBURG)] {
        places.insert(("member", target), key.into());
    }
    let internal =
        create_resource(app, "/api/v1/utilities", municipal_utility("Zxq member", "internal")).await;
    for (target, utility, status) in [
        ("paused", "stadtwerke-norderstedt".to_owned(), "paused"),
        ("internal", text(&internal, "id"), "active"),
    ] {
        let body = json!({ "utility": utility, "status": status });
        places.insert(("member", target), text(&create_resource(app, "/api/v1/members", body).await, "id"));
    }
    for target in ["idle", "deleted"] {
        let utility =
            create_resource(app, "/api/v1/utilities", municipal_utility("Zxq member", "public")).await;
        let made = create_resource(app, "/api/v1/members", json!({ "utility": utility["id"] })).await;
        places.insert(("member", target), text(&made, "id"));
    }
    let deleted = format!("/api/v1/members/{}", places[&("member", "deleted")]);
    app.coordinator().delete(&deleted, "*").await.expect(204);
    for target in ["own", "others", "silent", "paused", "internal"] {
        let path = format!("/api/v1/members/{}/contacts", places[&("member", target)]);
        let person = create_resource(app, &path, contact("zxq", target != "silent")).await;
        places.insert(("contact", target), text(&person, "id"));
    }
    let path = format!("/api/v1/members/{DRESDEN}/contacts");
    let person = text(&create_resource(app, &path, contact("zxq", true)).await, "id");
    app.coordinator().delete(&format!("{path}/{person}"), "*").await.expect(204);
    places.insert(("deleted contact", "own"), person);
}
