//! The current signing keys: reloaded when they may have changed, so that all instances follow a rotation.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::LocalBoxFuture;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_persistence::kernel::crypto::keyring::Keyring;

use super::{AccessToken, Claims, SigningKey, TokenError, TokenKeys, UNKNOWN_KEY, key_rotation};

/// How long the keys are used before they are reloaded.
const REFRESH_INTERVAL: TimeDelta = TimeDelta::seconds(60);
/// How long the keys are used before an unknown `kid` makes them reload: anybody can invent one.
const RETRY_INTERVAL: TimeDelta = TimeDelta::seconds(5);
/// The maximum number of verified tokens that are remembered; others are verified again.
const MAX_VERIFIED_TOKENS: usize = 10_000;

struct Loaded {
    keys: Arc<TokenKeys>,
    at: DateTime<Utc>,
}

/// The claims of a verified token, and the key that signed it.
#[derive(Clone)]
struct Verified {
    kid: Arc<str>,
    claims: Arc<Claims>,
}

/// The keys that sign access tokens, and the tokens that were verified with them.
///
/// Only the claims of genuine tokens are remembered. Whether the login has ended and the account is enabled is
/// checked with every request.
pub struct SigningKeyCache {
    keyring: Keyring,
    file: Option<SigningKey>,
    issuer: String,
    audience: String,
    loaded: RwLock<Loaded>,
    loading: Mutex<()>,
    verified: Cache<[u8; 32], Verified>,
}

impl SigningKeyCache {
    /// Loads the keys. If there is a key from a file, it signs, and the keys in the database only verify.
    ///
    /// Errors: the database is unavailable, or its keys were sealed with a different secret.
    pub async fn open(
        keyring: Keyring,
        file: Option<SigningKey>,
        issuer: String,
        audience: String,
    ) -> Result<Self, Error> {
        let keys = load(&keyring, file.as_ref(), &issuer, &audience).await?;
        let loaded = RwLock::new(Loaded { keys: Arc::new(keys), at: keyring.now() });
        let (loading, verified) = (Mutex::new(()), Cache::new(MAX_VERIFIED_TOKENS));
        Ok(Self { keyring, file, issuer, audience, loaded, loading, verified })
    }

    /// Issues a token to the account in this login, valid for ten minutes.
    ///
    /// Errors: the database is unavailable.
    pub async fn issue(&self, account: Uuid, login: Uuid, role: &str) -> Result<AccessToken, Error> {
        let keys = self.no_older_than(REFRESH_INTERVAL).await?;
        keys.issue(account, login, role, self.keyring.now()).map_err(Error::internal)
    }

    /// Returns the claims of the token, if we issued it and it is valid now.
    ///
    /// Errors: 401, without the reason; the database is unavailable.
    pub async fn verify(&self, token: &str) -> Result<Arc<Claims>, Error> {
        let now = self.keyring.now();
        let mut keys = self.no_older_than(REFRESH_INTERVAL).await?;
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(Verified { kid, claims }) = self.verified.get(&digest)
            && keys.has(&kid)
        {
            return if now.timestamp() < claims.exp { Ok(claims) } else { Err(invalid(TokenError::Expired)) };
        }
        let mut verified = keys.verify(token, now);
        if matches!(verified, Err(TokenError::Invalid(UNKNOWN_KEY))) {
            keys = self.no_older_than(RETRY_INTERVAL).await?;
            verified = keys.verify(token, now);
        }
        let claims = Arc::new(verified.map_err(invalid)?);
        if let Some(kid) = jsonwebtoken::decode_header(token).ok().and_then(|header| header.kid) {
            self.verified.insert(digest, Verified { kid: kid.into(), claims: claims.clone() });
        }
        Ok(claims)
    }

    /// The public keys as a JWK Set (RFC 7517).
    ///
    /// Errors: the database is unavailable.
    pub async fn jwks(&self) -> Result<serde_json::Value, Error> {
        Ok(self.no_older_than(REFRESH_INTERVAL).await?.jwks())
    }

    /// Returns the keys, reloaded if they were loaded longer ago than `age`.
    async fn no_older_than(&self, age: TimeDelta) -> Result<Arc<TokenKeys>, Error> {
        match self.if_younger_than(age) {
            Some(keys) => Ok(keys),
            None => self.reload(age).await,
        }
    }

    /// Boxed, so that its code is compiled once.
    fn reload(&self, age: TimeDelta) -> LocalBoxFuture<'_, Result<Arc<TokenKeys>, Error>> {
        Box::pin(async move {
            let _guard = self.loading.lock().await;
            // Another request may have reloaded them while this one waited.
            if let Some(keys) = self.if_younger_than(age) {
                return Ok(keys);
            }
            let at = self.keyring.now();
            let keys = load(&self.keyring, self.file.as_ref(), &self.issuer, &self.audience).await?;
            let keys = Arc::new(keys);
            *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Loaded { keys: keys.clone(), at };
            Ok(keys)
        })
    }

    fn if_younger_than(&self, age: TimeDelta) -> Option<Arc<TokenKeys>> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        (self.keyring.now() <= loaded.at + age).then(|| loaded.keys.clone())
    }
}

/// The same error for everything that can be wrong with a token; the reason is only logged.
pub(crate) fn invalid(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let detail = bilingual!("Get a new access token.", "Holen Sie ein neues Access-Token.");
    Error { source: Some(reason.into()), ..Error::new(Code::InvalidToken, detail) }
}

async fn load(
    keyring: &Keyring,
    file: Option<&SigningKey>,
    issuer: &str,
    audience: &str,
) -> Result<TokenKeys, Error> {
    let stored = key_rotation::load(keyring).await?;
    let current = file.or(key_rotation::choose(&stored, keyring.now())).cloned();
    let current = current.ok_or_else(|| Error::internal("there is no signing key"))?;
    let others = stored.into_iter().map(|(key, _)| key).collect();
    Ok(TokenKeys::new(current, others, issuer.to_owned(), audience.to_owned()))
}
