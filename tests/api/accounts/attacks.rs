//! Forged and invalid access tokens, in every known way: the server refuses each with the same problem.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey};
use ring::hmac;
use serde_json::{Value, json};
use uuid::Uuid;
use vku_http::kernel::auth::token::SigningKey;

use super::{INVALID, Login, ME, problem_body};
use crate::harness::{TestApp, on_both};

/// The parts of a valid token, and the key to sign changed ones with.
struct Forger {
    header: Value,
    claims: Value,
    key: Vec<u8>,
    public: String,
}

impl Forger {
    async fn of(app: &TestApp, login: &Login) -> Self {
        let key = app.keyring.all("signing").await.unwrap().remove(0).key;
        let jwks = app.anonymous().get("/.well-known/jwks.json").await.ok().json();
        let now = app.store.now().timestamp();
        Self {
            header: json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": jwks["keys"][0]["kid"] }),
            claims: json!({
                "iss": format!("http://{}", app.address), "aud": "vku-partnerships", "sub": login.account,
                "client_id": "vku-partnerships", "iat": now, "exp": now + 600, "jti": Uuid::now_v7(),
                "sid": login.id, "role": "reader",
            }),
            key,
            public: jwks["keys"][0]["x"].as_str().unwrap().to_owned(),
        }
    }

    fn message(&self) -> String {
        format!("{}.{}", BASE64.encode(self.header.to_string()), BASE64.encode(self.claims.to_string()))
    }

    /// The token, signed with the server's own key.
    fn signed(&self) -> String {
        self.signed_with(&EncodingKey::from_ed_der(&self.key))
    }

    fn signed_with(&self, key: &EncodingKey) -> String {
        let message = self.message();
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::EdDSA).unwrap();
        format!("{message}.{signature}")
    }

    /// The token with an HMAC, as HS256 has it.
    fn with_hmac(&self, secret: &[u8]) -> String {
        let message = self.message();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        format!("{message}.{}", BASE64.encode(tag))
    }

    fn header(&self, member: &str, value: Value) -> Self {
        let mut header = self.header.clone();
        header[member] = value;
        Self { header, claims: self.claims.clone(), key: self.key.clone(), public: self.public.clone() }
    }

    fn claim(&self, member: &str, value: Value) -> Self {
        let mut claims = self.claims.clone();
        claims[member] = value;
        Self { header: self.header.clone(), claims, key: self.key.clone(), public: self.public.clone() }
    }
}

