//! Too many failed attempts to sign in: told alike for known and unknown accounts, with the seconds to wait.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use super::{PASSWORD, TOKEN, told};
use crate::harness::{Answer, TestApp, on_both};

const WRONG: &str = "wrong-partnerships";

/// Through a proxy that is trusted.
async fn from(app: &TestApp, address: &str, email: &str, password: &str) -> Answer {
    let caller = app.anonymous();
    let request = caller.request(Method::POST, TOKEN).header("X-Forwarded-For", address);
    caller.send(request.json(&json!({ "email": email, "password": password }))).await
}

fn wait(answer: &Answer) -> u32 {
    answer.header("retry-after").parse().unwrap()
}

on_both! {
    async fn an_account_has_ten_failures_then_one_in_ninety_seconds(app: TestApp) {
        app.clock.stop();
        let mut refused = Vec::new();
        for (index, email) in ["Reader@demo.example", "nobody@zxq.example"].into_iter().enumerate() {
            for attempt in 0..10 {
                // From everywhere: it is the account that counts, however it is typed.
                let address = format!("198.51.{index}.{attempt}");
                let email = if attempt % 2 == 0 { email.to_owned() } else { email.to_lowercase() };
                from(&app, &address, &email, WRONG).await.problem(401, "invalid_credentials");
            }
            // Even the right one: a place is taken before it is looked at.
            let answer = from(&app, "203.0.113.1", email, PASSWORD).await;
            assert_eq!(wait(&answer), 90);
            let mut told = told(answer, 429, "too_many_attempts");
            told["detail"] = "the seconds differ".into();
            refused.push(told);
        }
        assert_eq!(refused[0], refused[1], "known or not is not told");
        // Others are not concerned.
        from(&app, "203.0.113.1", "member@demo.example", PASSWORD).await.ok();
        app.clock.advance(TimeDelta::seconds(89));
        from(&app, "203.0.113.1", "reader@demo.example", PASSWORD).await.problem(429, "too_many_attempts");
        app.clock.advance(TimeDelta::seconds(1));
        for _ in 0..3 {
            from(&app, "203.0.113.1", "reader@demo.example", PASSWORD).await.ok();
        }
        from(&app, "203.0.113.1", "reader@demo.example", WRONG).await.problem(401, "invalid_credentials");
        from(&app, "203.0.113.1", "reader@demo.example", PASSWORD).await.problem(429, "too_many_attempts");
        app.clock.advance(TimeDelta::seconds(900));
        for _ in 0..10 {
            from(&app, "203.0.113.1", "reader@demo.example", WRONG).await.problem(401, "invalid_credentials");
        }
    }

    async fn an_address_has_sixty_failures_then_one_in_ten_seconds(app: TestApp) {
        app.clock.stop();
        for attempt in 0..60 {
            // One network: whoever has an address of it has all of them.
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

    async fn what_a_client_says_of_itself_does_not_count(app: TestApp) {
        app.clock.stop();
        // What it puts in front of what the proxy saw.
        for attempt in 0..60 {
            let forged = format!("192.0.2.{attempt}, 198.51.100.7");
            from(&app, &forged, &format!("nobody-{attempt}@zxq.example"), WRONG).await.expect(401);
        }
        let answer = from(&app, "192.0.2.200, 198.51.100.7", "reader@demo.example", PASSWORD).await;
        answer.problem(429, "too_many_attempts");
    }

    async fn successes_do_not_count(app: TestApp) {
        app.clock.stop();
        for _ in 0..12 {
            from(&app, "198.51.100.1", "reader@demo.example", PASSWORD).await.ok();
        }
        // Attempts that fail at once count at once.
        let ask = (0..12).map(|_| from(&app, "198.51.100.1", "reader@demo.example", WRONG));
        let answers = futures_util::future::join_all(ask).await;
        let refused = answers.iter().filter(|answer| answer.status.as_u16() == 429).count();
        assert_eq!(refused, 2);
    }
}
