//! Changing one's own password.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Login, ME, PASSWORD, account, sign_in};
use crate::harness::{Caller, Response, on_both};

const PATH: &str = "/api/v1/me/password";
const NEW: &str = "correct horse battery";

async fn change(caller: &Caller, body: &Value) -> Response {
    caller.send(caller.request(Method::PUT, PATH).json(body)).await
}

fn body(current: &str, new: &str) -> Value {
    json!({ "current_password": current, "new_password": new })
}

on_both! {
    async fn changing_the_password_ends_all_other_logins(app: TestApp) {
        let here = Login::of(&app, "reader@demo.example").await;
        let there = Login::of(&app, "reader@demo.example").await;
        let other = Login::of(&app, "coordinator@demo.example").await;
        there.caller.get(ME).await.ok();
        let answer = change(&here.caller, &body(PASSWORD, NEW)).await.expect(204);
        assert_eq!(answer.header("cache-control"), "no-store");

        here.caller.get(ME).await.ok();
        other.caller.get(ME).await.ok();
        there.caller.get(ME).await.problem(401, "invalid_token");
        let refresh = json!({ "refresh_token": there.refresh_token });
        app.anonymous().post(crate::api::accounts::REFRESH, &refresh).await.problem(401, "invalid_refresh_token");
        sign_in(&app, "reader@demo.example", PASSWORD).await.problem(401, "invalid_credentials");
        sign_in(&app, "reader@demo.example", NEW).await.ok();
    }

    async fn weak_passwords_are_refused_with_a_pointer(app: TestApp) {
        let login = Login::of(&app, "reader@demo.example").await;
        for weak in ["", "elevenchars", "aaaaaaaaaaaaaaaa", &"ab".repeat(101), "їїїїїї"] {
            let answer = change(&login.caller, &body(PASSWORD, weak)).await;
            assert!(weak.is_empty() || !answer.text().contains(weak), "a password is shown");
            assert_eq!(answer.faults(422, "validation_failed"), ["/new_password weak_password"], "{weak}");
        }
        for (body, faults) in [
            (json!({}), vec!["/current_password required", "/new_password required"]),
            (json!({ "current_password": 1, "new_password": NEW }), vec!["/current_password wrong_type"]),
            (json!({ "current_password": PASSWORD, "new_password": NEW, "x": 1 }), vec!["/x unknown_member"]),
        ] {
            assert_eq!(change(&login.caller, &body).await.faults(422, "validation_failed"), faults);
        }
        sign_in(&app, "reader@demo.example", PASSWORD).await.ok();
    }

    async fn the_current_password_is_required_and_guesses_are_throttled(app: TestApp) {
        app.clock.stop();
        account(&app, "zxq.person@demo.example", "zxq-partnerships").await;
        let login = Login::with(&app, "zxq.person@demo.example", "zxq-partnerships").await;
        for _ in 0..10 {
            let answer = change(&login.caller, &body("wrong-partnerships", NEW)).await;
            assert_eq!(answer.faults(422, "validation_failed"), ["/current_password wrong_password"]);
        }
        let answer = change(&login.caller, &body("zxq-partnerships", NEW)).await;
        assert_eq!(answer.header("retry-after"), "90");
        answer.problem(429, "too_many_attempts");
        // Sign-ins share the same limit.
        sign_in(&app, "zxq.person@demo.example", "zxq-partnerships").await.problem(429, "too_many_attempts");
        app.clock.advance(chrono::TimeDelta::seconds(90));
        change(&login.caller, &body("zxq-partnerships", NEW)).await.expect(204);
        change(&app.anonymous(), &body(PASSWORD, NEW)).await.problem(401, "unauthenticated");
    }

    /// Passwords that anybody would guess who knows the name or the address.
    async fn passwords_that_contain_the_name_or_address_are_refused(app: TestApp) {
        let email = "erika.mustermann@stadtwerke.example";
        let body_of = json!({ "email": email, "name": "Erika Mustermann", "role": "reader" });
        let user = app.admin().post("/api/v1/users", &body_of).await.expect(201).json();
        let id = user["id"].as_str().unwrap();
        let path = format!("/api/v1/users/{id}/password");
        app.admin().put(&path, &json!({ "password": NEW })).await.expect(204);
        let login = Login::with(&app, email, NEW).await;
        let account = app.store.signing_in(&email.parse().unwrap()).await.unwrap().unwrap();
        let token = app.store.reset_token(&account);
        let guessed = [
            email, "Erika.Mustermann@Stadtwerke.example", "erika.mustermann", "Erika Mustermann", "MustermannErika1!",
            "erika.mustermann2026", "Mustermann, Erika", "stadtwerke.example",
        ];
        for weak in guessed {
            let answer = app.admin().put(&path, &json!({ "password": weak })).await;
            assert_eq!(answer.faults(422, "validation_failed"), ["/password weak_password"], "{weak}");
            let answer = change(&login.caller, &body(NEW, weak)).await;
            assert_eq!(answer.faults(422, "validation_failed"), ["/new_password weak_password"], "{weak}");
            let reset = json!({ "token": token, "new_password": weak });
            let answer = app.anonymous().put("/api/v1/auth/password-reset", &reset).await;
            assert_eq!(answer.faults(422, "validation_failed"), ["/new_password weak_password"], "{weak}");
        }
        change(&login.caller, &body(NEW, "Mustermann pflanzt Bohnen")).await.expect(204);
    }

    /// Otherwise a login with the old password could survive the change.
    async fn only_one_of_two_concurrent_changes_succeeds(app: TestApp) {
        let login = Login::of(&app, "reader@demo.example").await;
        let news = [NEW, "another horse battery"];
        let bodies = news.map(|new| body(PASSWORD, new));
        let answers = futures_util::future::join_all(bodies.iter().map(|body| change(&login.caller, body))).await;
        let done: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        assert!(done == [204, 422] || done == [422, 204], "{done:?}");
        let won = usize::from(done[0] != 204);
        sign_in(&app, "reader@demo.example", news[won]).await.ok();
        sign_in(&app, "reader@demo.example", news[1 - won]).await.problem(401, "invalid_credentials");
    }
}
