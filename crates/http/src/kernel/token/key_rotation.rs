//! The signing keys in the database: two at most, of which the newest that everybody knows signs.

use chrono::{DateTime, TimeDelta, Utc};
use vku_domain::kernel::error::Error;
use vku_persistence::kernel::crypto::keyring::{Kept, Keyring};

use super::{SigningKey, TokenError};

/// The row of the first key; those that replace it have their `kid` behind it.
const KIND: &str = "signing";
/// A key signs once it has stood in the key set so long: by then whoever keeps a copy of the set has it.
const PUBLISH_BEFORE_USE: TimeDelta = TimeDelta::minutes(10);
/// How old the newest has to be before it is replaced: then no token of the one before it is good any more.
const REPLACE_AFTER_USE: TimeDelta = TimeDelta::minutes(20);
/// A key that is older is replaced without being asked.
const RETIRE_AFTER: TimeDelta = TimeDelta::days(90);

/// Why the keys were not replaced.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// Tokens of the key before it would be refused although they are good.
    #[error(
        "the newest signing key is not yet 20 minutes old; use `--now` to drop all others and sign with a \
         new key at once"
    )]
    TooYoung,
    /// The database is away, or the keys were sealed with another secret.
    #[error("{0}")]
    Failed(Error),
}

/// The keys, newest first, and which of them signs at `now`.
pub(super) fn choose(keys: &[(SigningKey, DateTime<Utc>)], now: DateTime<Utc>) -> Option<&SigningKey> {
    let ripe = keys.iter().find(|(_, made)| *made + PUBLISH_BEFORE_USE <= now);
    // Where none is ripe, the oldest is the one that is known best.
    ripe.or(keys.last()).map(|(key, _)| key)
}

/// The stored keys, newest first; the first is made here, and an old one replaced.
///
/// Errors: the database is away, or the keys were sealed with another secret.
pub(super) async fn load(keyring: &Keyring) -> Result<Vec<(SigningKey, DateTime<Utc>)>, Error> {
    let mut kept = keyring.all(KIND).await?;
    if kept.is_empty() {
        keyring.get(KIND, || generate().map(|(_, key)| key)).await?;
        kept = keyring.all(KIND).await?;
    } else if kept.first().is_some_and(|newest| newest.created_at + RETIRE_AFTER <= keyring.now()) {
        replace(keyring, RETIRE_AFTER).await?;
        kept = keyring.all(KIND).await?;
    }
    let read = |kept: Kept| Ok((SigningKey::from_der(&kept.key).map_err(Error::internal)?, kept.created_at));
    kept.into_iter().map(read).collect()
}

/// Makes a new key. It signs after ten minutes; the one before it verifies until the next is made. `at_once`, after a
/// key was stolen, drops all others, and with them every access token that is out.
///
/// # Errors
/// [`RotateError`].
pub async fn rotate(keyring: &Keyring, at_once: bool) -> Result<(), RotateError> {
    if at_once {
        let all = |_: &[Kept]| generate().map(|(kid, key)| Some((0, kid, key)));
        return keyring.replace(KIND, all).await.map_err(RotateError::Failed);
    }
    match replace(keyring, REPLACE_AFTER_USE).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(RotateError::TooYoung),
        Err(error) => Err(RotateError::Failed(error)),
    }
}

/// Replaces the keys if the newest is that old; whoever comes second finds a young one, and leaves it.
async fn replace(keyring: &Keyring, age: TimeDelta) -> Result<bool, Error> {
    let now = keyring.now();
    let mut replaced = false;
    let decide = |kept: &[Kept]| {
        if kept.first().is_some_and(|newest| now < newest.created_at + age) {
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
    fn a_new_key_signs_when_everybody_knows_it() {
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
