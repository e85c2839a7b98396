//! Our own access tokens: JWT by the profile of RFC 9068, signed with Ed25519 (`EdDSA`, RFC 8037), checked by the rules
//! of RFC 8725: one algorithm, one type, known keys only. Tokens of an OpenID Connect issuer are not read here.
//!
//! Time is a parameter: jsonwebtoken would ask the system clock, so `exp`, `nbf` and `iat` are compared here.

use std::fmt;

use chrono::{DateTime, Utc};
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Life of an access token, in seconds.
const LIFETIME: i64 = 600;
/// How far, in seconds, the clock of the instance that issued a token may be ahead of ours.
const CLOCK_SKEW: i64 = 5;
/// The media type of RFC 9068, section 2.1; it keeps other JWTs of the same key from passing as access tokens.
const TYPE: &str = "at+jwt";
/// RFC 9068 wants the client named; all our tokens are fetched at our own login.
const CLIENT_ID: &str = "vku-partnerships";

/// Why there is no token, or no caller.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Ours and in order, but past its `exp`: fetch a new one.
    #[error("the access token has expired")]
    Expired,
    /// Not a token that we would have issued. The reason is for the log: it tells an attacker what to try next.
    #[error("the access token is not valid: {0}")]
    Invalid(&'static str),
    /// The signing key is not an Ed25519 private key.
    #[error("the signing key is not an Ed25519 private key in PKCS#8 form")]
    Key,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
    /// The token could not be written.
    #[error("the access token could not be signed: {0}")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// An Ed25519 key pair and its name. `Debug` shows the name only.
#[derive(Clone)]
pub struct SigningKey {
    kid: String,
    private: EncodingKey,
    public: DecodingKey,
    jwk: Jwk,
}

impl SigningKey {
    /// A new key pair: its `kid` and its PKCS#8 DER bytes (RFC 8410), which the caller seals and stores.
    ///
    /// # Errors
    /// [`TokenError::Random`] or [`TokenError::Key`].
    pub fn generate() -> Result<(String, Vec<u8>), TokenError> {
        let mut seed = [0; ed25519_dalek::SECRET_KEY_LENGTH];
        getrandom::fill(&mut seed).map_err(|_| TokenError::Random)?;
        let pair = ed25519_dalek::SigningKey::from_bytes(&seed);
        let der = pair.to_pkcs8_der().map_err(|_| TokenError::Key)?.as_bytes().to_vec();
        Ok((Self::from_der(&der)?.kid, der))
    }

    /// Reads PKCS#8 DER, as [`SigningKey::generate`] gives it.
    ///
    /// # Errors
    /// [`TokenError::Key`].
    pub fn from_der(der: &[u8]) -> Result<Self, TokenError> {
        let pair = ed25519_dalek::SigningKey::from_pkcs8_der(der).map_err(|_| TokenError::Key)?;
        let public = DecodingKey::from_ed_der(pair.verifying_key().as_bytes());
        let mut jwk = Jwk::from_decoding_key(&public, Some(Algorithm::EdDSA)).map_err(|_| TokenError::Key)?;
        // RFC 7638: the name follows from the key, so instances that share a key agree on it without a table.
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| TokenError::Key)?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { kid, private: EncodingKey::from_ed_der(der), public, jwk })
    }

    /// Reads PKCS#8 PEM, as `openssl genpkey -algorithm ed25519` writes it (`VKU_JWT_KEY_FILE`).
    ///
    /// # Errors
    /// [`TokenError::Key`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, TokenError> {
        Self::from_der(EncodingKey::from_ed_pem(pem).map_err(|_| TokenError::Key)?.as_bytes())
    }

    /// The RFC 7638 thumbprint (SHA-256) of the public key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// What a token says (RFC 9068, section 2.2, and the role).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it: our public URL.
    pub iss: String,
    /// Whom it is for: this API.
    pub aud: String,
    /// The account.
    pub sub: Uuid,
    /// The client that fetched it.
    pub client_id: String,
    /// Issued at, in seconds since 1970.
    pub iat: i64,
    /// Expires at, in seconds since 1970; from this second on the token is refused.
    pub exp: i64,
    /// Not before, in seconds since 1970. We do not write it, and honour it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// The name of this one token.
    pub jti: Uuid,
    /// The role of the account when the token was issued.
    pub role: String,
}

