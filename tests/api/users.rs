//! Users: only administrators see and manage them.

use serde_json::{Value, json};

use super::changes::changes_after;
use crate::harness::{Caller, TestApp, on_both};

const USERS: &str = "/api/v1/users";
const PASSWORD: &str = "correct horse battery";

async fn create(app: &TestApp, body: Value) -> String {
    let user = app.admin().post(USERS, &body).await.expect(201).json();
    format!("{USERS}/{}", user["id"].as_str().unwrap())
}

fn anna(more: Value) -> Value {
    let mut body = json!({ "email": "Anna.Zxq@zxq.example", "name": "Anna Zxq", "role": "reader" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// A user with a password, and a client signed in as that user.
async fn with_password(app: &TestApp, body: Value) -> (String, Caller) {
    let user = create(app, body).await;
    app.admin().put(&format!("{user}/password"), &json!({ "password": PASSWORD })).await.expect(204);
    let id = user.rsplit('/').next().unwrap().parse().unwrap();
    (user, app.anonymous().with_token(&app.token(id).await))
}

on_both! {
    async fn a_new_user_can_sign_in_once_it_has_a_password(app: TestApp) {
        let (admin, anyone) = (app.admin(), app.anonymous());
        let user = create(&app, anna(json!({}))).await;
        let signing_in = json!({ "email": "anna.zxq@zxq.example", "password": PASSWORD });
        anyone.post("/api/v1/auth/token", &signing_in).await.problem(401, "invalid_credentials");
        for weak in ["", "short", "aaaaaaaaaaaaaaaa", &"long".repeat(51)] {
            let answer = admin.put(&format!("{user}/password"), &json!({ "password": weak })).await;
            assert_eq!(answer.faults(422, "validation_failed"), ["/password weak_password"], "{weak}");
        }
        admin.put(&format!("{user}/password"), &json!({ "password": PASSWORD })).await.expect(204);
        let token = anyone.post("/api/v1/auth/token", &signing_in).await.ok().json();
        let anna = anyone.with_token(token["access_token"].as_str().unwrap());
        assert_eq!(anna.get("/api/v1/me").await.ok().json()["role"], "reader");

        let another = json!({ "password": "another horse battery" });
        admin.put(&format!("{user}/password"), &another).await.expect(204);
        anna.get("/api/v1/me").await.problem(401, "invalid_token");
        anyone.post("/api/v1/auth/token", &signing_in).await.problem(401, "invalid_credentials");
    }

    async fn users_can_be_searched_and_filtered(app: TestApp) {
        let admin = app.admin();
        create(&app, anna(json!({ "disabled": true }))).await;
        let bound = json!({ "email": "zxq.2@zxq.example", "name": "Zxq Two", "role": "member", "utilities": ["hamburg-wasser"] });
        create(&app, bound).await;
        for (query, names) in [
            ("q=zxq", &["Anna Zxq", "Zxq Two"][..]),
            ("q=zxq&disabled=true", &["Anna Zxq"]),
            ("q=zxq&disabled=false", &["Zxq Two"]),
            ("utility=hamburg-wasser&q=zxq", &["Zxq Two"]),
        ] {
            let mut found: Vec<_> = admin.all(&format!("{USERS}?{query}")).await;
            found.sort_by_key(|user| user["name"].to_string());
            let found: Vec<_> = found.iter().map(|user| user["name"].as_str().unwrap()).collect();
            assert_eq!(found, names, "{query}");
        }
        let sheet = admin.get(&format!("{USERS}?format=csv&csv_dialect=excel_de&columns=import&q=zxq")).await.ok().text();
        assert_eq!(sheet.lines().count(), 3, "{sheet}");
    }

    async fn a_changed_role_and_a_deletion_apply_to_the_next_request(app: TestApp) {
        let admin = app.admin();
        let (user, caller) = with_password(&app, anna(json!({}))).await;
        caller.get("/api/v1/members/hamburg-wasser/contacts").await.problem(403, "forbidden");
        let change = json!({ "role": "member", "utilities": ["hamburg-wasser"] });
        admin.patch(&user, "*", &change).await.ok();
        caller.get("/api/v1/members/hamburg-wasser/contacts").await.ok();
        assert_eq!(caller.get("/api/v1/me").await.ok().json()["utilities"][0]["slug"], "hamburg-wasser");
        admin.delete(&user, "*").await.expect(204);
        caller.get("/api/v1/partnerships").await.problem(401, "invalid_token");
    }

    /// A stolen token or key does not work again when the user is enabled again.
    async fn disabling_or_resetting_a_user_ends_its_logins_and_keys(app: TestApp) {
        let admin = app.admin();
        let lock = async |user: &str| {
            for disabled in [true, false] {
                admin.patch(user, "*", &json!({ "disabled": disabled })).await.ok();
            }
        };
        let reset = async |user: &str| {
            admin.put(&format!("{user}/password"), &json!({ "password": PASSWORD })).await.expect(204);
        };
        let (user, mut caller) = with_password(&app, anna(json!({}))).await;
        for by_disabling in [true, false] {
            let body = json!({ "name": "Zxq", "scopes": ["partnerships:read"] });
            let key = caller.post("/api/v1/api-keys", &body).await.expect(201).json();
            let script = caller.with_token(key["key"].as_str().unwrap());
            let me = script.get("/api/v1/me").await.ok().json();
            assert!(me["email"].is_null() && me["name"].is_null() && me["role"] == "reader", "{me}");
            if by_disabling { lock(&user).await } else { reset(&user).await }
            for out in [&caller, &script] {
                out.get("/api/v1/me").await.problem(401, "invalid_token");
            }
            let id = user.rsplit('/').next().unwrap().parse().unwrap();
            caller = app.anonymous().with_token(&app.token(id).await);
            caller.get("/api/v1/me").await.ok();
        }
    }

    async fn invalid_and_duplicate_users_are_refused(app: TestApp) {
        let admin = app.admin();
        create(&app, anna(json!({}))).await;
        let again = admin.post(USERS, &anna(json!({ "email": "anna.ZXQ@zxq.example" }))).await;
        again.problem(409, "email_taken");
        let user = create(&app, anna(json!({ "email": "other@zxq.example" }))).await;
        let change = json!({ "email": "ANNA.zxq@zxq.example" });
        admin.patch(&user, "*", &change).await.problem(409, "email_taken");
        for (body, fault) in [
            (json!({ "role": "member" }), "/utilities too_few"),
            (json!({ "role": "member", "utilities": ["lvivvodokanal"] }), "/utilities/0 inconsistent"),
            (json!({ "role": "partner", "utilities": ["hamburg-wasser"] }), "/utilities/0 inconsistent"),
            (json!({ "utilities": ["hamburg-wasser"] }), "/utilities/0 inconsistent"),
            (json!({ "role": "member", "utilities": ["nowhere"] }), "/utilities/0 unknown_reference"),
            (json!({ "role": "boss" }), "/role unknown_value"),
            (json!({ "email": "a@b\r\nBcc: c@d.example" }), "/email invalid_format"),
            (json!({ "password": PASSWORD }), "/password unknown_member"),
        ] {
            let body = anna(json!({ "email": "new@zxq.example" })).as_object().unwrap().clone().into_iter()
                .chain(body.as_object().unwrap().clone()).collect::<serde_json::Map<_, _>>();
            let answer = admin.post(USERS, &Value::Object(body.clone())).await;
            assert_eq!(answer.faults(422, "validation_failed"), [fault], "{body:?}");
        }
    }

    async fn the_address_of_a_deleted_user_stays_taken_and_the_error_offers_restore(app: TestApp) {
        let user = create(&app, anna(json!({}))).await;
        app.admin().delete(&user, "*").await.expect(204);
        let other = create(&app, anna(json!({ "email": "other@zxq.example" }))).await;
        let restore = format!("{user}/restore");
        for refused in [
            app.admin().post(USERS, &anna(json!({}))).await,
            app.admin().patch(&other, "*", &json!({ "email": "anna.zxq@zxq.example" })).await,
        ] {
            let problem = refused.problem(409, "email_taken");
            assert!(problem["detail"].as_str().unwrap().contains(&format!("POST {restore}")), "{problem}");
        }
        app.admin().post(&restore, &json!({})).await.ok();
        app.admin().get(&user).await.ok();
        let taken = app.admin().post(USERS, &anna(json!({}))).await.problem(409, "email_taken");
        assert!(!taken["detail"].as_str().unwrap().contains("restore"), "{taken}");
    }

    /// A restored user does not get the old tokens back.
    async fn a_restored_user_has_to_sign_in_again(app: TestApp) {
        let (user, caller) = with_password(&app, anna(json!({}))).await;
        caller.get("/api/v1/me").await.ok();
        app.admin().delete(&user, "*").await.expect(204);
        app.admin().post(&format!("{user}/restore"), &json!({})).await.ok();
        caller.get("/api/v1/me").await.problem(401, "invalid_token");
    }

    async fn the_last_active_administrator_cannot_be_removed(app: TestApp) {
        let admin = app.admin();
        let me = admin.get("/api/v1/me").await.ok().json();
        let me = format!("{USERS}/{}", me["id"].as_str().unwrap());
        let refused = async |caller: &Caller, user: &str| {
            for change in [json!({ "disabled": true }), json!({ "role": "reader" })] {
                let problem = caller.patch(user, "*", &change).await.problem(409, "last_admin");
                assert!(problem["detail"].as_str().unwrap().contains("last active administrator"), "{problem}");
            }
            caller.delete(user, "*").await.problem(409, "last_admin");
        };
        refused(&admin, &me).await;
        // Disabled and deleted administrators do not count, nor do users with another role.
        let (other, second) = with_password(&app, anna(json!({ "role": "admin" }))).await;
        admin.patch(&other, "*", &json!({ "disabled": true })).await.ok();
        refused(&admin, &me).await;
        admin.patch(&other, "*", &json!({ "disabled": false })).await.ok();
        admin.delete(&other, "*").await.expect(204);
        refused(&admin, &me).await;
        admin.post(&format!("{other}/restore"), &json!({})).await.ok();
        second.get("/api/v1/me").await.problem(401, "invalid_token");
        let id = other.rsplit('/').next().unwrap().parse().unwrap();
        let second = app.anonymous().with_token(&app.token(id).await);
        second.patch(&me, "*", &json!({ "name": "Former" })).await.ok();
        second.patch(&me, "*", &json!({ "role": "reader" })).await.ok();
        refused(&second, &other).await;
        assert_eq!(second.get(&other).await.ok().json()["disabled"], false);
    }

    /// If two administrators demote each other at the same time, only one succeeds.
    async fn concurrent_demotions_leave_one_administrator(app: TestApp) {
        let admin = app.admin();
        let first = admin.get("/api/v1/me").await.ok().json();
        let first = format!("{USERS}/{}", first["id"].as_str().unwrap());
        let (second, other) = with_password(&app, anna(json!({ "role": "admin" }))).await;
        for round in 0..8 {
            let change = if round == 7 { json!({ "disabled": true }) } else { json!({ "role": "reader" }) };
            let answers =
                futures_util::future::join(admin.patch(&second, "*", &change), other.patch(&first, "*", &change)).await;
            let done = [&answers.0, &answers.1].map(|answer| answer.status.as_u16());
            assert_eq!(done.iter().filter(|status| **status == 200).count(), 1, "{done:?}");
            let active = crate::harness::ask(
                &app,
                "SELECT email FROM \"user\" WHERE role = 'admin' AND deleted_at IS NULL AND disabled = false",
            );
            let active = active.await;
            assert_eq!(active.len(), 1, "{active:?}");
            let (left, out) = if done[0] == 200 { (&admin, &second) } else { (&other, &first) };
            left.patch(out, "*", &json!({ "disabled": false, "role": "admin" })).await.ok();
        }
    }

    /// The change log has no personal data, and those who may read it do not learn who a user is.
    async fn the_log_has_no_personal_data_of_users(app: TestApp) {
        let user = create(&app, anna(json!({}))).await;
        app.admin().patch(&user, "*", &json!({ "name": "Berta Zxq" })).await.ok();
        let id = user.rsplit('/').next().unwrap();
        let log = changes_after(&app.store, 0).await;
        let log: Vec<_> = log.iter().filter(|change| change.resource_id.to_string() == id).collect();
        assert_eq!(log.len(), 2);
        for change in log {
            assert!(!change.state.to_string().to_lowercase().contains("zxq"), "{}", change.state);
        }
        for (role, caller) in app.everybody() {
            let audit = caller.get(&format!("/api/v1/audit?resource_id={id}")).await;
            let history = caller.get(&format!("{user}/history")).await;
            if role == "admin" {
                assert_eq!(audit.json()["items"].as_array().map(Vec::len), Some(2));
            } else if role == "coordinator" {
                assert_eq!(audit.json()["items"], json!([]));
            }
            assert_eq!(history.status == 200, role == "admin", "{role}");
            assert!(!(audit.text() + &history.text()).to_lowercase().contains("zxq"), "{role}");
        }
    }

    /// A user does not prevent the deletion of a utility: the office may delete it, but must not learn of the user.
    async fn a_utility_of_a_user_can_be_deleted(app: TestApp) {
        let office = app.coordinator();
        let utility = json!({
            "slug": "zxq-werk", "name": "Werk", "kind": "municipal", "country": "DE", "sectors": ["water"]
        });
        office.post("/api/v1/utilities", &utility).await.expect(201);
        let bound = anna(json!({ "role": "member", "utilities": ["zxq-werk"] }));
        let (_, caller) = with_password(&app, bound).await;
        office.delete("/api/v1/utilities/zxq-werk", "*").await.expect(204);
        assert_eq!(caller.get("/api/v1/me").await.ok().json()["utilities"], json!([]));
    }
}
