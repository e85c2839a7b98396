//! Limits on failed sign-ins: known and unknown accounts get the same response, with the seconds to wait.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use super::{PASSWORD, TOKEN, problem_body};
use crate::harness::{Response, TestApp, on_both};

const WRONG: &str = "wrong-partnerships";

/// Signs in from this address, through a trusted proxy.
async fn from(app: &TestApp, address: &str, email: &str, password: &str) -> Response {
    let caller = app.anonymous();
    let request = caller.request(Method::POST, TOKEN).header("X-Forwarded-For", address);
    caller.send(request.json(&json!({ "email": email, "password": password }))).await
}

fn wait(answer: &Response) -> u32 {
    answer.header("retry-after").parse().unwrap()
}

on_both! {
    async fn an_account_allows_ten_failures_per_address_then_one_every_90_seconds(app: TestApp) {
        app.clock.stop();
        let mut refused = Vec::new();
        for (index, email) in ["Reader@demo.example", "nobody@zxq.example"].into_iter().enumerate() {
            let address = format!("198.51.100.{index}");
            for attempt in 0..10 {
                // The limit ignores the case of the address.
                let email = if attempt % 2 == 0 { email.to_owned() } else { email.to_lowercase() };
                from(&app, &address, &email, WRONG).await.problem(401, "invalid_credentials");
            }
            // Even the right password is refused, because the limit is checked first.
            let answer = from(&app, &address, email, PASSWORD).await;
            assert_eq!(wait(&answer), 90);
            let mut told = problem_body(answer, 429, "too_many_attempts");
            told["detail"] = "the seconds differ".into();
            refused.push(told);
        }
        assert_eq!(refused[0], refused[1], "known or not is not told");
        // Other accounts are not affected, nor is the owner at another address.
        from(&app, "198.51.100.0", "member@demo.example", PASSWORD).await.ok();
        from(&app, "203.0.113.1", "reader@demo.example", PASSWORD).await.ok();
        let stranger = async |password| from(&app, "198.51.100.0", "reader@demo.example", password).await;
        app.clock.advance(TimeDelta::seconds(89));
        stranger(PASSWORD).await.problem(429, "too_many_attempts");
        app.clock.advance(TimeDelta::seconds(1));
        for _ in 0..3 {
            stranger(PASSWORD).await.ok();
        }
        stranger(WRONG).await.problem(401, "invalid_credentials");
        stranger(PASSWORD).await.problem(429, "too_many_attempts");
        app.clock.advance(TimeDelta::seconds(900));
        for _ in 0..10 {
            stranger(WRONG).await.problem(401, "invalid_credentials");
        }
    }

    /// Guesses come from many addresses. The owner can still sign in from a known address, or after a password reset.
    async fn guesses_of_strangers_do_not_lock_out_the_owner(app: TestApp) {
        app.clock.stop();
        const READER: &str = "reader@demo.example";
        from(&app, "203.0.113.1", READER, PASSWORD).await.ok();
        let guess = async |index: usize, email: &str| {
            from(&app, &format!("198.51.{}.{}", index / 5, index % 5), email, WRONG).await
        };
        for index in 0..100 {
            guess(index, READER).await.problem(401, "invalid_credentials");
        }
        let waits = async |email: &str, from: usize| {
            let mut waits = Vec::new();
            for index in 0..12 {
                let refused = guess(from + 2 * index, email).await;
                let seconds = wait(&refused);
                refused.problem(429, "too_many_attempts");
                waits.push(seconds);
                app.clock.advance(TimeDelta::seconds(seconds.into()));
                guess(from + 2 * index + 1, email).await.problem(401, "invalid_credentials");
            }
            waits
        };
        let known = waits(READER, 200).await;
        assert_eq!(known, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900], "each is longer");
        // Nothing has changed for an address from which the account has signed in before.
        from(&app, "203.0.113.1", READER, WRONG).await.problem(401, "invalid_credentials");
        from(&app, "203.0.113.1", READER, PASSWORD).await.ok();
        let refused = from(&app, "203.0.113.2", READER, PASSWORD).await;
        assert_eq!(wait(&refused), 900);
        refused.problem(429, "too_many_attempts");

        // After a password reset its address is known too, and the failures of others are forgotten.
        let account = app.store.signing_in(&READER.parse().unwrap()).await.unwrap().unwrap();
        let body = json!({ "token": app.store.reset_token(&account), "new_password": "correct horse battery" });
        let caller = app.anonymous();
        let request = caller.request(Method::PUT, "/api/v1/auth/password-reset");
        caller.send(request.header("X-Forwarded-For", "203.0.113.3").json(&body)).await.expect(204);
        for address in ["203.0.113.3", "203.0.113.4"] {
            from(&app, address, READER, "correct horse battery").await.ok();
        }
        // An unknown account has to wait as long.
        for index in 0..100 {
            guess(300 + index, "nobody@zxq.example").await.problem(401, "invalid_credentials");
        }
        assert_eq!(waits("nobody@zxq.example", 400).await, known);
    }

    async fn a_password_set_by_an_administrator_resets_the_limit(app: TestApp) {
        app.clock.stop();
        for index in 0..100 {
            let address = format!("198.51.{}.1", index);
            from(&app, &address, "reader@demo.example", WRONG).await.problem(401, "invalid_credentials");
        }
        from(&app, "203.0.113.2", "reader@demo.example", PASSWORD).await.problem(429, "too_many_attempts");
        let reader = app.reader().get("/api/v1/me").await.ok().json();
        let path = format!("/api/v1/users/{}/password", reader["id"].as_str().unwrap());
        app.admin().put(&path, &json!({ "password": "correct horse battery" })).await.expect(204);
        from(&app, "203.0.113.2", "reader@demo.example", "correct horse battery").await.ok();
    }

    async fn an_address_allows_sixty_failures_then_one_every_ten_seconds(app: TestApp) {
        app.clock.stop();
        for attempt in 0..60 {
            // All addresses of an IPv6 /64 network count as one.
            let address = format!("2001:db8:0:7::{attempt:x}");
            from(&app, &address, &format!("nobody-{attempt}@zxq.example"), WRONG).await.expect(401);
        }
        let answer = from(&app, "2001:db8:0:7:ffff::1", "reader@demo.example", PASSWORD).await;
        assert_eq!(wait(&answer), 10);
        answer.problem(429, "too_many_attempts");
        for other in ["2001:db8:0:8::1", "198.51.100.1"] {
            from(&app, other, "reader@demo.example", PASSWORD).await.ok();
        }
        app.clock.advance(TimeDelta::seconds(10));
        from(&app, "2001:db8:0:7::1", "reader@demo.example", PASSWORD).await.ok();
    }

    async fn a_forged_x_forwarded_for_does_not_evade_the_limit(app: TestApp) {
        app.clock.stop();
        // The client puts forged addresses before the one that the proxy adds.
        for attempt in 0..60 {
            let forged = format!("192.0.2.{attempt}, 198.51.100.7");
            from(&app, &forged, &format!("nobody-{attempt}@zxq.example"), WRONG).await.expect(401);
        }
        let answer = from(&app, "192.0.2.200, 198.51.100.7", "reader@demo.example", PASSWORD).await;
        answer.problem(429, "too_many_attempts");
    }

    async fn only_failed_sign_ins_count(app: TestApp) {
        app.clock.stop();
        for _ in 0..12 {
            from(&app, "198.51.100.1", "reader@demo.example", PASSWORD).await.ok();
        }
        // Concurrent failures are all counted.
        let ask = (0..12).map(|_| from(&app, "198.51.100.1", "reader@demo.example", WRONG));
        let answers = futures_util::future::join_all(ask).await;
        let refused = answers.iter().filter(|answer| answer.status.as_u16() == 429).count();
        assert_eq!(refused, 2);
    }
}
