//! Two instances on one database: access that one instance revokes is revoked at the other too, as soon as the response
//! is sent.

use serde_json::json;
use vku_http::kernel::config::HttpConfig;

use super::{LOGINS, LOGOUT, Login, ME, account, id_of};
use crate::harness::{Caller, on_both};

/// How often each test tries: a notification between instances takes some milliseconds.
const TRIES: usize = 60;

/// Ends all logins of the account except the caller's own.
async fn sign_out_others(caller: &Caller) {
    let logins = caller.get(LOGINS).await.ok().json();
    for login in logins["items"].as_array().unwrap().iter().filter(|login| login["current"] == false) {
        let path = format!("{LOGINS}/{}", login["id"].as_str().unwrap());
        caller.send(caller.request(reqwest::Method::DELETE, &path)).await.expect(204);
    }
}

on_both! {
    async fn an_ended_login_is_refused_by_the_other_instance(app: TestApp) {
        let other = app.another_instance(HttpConfig::default());
        let id = id_of(&app.reader()).await;
        for _ in 0..TRIES {
            let there = other.anonymous().with_token(&other.token(id).await);
            there.get(ME).await.ok();
            there.get("/api/v1/utilities?limit=1").await.ok();
            sign_out_others(&app.reader()).await;
            there.get(ME).await.problem(401, "invalid_token");
            there.get("/api/v1/utilities?limit=1").await.problem(401, "invalid_token");
        }
    }

    async fn a_logout_ends_the_login_at_the_other_instance(app: TestApp) {
        let (here, other) = (app.anonymous(), app.another_instance(HttpConfig::default()));
        for _ in 0..TRIES / 6 {
            let Login { caller: there, refresh_token, .. } = Login::of(&other, "reader@demo.example").await;
            there.get("/api/v1/utilities?limit=1").await.ok();
            here.post(LOGOUT, &json!({ "refresh_token": refresh_token })).await.expect(204);
            there.get(ME).await.problem(401, "invalid_token");
            there.get("/api/v1/utilities?limit=1").await.problem(401, "invalid_token");
        }
    }

    async fn a_revoked_api_key_is_refused_by_the_other_instance(app: TestApp) {
        let (here, other) = (app.reader(), app.another_instance(HttpConfig::default()));
        for _ in 0..TRIES {
            let body = json!({ "name": "Zxq", "scopes": ["utilities:read"] });
            let made = here.post("/api/v1/api-keys", &body).await.expect(201).json();
            let there = other.anonymous().with_token(made["key"].as_str().unwrap());
            there.get("/api/v1/utilities?limit=1").await.ok();
            there.get("/api/v1/utilities?limit=1").await.ok();
            let path = format!("/api/v1/api-keys/{}", made["id"].as_str().unwrap());
            here.send(here.request(reqwest::Method::DELETE, &path)).await.expect(204);
            there.get("/api/v1/utilities?limit=1").await.problem(401, "invalid_token");
        }
    }

    async fn a_changed_role_and_a_disabled_account_apply_at_the_other_instance(app: TestApp) {
        let (admin, other) = (app.admin(), app.another_instance(HttpConfig::default()));
        let id = account(&app, "zxq.person@demo.example", "zxq-partnerships").await;
        let user = format!("/api/v1/users/{id}");
        for _ in 0..TRIES / 2 {
            let there = other.anonymous().with_token(&other.token(id).await);
            for role in ["coordinator", "reader"] {
                there.get(ME).await.ok();
                admin.patch(&user, "*", &json!({ "role": role })).await.ok();
                assert_eq!(there.get(ME).await.ok().json()["role"], role);
            }
            there.get("/api/v1/mails").await.problem(403, "forbidden");
            admin.patch(&user, "*", &json!({ "disabled": true })).await.ok();
            there.get(ME).await.problem(401, "invalid_token");
            admin.patch(&user, "*", &json!({ "disabled": false })).await.ok();
            there.get(ME).await.problem(401, "invalid_token");
        }
    }

    async fn a_new_password_ends_logins_at_the_other_instance(app: TestApp) {
        let (admin, other) = (app.admin(), app.another_instance(HttpConfig::default()));
        let id = account(&app, "zxq.person@demo.example", "zxq-partnerships").await;
        for _ in 0..TRIES / 6 {
            let there = other.anonymous().with_token(&other.token(id).await);
            there.get(ME).await.ok();
            let password = json!({ "password": "correct horse battery" });
            admin.put(&format!("/api/v1/users/{id}/password"), &password).await.expect(204);
            there.get(ME).await.problem(401, "invalid_token");
        }
    }
}
