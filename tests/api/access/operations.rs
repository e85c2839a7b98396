//! The request bodies and the targets of the policy table.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::api::fixtures::FIXTURES;
use crate::api::fixtures::bodies::{
    contact, municipal_utility, partner_utility, partnership, sub_resource, topic, with,
};
use crate::api::interests::{INTERESTS, confirmed, interest, mail_to};
use crate::api::sessions::registrations::person;
use crate::api::sessions::{SESSIONS, session};
use crate::api::visibility::hidden::{DRESDEN, HAMBURG, LVIV, OWN, PUBLIC, create_resource, text};
use crate::harness::TestApp;

/// The request body of an operation, if it needs one.
pub(super) fn body(operation: &str, target: &str) -> Option<Value> {
    let password = if target == "right" { "demo-partnerships" } else { "wrong-partnerships" };
    if let Some(body) = FIXTURES.iter().find_map(|it| it.body_of(operation, target)) {
        return Some(body);
    }
    Some(match operation {
        "create_access_token" => json!({ "email": "reader@demo.example", "password": password }),
        "refresh_access_token" | "end_login" => json!({ "refresh_token": "zxq" }),
        "change_password" => json!({ "current_password": password, "new_password": "correct horse battery" }),
        "create_api_key" => json!({ "name": "Zxq", "scopes": ["utilities:read"] }),
        "set_user_password" => json!({ "password": "correct horse battery" }),
        "create_import" => json!([{ "name": "Zxq", "kind": "ngo" }]),
        "commit_import" => json!({ "plan_token": "zxq" }),
        // Password resets are limited to three a day for each address.
        "request_password_reset" => {
            json!({ "email": format!("{}@zxq.example", uuid::Uuid::now_v7().simple()) })
        }
        "complete_password_reset" => json!({ "token": "zxq", "new_password": "correct horse battery" }),
        "confirm_interest_registration" => json!({ "token": "zxq" }),
        "accept_interest_registration" => json!({}),
        "replay_webhook" => json!({ "since": "2020-01-01T00:00:00Z" }),
        "decline_interest_registration" => json!({ "reason": "Zxq" }),
        _ => return None,
    })
}

/// The sub-resources of a partnership: kind and collection.
const PARTS: [(&str, &str); 4] = [
    ("partnership_funding", "funding"),
    ("partnership_activity", "activities"),
    ("partnership_result", "results"),
    ("partnership_document", "documents"),
];

/// The target of restoring a sub-resource, which is below the parent that the policy table names.
pub(super) const DELETED_SUB_RESOURCE: &str = "deleted sub-resource";

/// The keys of the targets, by the name of the fixture and target.
pub(super) type TargetKeys = HashMap<(&'static str, &'static str), String>;