/// A fresh token, as the token endpoint answers it. No `Debug`: it is a credential.
pub struct AccessToken {
    /// The JWT in compact form.
    pub token: String,
    /// Seconds until it expires.
    pub expires_in: u64,
}

/// Issues with the current key and knows the others: the one before (its tokens live on for ten minutes) and, if there
/// is one, the next (so that it is in everybody's cache before it is used).
#[derive(Debug, Clone)]
pub struct TokenKeys {
    current: SigningKey,
    others: Vec<SigningKey>,
    issuer: String,
    audience: String,
    validation: Validation,
}

impl TokenKeys {
    /// Keys in use, with the issuer and the audience that are written into tokens and asked of them.
    #[must_use]
    pub fn new(current: SigningKey, mut others: Vec<SigningKey>, issuer: String, audience: String) -> Self {
        others.retain(|other| other.kid != current.kid);
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[&audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        validation.validate_exp = false;
        Self { current, others, issuer, audience, validation }
    }

    /// A token for the account, good for ten minutes from `now`.
    ///
    /// # Errors
    /// [`TokenError::Sign`].
    pub fn issue(&self, subject: Uuid, role: &str, now: DateTime<Utc>) -> Result<AccessToken, TokenError> {
        let iat = now.timestamp();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: subject,
            client_id: CLIENT_ID.to_owned(),
            iat,
            exp: iat.saturating_add(LIFETIME),
            nbf: None,
            jti: Uuid::new_v4(),
            role: role.to_owned(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.current.kid.clone());
        let token =
            jsonwebtoken::encode(&header, &claims, &self.current.private).map_err(TokenError::Sign)?;
        Ok(AccessToken { token, expires_in: LIFETIME.unsigned_abs() })
    }

    /// What the token says, if we issued it for this API and it is good at `now`.
    ///
    /// # Errors
    /// [`TokenError::Expired`] for a token that is in order but for its age, [`TokenError::Invalid`] for all others.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        let header =
            jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid("unreadable header"))?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err(TokenError::Invalid("not of type at+jwt"));
        }
        // RFC 7515, section 4.1.11: who does not understand an extension that is marked critical must refuse.
        if header.crit.is_some() {
            return Err(TokenError::Invalid("critical header extension"));
        }
        // The header only chooses among our keys; `jwk`, `jku` and `x5c` in it are never looked at.
        let key = self
            .keys()
            .find(|key| header.kid.as_deref() == Some(key.kid()))
            .ok_or(TokenError::Invalid("unknown key"))?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.public, &self.validation)
            .map_err(|error| refused(&error))?
            .claims;

        let now = now.timestamp();
        if claims.iat.saturating_sub(now) > CLOCK_SKEW {
            return Err(TokenError::Invalid("issued in the future"));
        }
        if claims.nbf.is_some_and(|nbf| now < nbf) {
            return Err(TokenError::Invalid("not good yet"));
        }
        // Last: "expired" says that everything else was right.
        if now >= claims.exp {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }

    /// The public keys as a JWK Set (RFC 7517), current first, for `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        serde_json::json!({ "keys": self.keys().map(|key| &key.jwk).collect::<Vec<_>>() })
    }

    fn keys(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.current).chain(&self.others)
    }
}

