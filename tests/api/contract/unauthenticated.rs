//! Callers without credentials, and with invalid ones.

use super::Walk;
use crate::harness::on_both;

/// The operations that check credentials in the body themselves.
pub(super) const SIGNING_IN: [&str; 3] = ["create_access_token", "refresh_access_token", "end_login"];

on_both! {
    async fn every_secured_operation_needs_credentials(app: TestApp) {
        let walk = Walk::of(&app);
        let (anybody, mut refused) = (app.anonymous(), 0);
        for it in walk.operations {
            let path = walk.filled(it).await;
            let answer = walk.ask(it, &anybody, walk.request(it, &anybody, &path)).await;
            if it.is_for_anybody() {
                let wants = answer.status.as_u16() == 401;
                assert!(!wants || SIGNING_IN.contains(&it.id.as_str()), "{}: {}", it.id, answer.text());
                continue;
            }
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{}", it.id);
            answer.problem(401, "unauthenticated");
            refused += 1;
        }
        assert!(refused > 40, "{refused}");
    }

    async fn every_secured_operation_refuses_invalid_tokens(app: TestApp) {
        let walk = Walk::of(&app);
        let mut refused = 0;
        for token in ["zxq", "e30.e30.zxq", "vkp_zxq"] {
            let caller = app.anonymous().with_token(token);
            for it in walk.operations {
                let path = walk.filled(it).await;
                let answer = walk.ask(it, &caller, walk.request(it, &caller, &path)).await;
                if SIGNING_IN.contains(&it.id.as_str()) {
                    continue;
                }
                if !it.takes_credentials() {
                    assert_ne!(answer.status.as_u16(), 401, "{}: {}", it.id, answer.text());
                    continue;
                }
                let challenge = answer.header("www-authenticate");
                assert!(challenge.contains("error=\"invalid_token\""), "{}: {challenge}", it.id);
                answer.problem(401, "invalid_token");
                refused += 1;
            }
        }
        assert!(refused > 150, "{refused}");
    }
}