/// Creates the targets that the demo data lacks, such as hidden, idle and deleted resources.
pub(super) async fn create_targets(app: &TestApp) -> TargetKeys {
    let mut keys = TargetKeys::new();
    let utilities = "/api/v1/utilities";
    for visibility in ["members", "internal"] {
        let utility =
            create_resource(app, utilities, partner_utility(&format!("Zxq {visibility}"), visibility)).await;
        keys.insert(("utility", visibility), text(&utility, "id"));
    }
    let peer = create_resource(app, utilities, partner_utility("Zxq peer", "internal")).await;
    keys.insert(("utility", "own internal"), text(&peer, "id"));
    for (target, lead, partner, visibility) in [
        ("members", HAMBURG, keys[&("utility", "members")].clone(), "members"),
        ("internal", HAMBURG, keys[&("utility", "internal")].clone(), "internal"),
        ("own internal", DRESDEN, text(&peer, "id"), "internal"),
        ("deleted", DRESDEN, LVIV.to_owned(), "public"),
    ] {
        let mut body = partnership(&format!("Zxq {target}"), lead, &partner, visibility);
        let lviv = json!({ "role": "supporting", "party": { "utility": LVIV } });
        if target == "own internal" {
            body["participants"].as_array_mut().unwrap().push(lviv);
        }
        let made = create_resource(app, "/api/v1/partnerships", body).await;
        keys.insert(("partnership", target), text(&made, "id"));
    }
    keys.insert(("partnership", "own"), OWN.into());
    keys.insert(("partnership", "others"), PUBLIC.into());
    for (kind, collection) in PARTS {
        for target in ["own", "others", "own internal", "members", "internal"] {
            let path = format!("/api/v1/partnerships/{}/{collection}", keys[&("partnership", target)]);
            keys.insert(
                (kind, target),
                text(&create_resource(app, &path, sub_resource(collection, "Zxq")).await, "id"),
            );
        }
        let path = format!("/api/v1/partnerships/{}/{collection}", keys[&("partnership", "own")]);
        let gone = text(&create_resource(app, &path, sub_resource(collection, "Zxq")).await, "id");
        app.coordinator().delete(&format!("{path}/{gone}"), "*").await.expect(204);
        keys.insert((kind, DELETED_SUB_RESOURCE), gone);
    }
    for (target, key) in [("dresden", DRESDEN), ("lviv", LVIV), ("others", HAMBURG)] {
        keys.insert(("utility", target), key.into());
    }
    keys.insert(("organisation", "others"), "bmz".into());
    keys.insert(("funding_programme", "others"), "betreiberplattform-2024-2027".into());
    create_members(app, &mut keys).await;
    for (target, member) in
        [("own", "own"), ("others", "others"), ("internal", "internal"), ("deleted", "others")]
    {
        let body = topic("Zxq", &keys[&("member", member)]);
        let made = create_resource(app, "/api/v1/topics", body).await;
        keys.insert(("topic", target), text(&made, "id"));
    }
    create_sessions(app, &mut keys).await;
    for target in ["person", "deleted"] {
        let body = json!({ "email": format!("{target}@zxq.example"), "name": "Zxq", "role": "reader" });
        let user = text(&app.admin().post("/api/v1/users", &body).await.expect(201).json(), "id");
        keys.insert(("user", target), user);
    }
    let deleted = format!("/api/v1/users/{}", keys[&("user", "deleted")]);
    app.admin().delete(&deleted, "*").await.expect(204);
    for target in ["any", "deleted"] {
        let registration = confirmed(app, &interest(&format!("Zxq{target}"))).await;
        keys.insert(("interest_registration", target), text(&registration, "id"));
    }
    let deleted = format!("{INTERESTS}/{}", keys[&("interest_registration", "deleted")]);
    app.coordinator().delete(&deleted, "*").await.expect(204);
    keys.insert(("mail", "any"), text(&mail_to(app, "zxqany@zxq.example").await, "id"));
    keys.insert(("working_area", "others"), "composting".into());
    let rows = json!([{ "name": "Zxq", "kind": "ngo" }]);
    let path = "/api/v1/imports?resource=organisations&dry_run=true";
    let import = text(&app.coordinator().post(path, &rows).await.expect(202).json(), "id");
    crate::api::imports::ended(&app.coordinator(), &import).await;
    keys.insert(("import", "others"), import);
    for fixture in FIXTURES {
        for target in fixture.created_targets {
            let body = (fixture.target_body)(target);
            let made = text(&create_resource(app, fixture.path, body).await, "id");
            if *target == "deleted" {
                app.coordinator().delete(&format!("{}/{made}", fixture.path), "*").await.expect(204);
            }
            keys.insert((fixture.name, *target), made);
        }
    }
    for (collection, kind) in [("partnerships", "partnership"), ("topics", "topic")] {
        let path = format!("/api/v1/{collection}/{}", keys[&(kind, "deleted")]);
        app.coordinator().delete(&path, "*").await.expect(204);
    }
    keys
}

