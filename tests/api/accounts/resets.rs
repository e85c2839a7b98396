//! Password resets.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Login, ME, PASSWORD, sign_in};
use crate::harness::{Response, TestApp, on_both};

const RESET: &str = "/api/v1/auth/password-reset";
const MAILS: &str = "/api/v1/mails";
const READER: &str = "reader@demo.example";
const NEW: &str = "correct horse battery";

/// The reset token, which only the e-mail contains.
async fn token(app: &TestApp) -> String {
    let account = app.store.signing_in(&READER.parse().unwrap()).await.unwrap().unwrap();
    app.store.reset_token(&account)
}

async fn set(app: &TestApp, token: &str, password: &str) -> Response {
    app.anonymous().put(RESET, &json!({"token": token, "new_password": password})).await
}

/// The e-mails, once there are at least this many: they are written in the background.
async fn mails(app: &TestApp, count: usize) -> Vec<Value> {
    for _ in 0..3_000 {
        let mails = app.coordinator().all(MAILS).await;
        if mails.len() >= count {
            return mails;
        }
    }
    panic!("no mail");
}

on_both! {
    async fn a_reset_request_mails_only_accounts_and_answers_all_alike(app: TestApp) {
        let ask = async |email: &str| app.anonymous().post(RESET, &json!({"email": email})).await.expect(202).json();
        let nobody = ask("nobody@zxq.example").await;
        assert_eq!(ask("Reader@demo.example").await, nobody);
        let mails = mails(&app, 1).await;
        assert_eq!((mails.len(), &mails[0]["to"]), (1, &"Reader@demo.example".into()));
        assert_eq!(mails[0]["subject"], "Set a new password");
        assert!(mails[0].get("text").is_none(), "for nobody but the person: {}", mails[0]);
    }

    /// An account that an administrator has created can get its first password this way.
    async fn an_account_without_a_password_can_set_one_by_mail(app: TestApp) {
        let user = json!({ "email": "Neu@zxq.example", "name": "Zxq Neu", "role": "reader" });
        let user = app.admin().post("/api/v1/users", &user).await.expect(201).json();
        let ask = async || {
            app.anonymous().post(RESET, &json!({"email": "neu@zxq.example"})).await.expect(202).json()
        };
        let nobody = app.anonymous().post(RESET, &json!({"email": "nobody@zxq.example"})).await.expect(202).json();
        assert_eq!(ask().await, nobody);
        let mails = mails(&app, 1).await;
        assert_eq!((mails.len(), &mails[0]["subject"]), (1, &"Set your password".into()));
        let email = "neu@zxq.example".parse().unwrap();
        let account = app.store.signing_in(&email).await.unwrap().unwrap();
        let token = app.store.reset_token(&account);
        for never in ["", "null", PASSWORD] {
            sign_in(&app, "neu@zxq.example", never).await.problem(401, "invalid_credentials");
        }
        set(&app, &token, NEW).await.expect(204);
        sign_in(&app, "neu@zxq.example", NEW).await.ok();
        set(&app, &token, NEW).await.problem(409, "link_expired");
        // A disabled account cannot.
        let user = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
        app.admin().patch(&user, "*", &json!({ "disabled": true })).await.ok();
        assert!(app.store.signing_in(&email).await.unwrap().is_none());
    }

    async fn the_fourth_reset_request_for_an_address_is_refused(app: TestApp) {
        app.clock.stop();
        for email in [READER, "nobody@zxq.example"] {
            for _ in 0..3 {
                app.anonymous().post(RESET, &json!({"email": email})).await.expect(202);
            }
            let refused = app.anonymous().post(RESET, &json!({"email": email})).await;
            assert_eq!(refused.header("retry-after"), "28800");
            refused.problem(429, "too_many_requests");
        }
        assert_eq!(mails(&app, 3).await.len(), 3);
    }

    async fn a_reset_link_works_once(app: TestApp) {
        let before = Login::of(&app, READER).await;
        let token = token(&app).await;
        let page = format!("/password/new?token={token}");
        assert!(app.anonymous().get(&page).await.ok().text().contains("<form"));
        let weak = set(&app, &token, "zxqzxq").await;
        assert_eq!(weak.faults(422, "validation_failed"), ["/new_password weak_password"]);
        set(&app, &token, NEW).await.expect(204);
        before.caller.get(ME).await.problem(401, "invalid_token");
        sign_in(&app, READER, PASSWORD).await.problem(401, "invalid_credentials");
        sign_in(&app, READER, NEW).await.ok();
        set(&app, &token, "another horse battery").await.problem(409, "link_expired");
        assert!(!app.anonymous().get(&page).await.ok().text().contains("<form"));
        sign_in(&app, READER, NEW).await.ok();
    }

    async fn a_reset_link_expires_after_an_hour_and_cannot_be_forged(app: TestApp) {
        let token = token(&app).await;
        for wrong in ["", "zxq", &token[1..], &token[..token.len() - 1]] {
            set(&app, wrong, NEW).await.problem(409, "link_expired");
        }
        app.clock.advance(TimeDelta::minutes(61));
        set(&app, &token, NEW).await.problem(409, "link_expired");
        sign_in(&app, READER, PASSWORD).await.ok();
    }

    async fn the_reset_page_sets_the_password(app: TestApp) {
        let token = token(&app).await;
        let press = async |password: &str| {
            let request = app.anonymous().request(reqwest::Method::POST, "/password/new");
            let request = request.header("Content-Type", "application/x-www-form-urlencoded");
            let body = format!("token={token}&new_password={}", password.replace(' ', "+"));
            app.anonymous().send(request.body(body)).await.ok().text()
        };
        let weak = press("zxqzxq").await;
        assert!(weak.contains("<form") && !weak.contains("zxqzxq"), "{weak}");
        assert!(press(NEW).await.contains("is set"));
        assert!(press(NEW).await.contains("Request a new one"));
        sign_in(&app, READER, NEW).await.ok();
    }
}
