//! The signing keys of access tokens: how they are published and rotated.

use chrono::TimeDelta;
use serde_json::Value;
use vku_http::kernel::auth::token::{RotateError, rotate};

use super::{Login, ME, PASSWORD, REFRESH, sign_in};
use crate::harness::{Caller, TestApp, on_both};

const JWKS: &str = "/.well-known/jwks.json";

/// The key ids (`kid`) of the published keys.
async fn published(app: &TestApp) -> Vec<String> {
    let keys = app.anonymous().get(JWKS).await.ok().json()["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// A client of the reader with a new access token, and the id of the key that signed it.
async fn token(app: &TestApp) -> (Caller, String) {
    let tokens = sign_in(app, "reader@demo.example", PASSWORD).await.ok().json();
    let token = tokens["access_token"].as_str().unwrap();
    let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    (app.anonymous().with_token(token), kid)
}

on_both! {
    async fn only_the_public_keys_are_published(app: TestApp) {
        app.clock.stop();
        let answer = app.anonymous().get(JWKS).await.ok();
        assert_eq!(answer.header("cache-control"), "public, max-age=60");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let keys = answer.json()["keys"].as_array().unwrap().clone();
        assert_eq!(keys.len(), 1);
        let mut members: Vec<_> = keys[0].as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"], "no private member");
        for (member, value) in [("kty", "OKP"), ("crv", "Ed25519"), ("alg", "EdDSA"), ("use", "sig")] {
            assert_eq!(keys[0][member], Value::from(value));
        }
        // Another service can verify our tokens with nothing but this key set.
        let (_, kid) = token(&app).await;
        assert_eq!(keys[0]["kid"].as_str(), Some(&*kid));
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(keys[0].clone()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        validation.set_audience(&["vku-partnerships"]);
        let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
        let tokens = sign_in(&app, "reader@demo.example", PASSWORD).await.ok().json();
        jsonwebtoken::decode::<Value>(tokens["access_token"].as_str().unwrap(), &key, &validation).unwrap();
        assert_eq!(app.anonymous().head(JWKS).await.ok().body, b"");
        let told = app.anonymous().get(&format!("{JWKS}?x=1")).await;
        assert_eq!(told.faults(400, "invalid_parameters"), ["x unknown_parameter"]);
    }

    async fn a_new_key_is_published_before_it_signs_and_the_old_one_still_verifies(app: TestApp) {
        app.clock.stop();
        app.clock.advance(TimeDelta::hours(1));
        let first = published(&app).await;
        let (old, kid) = token(&app).await;
        old.get(ME).await.ok();
        assert_eq!(first, std::slice::from_ref(&kid));

        rotate(&app.keyring, false).await.unwrap();
        assert!(matches!(rotate(&app.keyring, false).await, Err(RotateError::TooYoung)));
        app.clock.advance(TimeDelta::seconds(61));
        let both = published(&app).await;
        assert_eq!((both.len(), &both[0]), (2, &kid), "the one that signs first");
        assert_eq!(token(&app).await.1, kid, "the new one does not sign yet");
        app.clock.advance(TimeDelta::minutes(8));
        let (late, by) = token(&app).await;
        assert_eq!(by, kid);
        app.clock.advance(TimeDelta::minutes(2));
        let (new, by) = token(&app).await;
        assert_eq!(by, both[1]);
        // Tokens of both keys are accepted.
        late.get(ME).await.ok();
        new.get(ME).await.ok();
        old.get(ME).await.problem(401, "invalid_token");

        assert!(matches!(rotate(&app.keyring, false).await, Err(RotateError::TooYoung)));
        app.clock.advance(TimeDelta::minutes(9));
        rotate(&app.keyring, false).await.unwrap();
        app.clock.advance(TimeDelta::seconds(61));
        let next = published(&app).await;
        assert_eq!((next.len(), &next[0]), (2, &both[1]), "two at a time");
        assert!(!next.contains(&kid));
    }

    async fn rotation_after_a_compromise_drops_all_other_keys(app: TestApp) {
        app.clock.stop();
        let login = Login::of(&app, "reader@demo.example").await;
        login.caller.get(ME).await.ok();
        let before = published(&app).await;
        rotate(&app.keyring, true).await.unwrap();
        app.clock.advance(TimeDelta::seconds(61));
        // The server had cached the access token, and refuses it all the same.
        login.caller.get(ME).await.problem(401, "invalid_token");
        let after = published(&app).await;
        assert!(after.len() == 1 && after != before, "{after:?}");
        let (new, by) = token(&app).await;
        assert_eq!(by, after[0]);
        new.get(ME).await.ok();
        // The login itself has not ended.
        let body = serde_json::json!({ "refresh_token": login.refresh_token });
        let tokens = app.anonymous().post(REFRESH, &body).await.ok().json();
        app.anonymous().with_token(tokens["access_token"].as_str().unwrap()).get(ME).await.ok();
    }

    /// Another instance may sign with a key that this instance has not loaded yet.
    async fn an_unknown_key_is_loaded_from_the_database(app: TestApp) {
        app.clock.stop();
        let login = Login::of(&app, "reader@demo.example").await;
        rotate(&app.keyring, true).await.unwrap();
        let token = app.tokens().await.issue(login.account, login.id, "reader", app.store.now()).unwrap().token;
        app.clock.advance(TimeDelta::seconds(6));
        app.anonymous().with_token(&token).get(ME).await.ok();
    }

    async fn an_old_signing_key_is_rotated_automatically(app: TestApp) {
        app.clock.stop();
        let before = published(&app).await;
        app.clock.advance(TimeDelta::days(91));
        let after = published(&app).await;
        assert_eq!((after.len(), &after[0]), (2, &before[0]));
        assert_eq!(token(&app).await.1, before[0]);
        app.clock.advance(TimeDelta::minutes(11));
        assert_eq!(token(&app).await.1, after[1]);
    }
}