/// Creates the session targets and their sub-resources.
async fn create_sessions(app: &TestApp, keys: &mut TargetKeys) {
    for (target, more) in [
        ("others", json!({ "status": "published" })),
        ("draft", json!({})),
        ("members", json!({ "status": "published", "visibility": "members" })),
        ("internal", json!({ "status": "published", "visibility": "internal" })),
        ("deleted", json!({ "status": "published" })),
    ] {
        let made = create_resource(app, SESSIONS, with(session(&format!("Zxq {target}")), more)).await;
        keys.insert(("session", target), text(&made, "id"));
    }
    let deleted = format!("{SESSIONS}/{}", keys[&("session", "deleted")]);
    app.coordinator().delete(&deleted, "*").await.expect(204);
    for target in ["held", "unwritten"] {
        let more = json!({ "status": "held", "starts_on": "2020-06-12" });
        let made = create_resource(app, SESSIONS, with(session(&format!("Zxq {target}")), more)).await;
        keys.insert(("session", target), text(&made, "id"));
    }
    for target in ["upcoming", "mine", "theirs"] {
        keys.insert(("session", target), keys[&("session", "others")].clone());
    }
    let item = json!({ "kind": "talk", "title": "Zxq", "duration_minutes": 5 });
    let guest = json!({ "name": "Zxq", "status": "confirmed" });
    let theirs = with(person("zxqtheirs"), json!({ "member": HAMBURG }));
    let minutes = json!({ "text": { "de": "Zxq" } });
    for (kind, path, target, body) in [
        ("session_agenda_item", "agenda", "others", item.clone()),
        ("session_agenda_item", "agenda", "draft", item.clone()),
        ("session_guest", "guests", "others", guest.clone()),
        ("session_guest", "guests", "draft", guest.clone()),
        ("session_registration", "registrations", "mine", person("zxqmine")),
        ("session_registration", "registrations", "theirs", theirs),
        ("deleted session_agenda_item", "agenda", "others", item),
        ("deleted session_guest", "guests", "others", guest),
        ("deleted session_minutes", "minutes", "held", minutes.clone()),
        ("session_minutes", "minutes", "held", minutes),
    ] {
        let path = format!("{SESSIONS}/{}/{path}", keys[&("session", target)]);
        let made = text(&create_resource(app, &path, body).await, "id");
        match kind.strip_prefix("deleted ") {
            Some(kind) => {
                app.coordinator().delete(&format!("{path}/{made}"), "*").await.expect(204);
                keys.insert((kind, DELETED_SUB_RESOURCE), made);
            }
            None => {
                keys.insert((kind, target), made);
            }
        }
    }
}

/// Creates the member targets and their contacts, who have agreed to be listed in the directory or not.
async fn create_members(app: &TestApp, keys: &mut TargetKeys) {
    for (target, key) in [("own", DRESDEN), ("others", HAMBURG), ("silent", HAMBURG)] {
        keys.insert(("member", target), key.into());
    }
    let internal =
        create_resource(app, "/api/v1/utilities", municipal_utility("Zxq member", "internal")).await;
    for (target, utility, status) in [
        ("paused", "stadtwerke-norderstedt".to_owned(), "paused"),
        ("internal", text(&internal, "id"), "active"),
    ] {
        let body = json!({ "utility": utility, "status": status });
        keys.insert(("member", target), text(&create_resource(app, "/api/v1/members", body).await, "id"));
    }
    for target in ["idle", "deleted"] {
        let utility =
            create_resource(app, "/api/v1/utilities", municipal_utility("Zxq member", "public")).await;
        let made = create_resource(app, "/api/v1/members", json!({ "utility": utility["id"] })).await;
        keys.insert(("member", target), text(&made, "id"));
    }
    let deleted = format!("/api/v1/members/{}", keys[&("member", "deleted")]);
    app.coordinator().delete(&deleted, "*").await.expect(204);
    for target in ["own", "others", "silent", "paused", "internal"] {
        let path = format!("/api/v1/members/{}/contacts", keys[&("member", target)]);
        let person = create_resource(app, &path, contact("zxq", target != "silent")).await;
        keys.insert(("member_contact", target), text(&person, "id"));
    }
    let path = format!("/api/v1/members/{DRESDEN}/contacts");
    let person = text(&create_resource(app, &path, contact("zxq", true)).await, "id");
    app.coordinator().delete(&format!("{path}/{person}"), "*").await.expect(204);
    keys.insert(("member_contact", DELETED_SUB_RESOURCE), person);
}
