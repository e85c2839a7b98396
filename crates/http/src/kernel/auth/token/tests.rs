//! Which tokens are accepted, and that all others are rejected.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://exchange.example";
const AUDIENCE: &str = "https://exchange.example/api";
const SUBJECT: Uuid = Uuid::from_u128(7);
const LOGIN: Uuid = Uuid::from_u128(8);

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 999_999_000).unwrap()
}
fn after(seconds: i64) -> DateTime<Utc> {
    now() + chrono::TimeDelta::seconds(seconds)
}
fn key() -> SigningKey {
    SigningKey::from_der(&SigningKey::generate().unwrap().1).unwrap()
}
fn keys(current: &SigningKey, others: &[&SigningKey]) -> TokenKeys {
    let others = others.iter().copied().cloned().collect();
    TokenKeys::new(current.clone(), others, ISSUER.into(), AUDIENCE.into())
}
fn issue(keys: &TokenKeys) -> String {
    keys.issue(SUBJECT, LOGIN, "member", now()).unwrap().token
}
fn header(key: &SigningKey) -> Value {
    json!({"typ": "at+jwt", "alg": "EdDSA", "kid": key.kid()})
}
fn claims() -> Value {
    let iat = now().timestamp();
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": SUBJECT, "client_id": CLIENT_ID, "iat": iat, "exp": iat + 600,
        "jti": Uuid::from_u128(9), "sid": LOGIN, "role": "member"})
}
fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}
/// A token with any header and claims, signed with any key: what an attacker, or a holder of the key, could send.
fn signed(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let message = message(header, claims);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key.private, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}
fn with(base: Value, member: &str, value: Value) -> Value {
    let mut base = base;
    base[member] = value;
    base
}
#[track_caller]
fn refuses(keys: &TokenKeys, token: &str, why: &str) {
    match keys.verify(token, now()) {
        Err(TokenError::Invalid(reason)) => assert_eq!(reason, why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn verifies_the_tokens_that_it_issued() {
    let (current, before) = (key(), key());
    let both = keys(&current, &[&before]);
    let issued = both.issue(SUBJECT, LOGIN, "member", now()).unwrap();
    assert_eq!(issued.expires_in, 600);
    let claims = both.verify(&issued.token, now()).unwrap();
    assert_eq!((claims.sub, claims.role.as_str(), claims.exp - claims.iat), (SUBJECT, "member", 600));
    assert_eq!((claims.iss.as_str(), claims.aud.as_str()), (ISSUER, AUDIENCE));
    assert_ne!(claims.jti, both.verify(&issue(&both), now()).unwrap().jti);

    let head = jsonwebtoken::decode_header(&issued.token).unwrap();
    assert_eq!((head.typ.as_deref(), head.alg), (Some("at+jwt"), Algorithm::EdDSA));
    assert_eq!(head.kid.as_deref(), Some(current.kid()));
    // A forgery with the right key passes: so each rejection below is caused by the one change in the token.
    assert!(
        both.verify(
            &signed(&current, &header(&current), &crate::kernel::auth::token::tests::claims()),
            now()
        )
        .is_ok()
    );
}

#[test]
fn a_token_is_valid_as_long_as_its_key_is_known() {
    let (old, new) = (key(), key());
    let token = issue(&keys(&old, &[]));
    assert!(keys(&new, &[&old]).verify(&token, now()).is_ok());
    refuses(&keys(&new, &[]), &token, "unknown key");
    assert_eq!(keys(&new, &[&new, &old]).jwks()["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn refuses_another_algorithm() {
    let key = key();
    let all = keys(&key, &[]);
    let none = with(header(&key), "alg", json!("none"));
    let unsigned = message(&none, &claims());
    refuses(&all, &format!("{unsigned}."), "unreadable header");
    refuses(&all, &unsigned, "unreadable header");

    // Algorithm confusion: our public key, which everybody has, used as the secret of a symmetric algorithm.
    let hs256 = with(header(&key), "alg", json!("HS256"));
    let public = key.public.try_get_as_bytes().unwrap();
    let jwk = all.jwks()["keys"][0].to_string();
    for secret in [public, jwk.as_bytes(), BASE64.encode(public).as_bytes()] {
        let message = message(&hs256, &claims());
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        let token = format!("{message}.{}", BASE64.encode(signature));
        refuses(&all, &token, "algorithm is not EdDSA");
    }
}

#[test]
fn refuses_other_keys_even_if_the_header_contains_them() {
    let (ours, theirs) = (key(), key());
    let all = keys(&ours, &[]);
    refuses(&all, &issue(&keys(&theirs, &[])), "unknown key");
    refuses(&all, &signed(&theirs, &header(&ours), &claims()), "wrong signature");
    let embedded = with(header(&ours), "jwk", serde_json::to_value(&theirs.jwk).unwrap());
    refuses(&all, &signed(&theirs, &embedded, &claims()), "wrong signature");
    refuses(&all, &signed(&ours, &with(header(&ours), "kid", Value::Null), &claims()), "unknown key");
    refuses(
        &all,
        &signed(&ours, &with(header(&ours), "crit", json!(["b64"])), &claims()),
        "critical header extension",
    );
}

#[test]
fn refuses_tampering() {
    let key = key();
    let all = keys(&key, &[]);
    let token = issue(&all);
    let [head, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let admin = BASE64.encode(with(claims(), "role", json!("admin")).to_string());
    refuses(&all, &format!("{head}.{admin}.{signature}"), "wrong signature");
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert!(all.verify(&String::from_utf8(bytes).unwrap(), now()).is_err(), "byte {at}");
    }
    for bad in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        head,
        &format!("{token}."),
        &format!("{token}="),
        "\u{fc}.\u{fc}.\u{fc}",
    ] {
        assert!(matches!(all.verify(bad, now()), Err(TokenError::Invalid(_))), "{bad}");
    }
}

#[test]
fn refuses_other_types_issuers_and_audiences() {
    let key = key();
    let all = keys(&key, &[]);
    for typ in [json!("JWT"), json!("AT+JWT"), json!(""), Value::Null] {
        refuses(&all, &signed(&key, &with(header(&key), "typ", typ), &claims()), "not of type at+jwt");
    }
    let claimed = |member, value| signed(&key, &header(&key), &with(claims(), member, value));
    refuses(&all, &claimed("iss", json!("https://other.example")), "wrong issuer");
    refuses(&all, &claimed("aud", json!("https://other.example")), "wrong audience");
    refuses(&all, &claimed("aud", json!([AUDIENCE, "https://other.example"])), "unreadable or incomplete");
    refuses(&all, &claimed("iss", json!([ISSUER])), "unreadable or incomplete");
}

#[test]
fn requires_every_claim() {
    let key = key();
    let all = keys(&key, &[]);
    for member in claims().as_object().unwrap().keys() {
        let mut partial = claims();
        partial.as_object_mut().unwrap().retain(|name, _| name != member);
        refuses(&all, &signed(&key, &header(&key), &partial), "unreadable or incomplete");
        let null = with(claims(), member, Value::Null);
        refuses(&all, &signed(&key, &header(&key), &null), "unreadable or incomplete");
    }
}

#[test]
fn uses_the_given_clock() {
    let key = key();
    let all = keys(&key, &[]);
    let token = issue(&all);
    assert!(all.verify(&token, after(599)).is_ok());
    for late in [600, 601, 1_000_000] {
        assert!(matches!(all.verify(&token, after(late)), Err(TokenError::Expired)), "{late}");
    }
    assert!(all.verify(&token, after(-5)).is_ok());
    assert!(matches!(all.verify(&token, after(-6)), Err(TokenError::Invalid("issued in the future"))));

    let claimed = |member, value| signed(&key, &header(&key), &with(claims(), member, value));
    refuses(&all, &claimed("nbf", json!(now().timestamp() + 1)), "not good yet");
    assert!(all.verify(&claimed("nbf", json!(now().timestamp())), now()).is_ok());
    refuses(&all, &claimed("exp", json!(-1)), "unreadable or incomplete");
    refuses(&all, &claimed("iat", json!(i64::MAX)), "issued in the future");
    // With a wrong signature, the error is never "expired", which would confirm that the rest was right.
    let old = with(claims(), "exp", json!(1));
    refuses(&all, &signed(&crate::kernel::auth::token::tests::key(), &header(&key), &old), "wrong signature");
}

/// With the key, the public key and the thumbprint of RFC 8037, appendices A.1 to A.3.
#[test]
fn reads_keys_from_der_and_pem() {
    let pem = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    let key = SigningKey::from_pem(pem).unwrap();
    assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let all = keys(&key, &[]);
    assert!(all.verify(&issue(&all), now()).is_ok());
    let public = json!({"use": "sig", "alg": "EdDSA", "kid": key.kid(), "kty": "OKP", "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    assert_eq!(all.jwks(), json!({ "keys": [public] }), "and no private member");

    let (kid, der) = SigningKey::generate().unwrap();
    assert_eq!(SigningKey::from_der(&der).unwrap().kid(), kid);
    assert_ne!(SigningKey::generate().unwrap().0, kid);
    for bad in [b"".as_slice(), b"nonsense", &der[..40]] {
        assert!(matches!(SigningKey::from_der(bad), Err(TokenError::Key)));
        assert!(matches!(SigningKey::from_pem(bad), Err(TokenError::Key)));
    }
    assert_eq!(format!("{key:?}"), format!("SigningKey {{ kid: {kid:?}, .. }}", kid = key.kid()));
}