on_both! {
    async fn forged_and_invalid_tokens_are_refused_with_the_same_problem(app: TestApp) {
        let login = Login::of(&app, "reader@demo.example").await;
        let forger = Forger::of(&app, &login).await;
        let now = app.store.now().timestamp();
        // The unchanged token is accepted, so each token below is refused because of its one change.
        app.anonymous().with_token(&forger.signed()).get(ME).await.ok();

        let theirs = SigningKey::generate().unwrap();
        let their_key = EncodingKey::from_ed_der(&theirs.1);
        let with_their_key = |forger: &Forger| forger.signed_with(&their_key);
        let none = forger.header("alg", json!("none"));
        let hs256 = forger.header("alg", json!("HS256"));
        let hmac = |secret: &[u8]| hs256.with_hmac(secret);
        let good = forger.signed();
        let parts: Vec<_> = good.split('.').collect();
        let admin = BASE64.encode(forger.claim("role", json!("admin")).claims.to_string());
        let public = BASE64.decode(&forger.public).unwrap();
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": forger.public });
        let ended = Login::of(&app, "reader@demo.example").await;
        app.store.end_login(ended.id).await.unwrap();
        let coordinator = Login::of(&app, "coordinator@demo.example").await;

        let mut first = None;
        for (what, token) in [
            ("expired", forger.claim("exp", json!(now - 1)).signed()),
            ("expires now", forger.claim("exp", json!(now)).signed()),
            ("not yet valid", forger.claim("nbf", json!(now + 60)).signed()),
            ("issued in the future", forger.claim("iat", json!(now + 60)).signed()),
            ("of another issuer", forger.claim("iss", json!("https://zxq.example")).signed()),
            ("of another audience", forger.claim("aud", json!("zxq")).signed()),
            ("of several audiences", forger.claim("aud", json!(["vku-partnerships", "zxq"])).signed()),
            ("of nobody", forger.claim("sub", json!(Uuid::now_v7())).signed()),
            ("of no login", forger.claim("sid", json!(Uuid::now_v7())).signed()),
            ("of another's login", forger.claim("sid", json!(coordinator.id)).signed()),
            ("of a login that has ended", forger.claim("sid", json!(ended.id)).signed()),
            ("without a login", forger.claim("sid", Value::Null).signed()),
            ("without an end", forger.claim("exp", Value::Null).signed()),
            ("of type JWT", forger.header("typ", json!("JWT")).signed()),
            ("of no type", forger.header("typ", Value::Null).signed()),
            ("of an unknown key", forger.header("kid", json!(theirs.0)).signed()),
            ("of no key", forger.header("kid", Value::Null).signed()),
            ("with a critical extension", forger.header("crit", json!(["b64"])).signed()),
            ("foreign, under our kid", with_their_key(&forger)),
            ("foreign, under its own kid", with_their_key(&forger.header("kid", json!(theirs.0)))),
            ("foreign, with its key in it", with_their_key(&forger.header("jwk", jwk.clone()))),
            ("foreign, with a link to its key", with_their_key(&forger.header("jku", json!("https://zxq.example")))),
            ("none", format!("{}.", none.message())),
            ("none, without the last dot", none.message()),
            ("none, with a signature", format!("{}.{}", none.message(), parts[2])),
            ("none, in other letters", format!("{}.", forger.header("alg", json!("nOnE")).message())),
            ("unsigned", format!("{}.{}.", parts[0], parts[1])),
            ("HS256 with the public key", hmac(&public)),
            ("HS256 with the public key as text", hmac(forger.public.as_bytes())),
            ("HS256 with the JWK", hmac(jwk.to_string().as_bytes())),
            ("HS256 with the PEM", hmac(pem(&public).as_bytes())),
            ("promoted", format!("{}.{admin}.{}", parts[0], parts[2])),
            ("cut", good[..good.len() - 4].to_owned()),
            ("a part more", format!("{good}.{}", parts[2])),
            ("no token", "zxq".to_owned()),
            ("a refresh token", login.refresh_token.clone()),
        ] {
            let caller = app.anonymous().with_token(&token);
            // Twice, because the server might cache the token.
            for path in [ME, ME, "/api/v1/partnerships", "/api/v1/utilities/hamburg-wasser"] {
                let answer = caller.get(path).await;
                assert_eq!(answer.header("www-authenticate"), INVALID, "{what}: {}", answer.text());
                let mut told = problem_body(answer, 401, "invalid_token");
                told["instance"] = Value::Null;
                assert_eq!(*first.get_or_insert(told.clone()), told, "{what}");
            }
            let created = caller.post("/api/v1/organisations", &json!({ "name": "Zxq", "kind": "ngo" })).await;
            created.problem(401, "invalid_token");
        }
        // The real token is still accepted.
        login.caller.get(ME).await.ok();
    }

    /// A changed byte is noticed even if the original token is cached.
    async fn a_token_with_one_changed_byte_is_refused(app: TestApp) {
        let login = Login::of(&app, "reader@demo.example").await;
        let token = Forger::of(&app, &login).await.signed();
        app.anonymous().with_token(&token).get(ME).await.ok();
        for at in (0..token.len()).step_by(7) {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let caller = app.anonymous().with_token(&String::from_utf8(changed).unwrap());
            caller.get(ME).await.problem(401, "invalid_token");
        }
    }
}

/// The public key in PEM, as `openssl pkey -pubout` writes it.
fn pem(public: &[u8]) -> String {
    use base64::engine::general_purpose::STANDARD;
    let der =
        [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00][..], public].concat();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}
