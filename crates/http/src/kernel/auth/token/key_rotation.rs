//! The signing keys in the database: two at most. The newest that has been published long enough signs.

use chrono::{DateTime, TimeDelta, Utc};
use vku_domain::kernel::error::Error;
use vku_persistence::kernel::crypto::keyring::{Keyring, StoredKey};

use super::{SigningKey, TokenError};

/// The kind in the keyring, which is also the name of the first key; the names of later keys end in their `kid`.
const KIND: &str = "signing";
/// How long a key is in the JWK Set before it signs: by then it is in every copy of the set.
const PUBLISH_BEFORE_USE: TimeDelta = TimeDelta::minutes(10);
/// The minimum age of the newest key before it is replaced: by then, no token of the previous key is valid.
const REPLACE_AFTER_USE: TimeDelta = TimeDelta::minutes(20);
/// Older keys are replaced automatically.
const RETIRE_AFTER: TimeDelta = TimeDelta::days(90);

/// Why the keys were not replaced.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// Valid tokens of the previous key would be rejected.
    #[error(
        "the newest signing key is not yet 20 minutes old; use `--now` to revoke all others and sign with a new key \
         at once"
    )]
    TooYoung,
    /// The database is unavailable, or the keys were sealed with a different secret.
    #[error("{0}")]
    Failed(Error),
}

/// Returns the key that signs at `now`, of keys that are sorted newest first.
pub(super) fn choose(keys: &[(SigningKey, DateTime<Utc>)], now: DateTime<Utc>) -> Option<&SigningKey> {
    let published = keys.iter().find(|(_, created)| *created + PUBLISH_BEFORE_USE <= now);
    // If none has been published long enough, the oldest is in the most copies of the set.
    published.or(keys.last()).map(|(key, _)| key)
}

/// Loads the keys, newest first. Creates the first key, and replaces a key that is too old.
///
/// Errors: the database is unavailable, or the keys were sealed with a different secret.
pub(super) async fn load(keyring: &Keyring) -> Result<Vec<(SigningKey, DateTime<Utc>)>, Error> {
    let mut stored = keyring.all(KIND).await?;
    if stored.is_empty() {
        keyring.get(KIND, || generate().map(|(_, key)| key)).await?;
        stored = keyring.all(KIND).await?;
    } else if stored.first().is_some_and(|newest| newest.created_at + RETIRE_AFTER <= keyring.now()) {
        replace(keyring, RETIRE_AFTER).await?;
        stored = keyring.all(KIND).await?;
    }
    let read = |stored: StoredKey| {
        Ok((SigningKey::from_der(&stored.key).map_err(Error::internal)?, stored.created_at))
    };
    stored.into_iter().map(read).collect()
}

/// Creates a new key. It signs after ten minutes; the previous key verifies until the next rotation. `at_once`, for a
/// stolen key, drops all other keys, which invalidates all access tokens.
///
/// # Errors
/// [`RotateError`].
pub async fn rotate(keyring: &Keyring, at_once: bool) -> Result<(), RotateError> {
    if at_once {
        let all = |_: &[StoredKey]| generate().map(|(kid, key)| Some((0, kid, key)));
        return keyring.replace(KIND, all).await.map_err(RotateError::Failed);
    }
    match replace(keyring, REPLACE_AFTER_USE).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(RotateError::TooYoung),
        Err(error) => Err(RotateError::Failed(error)),
    }
}

/// Adds a key if the newest is at least that old; a second instance that tries at the same time finds the new key,
/// and does nothing.
async fn replace(keyring: &Keyring, age: TimeDelta) -> Result<bool, Error> {
    let now = keyring.now();
    let mut replaced = false;
    let decide = |keys: &[StoredKey]| {
        if keys.first().is_some_and(|newest| now < newest.created_at + age) {
            return Ok(None);
        }
        replaced = true;
        generate().map(|(kid, key)| Some((1, kid, key)))
    };
    keyring.replace(KIND, decide).await?;
    Ok(replaced)
}

fn generate() -> Result<(String, Vec<u8>), Error> {
    SigningKey::generate().map_err(|error: TokenError| Error::internal(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_signs_once_it_has_been_published_for_ten_minutes() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let key = |minutes| {
            (SigningKey::from_der(&generate().unwrap().1).unwrap(), now - TimeDelta::minutes(minutes))
        };
        let kid = |keys: &[(SigningKey, DateTime<Utc>)]| {
            let chosen = choose(keys, now).unwrap().kid();
            keys.iter().position(|(key, _)| key.kid() == chosen).unwrap()
        };
        assert_eq!(kid(&[key(0)]), 0, "the only one");
        assert_eq!(kid(&[key(9), key(60)]), 1);
        assert_eq!(kid(&[key(10), key(60)]), 0);
        assert_eq!(kid(&[key(1), key(2)]), 1, "made at once by two instances");
        assert!(choose(&[], now).is_none());
    }
}
