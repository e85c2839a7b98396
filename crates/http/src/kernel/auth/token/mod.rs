//! Our own access tokens: JWT by the profile of RFC 9068, signed with Ed25519 (`EdDSA`, RFC 8037), checked by the rules
//! of RFC 8725: one algorithm, one type, known keys only. Tokens of an OpenID Connect issuer are not accepted.
//!
//! Time is a parameter: jsonwebtoken would use the system clock, so `exp`, `nbf` and `iat` are checked here.

mod ed25519;
mod key_cache;
mod key_rotation;
mod signing_key;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use key_cache::SigningKeyCache;
pub(crate) use key_cache::invalid;
pub use key_rotation::{RotateError, rotate};
pub use signing_key::SigningKey;

/// The lifetime of an access token, in seconds.
const LIFETIME: i64 = 600;
/// The number of seconds by which the clock of the instance that issued a token may be ahead of ours.
const CLOCK_SKEW: i64 = 5;
/// The media type of RFC 9068, section 2.1; it prevents other JWTs of the same key from passing as access tokens.
const TYPE: &str = "at+jwt";
/// RFC 9068 requires `client_id`; all our tokens are issued at our own login.
const CLIENT_ID: &str = "vku-partnerships";

/// The only reason that may be temporary: another instance may have created a key since ours were loaded.
const UNKNOWN_KEY: &str = "unknown key";

/// Why a token could not be issued or verified.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The token is one of ours and valid, except that `exp` has passed: get a new one.
    #[error("the access token has expired")]
    Expired,
    /// The token is not one that we would have issued. The reason is only for the log: it would tell an attacker what
    /// to try next.
    #[error("the access token is invalid: {0}")]
    Invalid(&'static str),
    /// The signing key is not an Ed25519 private key.
    #[error("the signing key is not an Ed25519 private key in PKCS#8 form")]
    Key,
    /// The operating system provided no random bytes.
    #[error("the operating system provides no random bytes")]
    Random,
    /// The token could not be signed.
    #[error("the access token could not be signed: {0}")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// The claims of a token (RFC 9068, section 2.2, plus login and role).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer: our public URL.
    pub iss: String,
    /// The audience: this API.
    pub aud: String,
    /// The account.
    pub sub: Uuid,
    /// The client to which the token was issued.
    pub client_id: String,
    /// Issued at, in seconds since 1970.
    pub iat: i64,
    /// Expires at, in seconds since 1970; from this second on the token is rejected.
    pub exp: i64,
    /// Not before, in seconds since 1970. We do not set it, but we check it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// The unique id of the token.
    pub jti: Uuid,
    /// The login to which the token was issued: the token becomes invalid when the login ends.
    pub sid: Uuid,
    /// The role of the account when the token was issued.
    pub role: String,
}

/// A new access token, for the response of the token endpoint. No `Debug`: it is a credential.
pub struct AccessToken {
    /// The JWT in compact serialization.
    pub token: String,
    /// Seconds until it expires.
    pub expires_in: u64,
}

/// The keys of access tokens. The current key signs; the others only verify: the previous one (its tokens stay valid
/// for ten minutes) and, if there is one, the next one (so that it is in every cache before it is used).
#[derive(Debug, Clone)]
pub struct TokenKeys {
    current: SigningKey,
    others: Vec<SigningKey>,
    issuer: String,
    audience: String,
    validation: Validation,
}

impl TokenKeys {
    /// The keys in use, with the issuer and the audience that are written into tokens and required of them.
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

    /// Issues a token to the account in this login, valid for ten minutes from `now`.
    ///
    /// # Errors
    /// [`TokenError::Sign`].
    pub fn issue(
        &self,
        subject: Uuid,
        login: Uuid,
        role: &str,
        now: DateTime<Utc>,
    ) -> Result<AccessToken, TokenError> {
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
            sid: login,
            role: role.to_owned(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.current.kid.clone());
        let token =
            jsonwebtoken::encode(&header, &claims, &self.current.private).map_err(TokenError::Sign)?;
        Ok(AccessToken { token, expires_in: LIFETIME.unsigned_abs() })
    }

    /// Returns the claims of the token, if we issued it for this API and it is valid at `now`.
    ///
    /// # Errors
    /// [`TokenError::Expired`] for a token that is valid except for its age, [`TokenError::Invalid`] for all others.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        let header =
            jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid("unreadable header"))?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err(TokenError::Invalid("not of type at+jwt"));
        }
        // RFC 7515, section 4.1.11: a recipient must reject critical extensions that it does not understand.
        if header.crit.is_some() {
            return Err(TokenError::Invalid("critical header extension"));
        }
        // The header only selects one of our keys; `jwk`, `jku` and `x5c` in it are ignored.
        let key = self
            .keys()
            .find(|key| header.kid.as_deref() == Some(key.kid()))
            .ok_or(TokenError::Invalid(UNKNOWN_KEY))?;
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
        // Checked last: "expired" implies that everything else was right.
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

    /// Whether one of the keys has this `kid`.
    fn has(&self, kid: &str) -> bool {
        self.keys().any(|key| key.kid() == kid)
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
mod tests;
