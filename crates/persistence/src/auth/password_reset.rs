//! Password reset: a token lets its bearer set a new password, once, within an hour. Nothing is stored: the
//! token is signed and bound to the current password, so that it is worthless once the password has changed.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::mail::Mail;

use crate::auth::account::SigningIn;
use crate::kernel::store::Store;

/// How long a token is valid.
const LIFETIME: TimeDelta = TimeDelta::hours(1);
const CONTEXT: &[u8] = b"password reset";
/// The number of bytes of the hash of the current password.
const PASSWORD_HASH_BYTES: usize = 16;

impl Store {
    /// Returns the token that lets its bearer set a new password.
    pub fn reset_token(&self, account: &SigningIn) -> String {
        let until = (self.now() + LIFETIME).timestamp().to_be_bytes();
        let payload = [account.id.as_bytes().as_slice(), &until, &password_fingerprint(account)].concat();
        self.token_key().sign(CONTEXT, &payload)
    }

    /// Queues an e-mail in a transaction of its own.
    ///
    /// Errors: the database is unavailable.
    pub async fn queue_mail_now(&self, mail: Mail) -> Result<(), Error> {
        self.in_own_transaction(async |writer| writer.post(mail).await).await
    }

    /// Returns the account of a token; `None` if we did not issue the token, or it is expired or used.
    ///
    /// Errors: the database is unavailable.
    pub async fn reset_of(&self, token: &str) -> Result<Option<SigningIn>, Error> {
        let Some((id, until, marked)) = self.open_reset(token) else { return Ok(None) };
        if self.now() >= until {
            return Ok(None);
        }
        let found = self.signed_in(id).await?.map(|(account, _)| account);
        Ok(found.filter(|account| password_fingerprint(account) == marked))
    }

    /// Sets a new password, ends the logins and revokes the API keys of the account; returns `false` if the
    /// account has changed in the meantime.
    ///
    /// Errors: the database is unavailable.
    pub async fn reset_password(&self, account: &SigningIn, hash: &str) -> Result<bool, Error> {
        self.in_own_transaction(async |writer| {
            if writer.lock_unchanged_account(account).await?.is_none() {
                return Ok(false);
            }
            writer.set_password(account.id, hash).await?;
            writer.revoke_all_logins(account.id).await?;
            Ok(true)
        })
        .await
    }

    fn open_reset(&self, token: &str) -> Option<(Uuid, DateTime<Utc>, [u8; PASSWORD_HASH_BYTES])> {
        let payload = self.token_key().open(CONTEXT, token)?;
        let (id, rest) = payload.split_first_chunk::<16>()?;
        let (until, marked) = rest.split_first_chunk::<8>()?;
        let until = DateTime::from_timestamp(i64::from_be_bytes(*until), 0)?;
        Some((Uuid::from_bytes(*id), until, marked.try_into().ok()?))
    }
}

fn password_fingerprint(account: &SigningIn) -> [u8; PASSWORD_HASH_BYTES] {
    let hash: [u8; 32] = Sha256::digest(account.password_hash.as_deref().unwrap_or_default()).into();
    hash.first_chunk().copied().unwrap_or_default()
}
