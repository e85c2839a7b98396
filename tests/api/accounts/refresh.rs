//! Refresh tokens: rotation, the grace period for a lost response, and the reuse of a used token.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{LOGOUT, Login, ME, REALM, REFRESH, account, problem_body};
use crate::harness::{Response, TestApp, on_both};

async fn refresh(app: &TestApp, token: &str) -> Response {
    app.anonymous().post(REFRESH, &json!({ "refresh_token": token })).await
}

fn refresh_token(answer: &Value) -> String {
    answer["refresh_token"].as_str().unwrap().to_owned()
}

on_both! {
    async fn a_refresh_token_returns_the_next_tokens_of_the_login(app: TestApp) {
        app.clock.stop();
        let login = Login::of(&app, "reader@demo.example").await;
        assert!(login.refresh_token.starts_with("vkr_"), "{}", login.refresh_token);
        let mut token = login.refresh_token.clone();
        for _ in 0..3 {
            let answer = refresh(&app, &token).await.ok();
            assert_eq!(answer.header("cache-control"), "no-store");
            let tokens = answer.json();
            assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(600)));
            assert_eq!(tokens["refresh_expires_in"], 30 * 24 * 3600);
            assert_eq!(tokens.as_object().unwrap().len(), 5, "{tokens}");
            let next = Login::from(&app, &tokens).await;
            assert_eq!((next.account, next.id), (login.account, login.id), "it is the same login");
            assert_ne!(next.refresh_token, token);
            token = next.refresh_token;
            app.clock.advance(TimeDelta::seconds(30));
        }
        // The first access token is still valid until it expires.
        login.caller.get(ME).await.ok();
        app.clock.advance(TimeDelta::seconds(600));
        login.caller.get(ME).await.problem(401, "invalid_token");
        refresh(&app, &token).await.ok();
    }

    async fn a_used_token_returns_the_same_refresh_token_for_ten_seconds(app: TestApp) {
        app.clock.stop();
        let login = Login::of(&app, "reader@demo.example").await;
        let first = refresh(&app, &login.refresh_token).await.ok().json();
        app.clock.advance(TimeDelta::seconds(5));
        let again = refresh(&app, &login.refresh_token).await.ok().json();
        assert_eq!(refresh_token(&first), refresh_token(&again));
        for tokens in [&first, &again] {
            app.anonymous().with_token(tokens["access_token"].as_str().unwrap()).get(ME).await.ok();
        }
        // The grace period is for the last used token only and starts with its use.
        let second = refresh(&app, &refresh_token(&first)).await.ok().json();
        refresh(&app, &refresh_token(&first)).await.ok();
        refresh(&app, &login.refresh_token).await.problem(401, "invalid_refresh_token");
        refresh(&app, &refresh_token(&second)).await.problem(401, "invalid_refresh_token");
    }

    /// Either the sender or the owner has a stolen token, so the login ends for both (RFC 9700, 4.14.2).
    async fn reusing_a_refresh_token_ends_the_login(app: TestApp) {
        app.clock.stop();
        let (login, other) = (Login::of(&app, "reader@demo.example").await, Login::of(&app, "reader@demo.example").await);
        let next = Login::from(&app, &refresh(&app, &login.refresh_token).await.ok().json()).await;
        login.caller.get(ME).await.ok();
        app.clock.advance(TimeDelta::seconds(11));
        next.caller.get(ME).await.ok();

        let refused = refresh(&app, &login.refresh_token).await;
        assert_eq!(refused.header("www-authenticate"), REALM);
        let refused = problem_body(refused, 401, "invalid_refresh_token");
        // The server had cached the access tokens of the login. They are refused at the next request all the same.
        for caller in [&login.caller, &next.caller] {
            caller.get(ME).await.problem(401, "invalid_token");
            caller.get("/api/v1/utilities").await.problem(401, "invalid_token");
        }
        assert_eq!(problem_body(refresh(&app, &next.refresh_token).await, 401, "invalid_refresh_token"), refused);
        // Other logins are not affected.
        other.caller.get(ME).await.ok();
        refresh(&app, &other.refresh_token).await.ok();
    }

    /// Administrators and the owner of the account see it.
    async fn reusing_a_refresh_token_is_audited_and_mailed(app: TestApp) {
        app.clock.stop();
        let login = Login::of(&app, "reader@demo.example").await;
        let user = format!("/api/v1/users/{}", login.account);
        let version = app.admin().get(&user).await.ok().json()["version"].as_i64().unwrap();
        refresh(&app, &login.refresh_token).await.ok();
        app.clock.advance(TimeDelta::seconds(11));
        let refused = refresh(&app, &login.refresh_token).await;
        let request_id = refused.header("x-request-id");
        refused.problem(401, "invalid_refresh_token");
        // Recorded only once, because the login has ended.
        refresh(&app, &login.refresh_token).await.problem(401, "invalid_refresh_token");

        let admin = app.admin();
        let audit = "/api/v1/audit?action=refresh_token_reused";
        let audit = admin.all(audit).await;
        assert_eq!(audit.len(), 1, "{audit:#?}");
        assert_eq!((&audit[0]["resource"], &audit[0]["resource_id"]), (&json!("user"), &json!(login.account)));
        assert_eq!(audit[0]["request_id"], json!(request_id));
        let history = admin.all(&format!("{user}/history")).await;
        assert_eq!(history[0]["action"], "refresh_token_reused", "{history:#?}");
        assert_eq!(history[0]["version"], version + 1);
        let mails = app.coordinator().all("/api/v1/mails?to=reader@demo.example").await;
        assert_eq!(mails.len(), 1, "{mails:#?}");
        assert_eq!(mails[0]["subject"], "Sie wurden abgemeldet");
    }

    async fn concurrent_refreshes_get_the_same_refresh_token(app: TestApp) {
        app.clock.stop();
        let login = Login::of(&app, "reader@demo.example").await;
        let ask = (0..8).map(|_| refresh(&app, &login.refresh_token));
        let answers = futures_util::future::join_all(ask).await;
        let tokens: Vec<_> = answers.into_iter().map(|answer| refresh_token(&answer.ok().json())).collect();
        assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
        refresh(&app, &tokens[0]).await.ok();
    }

    async fn malformed_refresh_tokens_are_refused_with_the_same_problem(app: TestApp) {
        app.clock.stop();
        let login = Login::of(&app, "reader@demo.example").await;
        let token = login.refresh_token.clone();
        let first = problem_body(refresh(&app, "zxq").await, 401, "invalid_refresh_token");
        for bad in ["", "vkr_", "vkr_zxq", &token[4..], &token[..token.len() - 1], &format!("{token}A"), "vkp_abcdefgh_x"] {
            assert_eq!(problem_body(refresh(&app, bad).await, 401, "invalid_refresh_token"), first, "{bad}");
        }
        for at in (4..token.len()).step_by(3) {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(problem_body(refresh(&app, &changed).await, 401, "invalid_refresh_token"), first, "{at}");
        }
        // None of them has ended the login.
        refresh(&app, &token).await.ok();
        let caller = app.anonymous();
        let faults = caller.post(REFRESH, &json!({})).await.faults(422, "validation_failed");
        assert_eq!(faults, ["/refresh_token required"]);
        let faults = caller.post(REFRESH, &json!({ "refresh_token": token, "scope": "x" })).await;
        assert_eq!(faults.faults(422, "validation_failed"), ["/scope unknown_member"]);
        let told = caller.post(&format!("{REFRESH}?x=1"), &json!({ "refresh_token": token })).await;
        assert_eq!(told.faults(400, "invalid_parameters"), ["x unknown_parameter"]);
    }

    async fn a_login_ends_after_30_idle_days_and_after_90_days(app: TestApp) {
        app.clock.stop();
        let idle = Login::of(&app, "reader@demo.example").await;
        let used = Login::of(&app, "coordinator@demo.example").await;
        let mut token = used.refresh_token;
        for days in [29, 29, 29] {
            app.clock.advance(TimeDelta::days(days));
            let tokens = refresh(&app, &token).await.ok().json();
            token = refresh_token(&tokens);
            assert!(tokens["refresh_expires_in"].as_i64().unwrap() <= 30 * 24 * 3600, "{tokens}");
        }
        refresh(&app, &idle.refresh_token).await.problem(401, "invalid_refresh_token");
        let last = refresh(&app, &token).await.ok().json();
        let left = last["refresh_expires_in"].as_i64().unwrap();
        assert!((2 * 24 * 3600..=3 * 24 * 3600).contains(&left), "{left}");
        app.clock.advance(TimeDelta::days(3));
        refresh(&app, &refresh_token(&last)).await.problem(401, "invalid_refresh_token");
    }

    async fn a_disabled_account_cannot_refresh(app: TestApp) {
        app.clock.stop();
        account(&app, "zxq.person@demo.example", "zxq-partnerships").await;
        let login = Login::with(&app, "zxq.person@demo.example", "zxq-partnerships").await;
        app.store.disable_account(&"zxq.person@demo.example".parse().unwrap()).await.unwrap();
        refresh(&app, &login.refresh_token).await.problem(401, "invalid_refresh_token");
    }

    async fn a_logout_ends_the_login_and_is_idempotent(app: TestApp) {
        app.clock.stop();
        let (login, other) = (Login::of(&app, "reader@demo.example").await, Login::of(&app, "reader@demo.example").await);
        login.caller.get(ME).await.ok();
        for _ in 0..2 {
            let answer = login.caller.send(login.caller.request(reqwest::Method::POST, LOGOUT)).await.expect(204);
            assert_eq!(answer.header("cache-control"), "no-store");
            login.caller.get(ME).await.problem(401, "invalid_token");
            refresh(&app, &login.refresh_token).await.problem(401, "invalid_refresh_token");
        }
        other.caller.get(ME).await.ok();
        // By refresh token, because the access token has expired. A used refresh token of the login is enough.
        let next = refresh(&app, &other.refresh_token).await.ok().json();
        app.clock.advance(TimeDelta::seconds(601));
        let expired = other.caller.send(other.caller.request(reqwest::Method::POST, LOGOUT)).await;
        expired.problem(401, "invalid_token");
        for _ in 0..2 {
            other.caller.post(LOGOUT, &json!({ "refresh_token": other.refresh_token })).await.expect(204);
            refresh(&app, &refresh_token(&next)).await.problem(401, "invalid_refresh_token");
        }
    }

    async fn invalid_logouts_are_refused(app: TestApp) {
        app.clock.stop();
        let caller = app.anonymous();
        caller.send(caller.request(reqwest::Method::POST, LOGOUT)).await.problem(401, "unauthenticated");
        caller.post(LOGOUT, &json!({ "refresh_token": "zxq" })).await.problem(401, "invalid_refresh_token");
        assert_eq!(caller.post(LOGOUT, &json!({})).await.faults(422, "validation_failed"), ["/refresh_token required"]);
        let zxq = caller.with_token("zxq");
        zxq.send(zxq.request(reqwest::Method::POST, LOGOUT)).await.problem(401, "invalid_token");
        let key = caller.with_token("vkp_abcdefgh_x");
        key.send(key.request(reqwest::Method::POST, LOGOUT)).await.problem(403, "forbidden");
        caller.get(LOGOUT).await.problem(405, "method_not_allowed");
    }
}