fn refused(error: &jsonwebtoken::errors::Error) -> TokenError {
    use jsonwebtoken::errors::ErrorKind;
    TokenError::Invalid(match error.kind() {
        ErrorKind::InvalidAlgorithm => "algorithm is not EdDSA",
        ErrorKind::InvalidSignature => "wrong signature",
        ErrorKind::InvalidIssuer => "wrong issuer",
        ErrorKind::InvalidAudience => "wrong audience",
        _ => "unreadable or incomplete",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://exchange.example";
    const AUDIENCE: &str = "https://exchange.example/api";
    const SUBJECT: Uuid = Uuid::from_u128(7);

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
        keys.issue(SUBJECT, "member", now()).unwrap().token
    }
    fn header(key: &SigningKey) -> Value {
        json!({"typ": "at+jwt", "alg": "EdDSA", "kid": key.kid()})
    }
    fn claims() -> Value {
        let iat = now().timestamp();
        json!({"iss": ISSUER, "aud": AUDIENCE, "sub": SUBJECT, "client_id": CLIENT_ID, "iat": iat, "exp": iat + 600,
            "jti": Uuid::from_u128(9), "role": "member"})
    }
    /// A token with any header and claims, signed as asked: what an attacker, or a holder of the key, could send.
    fn forge(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
        format!("{message}.{signature}")
    }
    fn signed(key: &SigningKey, header: &Value, claims: &Value) -> String {
        forge(header, claims, &key.private, Algorithm::EdDSA)
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
    fn verifies_what_it_issued() {
        let (current, before) = (key(), key());
        let both = keys(&current, &[&before]);
        let issued = both.issue(SUBJECT, "member", now()).unwrap();
        assert_eq!(issued.expires_in, 600);
        let claims = both.verify(&issued.token, now()).unwrap();
        assert_eq!((claims.sub, claims.role.as_str(), claims.exp - claims.iat), (SUBJECT, "member", 600));
        assert_eq!((claims.iss.as_str(), claims.aud.as_str()), (ISSUER, AUDIENCE));
        assert_ne!(claims.jti, both.verify(&issue(&both), now()).unwrap().jti);

        let head = jsonwebtoken::decode_header(&issued.token).unwrap();
        assert_eq!((head.typ.as_deref(), head.alg), (Some("at+jwt"), Algorithm::EdDSA));
        assert_eq!(head.kid.as_deref(), Some(current.kid()));
        // A forged twin of the real thing passes: so what is refused below is refused for the one change in it.
        assert!(both.verify(&signed(&current, &header(&current), &super::tests::claims()), now()).is_ok());
    }

    #[test]
    fn keys_rotate() {
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
        let message = format!("{}.{}.", BASE64.encode(none.to_string()), BASE64.encode(claims().to_string()));
        refuses(&all, &message, "unreadable header");
        let (head, _) = message.split_at(message.len() - 1);
        refuses(&all, head, "unreadable header");

        // The classic: our public key, which everybody has, used as the secret of a symmetric algorithm.
        let hs256 = with(header(&key), "alg", json!("HS256"));
        let public = key.public.try_get_as_bytes().unwrap();
        let jwk = all.jwks()["keys"][0].to_string();
        for secret in [public, jwk.as_bytes(), BASE64.encode(public).as_bytes()] {
            let token = forge(&hs256, &claims(), &EncodingKey::from_secret(secret), Algorithm::HS256);
            refuses(&all, &token, "algorithm is not EdDSA");
        }
    }

    #[test]
    fn refuses_other_keys_and_what_the_header_says_of_them() {
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
        refuses(
            &all,
            &claimed("aud", json!([AUDIENCE, "https://other.example"])),
            "unreadable or incomplete",
        );
        refuses(&all, &claimed("iss", json!([ISSUER])), "unreadable or incomplete");
    }

    #[test]
    fn wants_every_claim() {
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
    fn asks_the_given_clock() {
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
        // Who has no key does not learn from "expired" that anything was right.
        let old = with(claims(), "exp", json!(1));
        refuses(&all, &signed(&super::tests::key(), &header(&key), &old), "wrong signature");
    }

    /// Key, public key and thumbprint of RFC 8037, appendices A.1 to A.3.
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
}
