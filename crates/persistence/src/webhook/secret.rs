//! The secrets that sign deliveries, as in Standard Webhooks: `whsec_` and the base64 of 32 random bytes. They are
//! stored sealed, and shown once. After a rotation the previous one stays valid for a day, and both sign.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use sha2::Sha256;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::webhook::Webhook;

use super::progress::row;
use crate::kernel::crypto::signed_token::TokenKey;
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::transaction::Writer;

/// The prefix of secrets, by which libraries and secret scanners recognise them.
const PREFIX: &str = "whsec_";
/// How long a previous secret stays valid.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// A secret. Without `Debug`: it must not get into logs.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    fn generate() -> Result<Self, Error> {
        let mut bytes = vec![0; 32];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        Ok(Self(bytes))
    }

    /// Returns the secret as receivers configure it.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// Returns the signature of a delivery: `v1,` and the base64 of the HMAC-SHA256 of id, time and body, separated by
    /// dots.
    ///
    /// Errors: never, because HMAC takes keys of any length.
    pub fn sign(&self, event_id: &str, timestamp: i64, body: &str) -> Result<String, Error> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(Error::internal)?;
        mac.update(format!("{event_id}.{timestamp}.{body}").as_bytes());
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }

    fn seal(&self, key: &TokenKey, webhook: Uuid) -> Result<String, Error> {
        key.seal(&context(webhook), &self.0).ok_or_else(|| Error::internal("a secret cannot be sealed"))
    }

    fn open(key: &TokenKey, webhook: Uuid, sealed: &str) -> Result<Self, Error> {
        let bytes = key.unseal(&context(webhook), sealed);
        bytes.map(Self).ok_or_else(|| Corrupt::from("the secret of a webhook cannot be opened").into())
    }
}

fn context(webhook: Uuid) -> Vec<u8> {
    format!("webhook secret|{webhook}").into_bytes()
}

/// Returns the secrets that are valid at an instant, the current one first.
pub(super) fn valid(
    key: &TokenKey,
    row: &row::Model,
    at: DateTime<Utc>,
) -> Result<Vec<WebhookSecret>, Error> {
    let old = row.old_secret.as_deref().filter(|_| row.old_secret_until.is_some_and(|until| until > at));
    let sealed = std::iter::once(row.secret.as_str()).chain(old);
    sealed.map(|sealed| WebhookSecret::open(key, row.webhook_id, sealed)).collect()
}

impl Writer<'_> {
    /// Makes the secret of a new webhook, sealed.
    pub(super) fn new_webhook_secret(&self, webhook: Uuid) -> Result<String, Error> {
        WebhookSecret::generate()?.seal(self.cursors(), webhook)
    }

    /// Returns the secret of a webhook, once; in a dry run, a sample of one.
    ///
    /// Errors: 401, 403, 404; 409 if it has been shown.
    pub async fn reveal_webhook_secret(&self, webhook: &Key) -> Result<WebhookSecret, Error> {
        let webhook = self.open::<Webhook>(Action::Update, webhook).await?.id;
        // Whoever changes the row may show the secret: of two at once, one.
        let update = row::Entity::update_many()
            .col_expr(row::Column::SecretShown, Expr::val(true))
            .filter(row::Column::WebhookId.eq(webhook))
            .filter(row::Column::SecretShown.eq(false));
        if update.exec(self.tx()).await.map_err(failed)?.rows_affected == 0 {
            let detail = bilingual!(
                "The secret has been shown already, and is not shown again. If it is lost, `POST …/rotate-secret` makes \
                 another one.",
                "Das Geheimnis wurde schon gezeigt und wird nicht noch einmal gezeigt. Ist es verloren, macht `POST \
                 …/rotate-secret` ein neues."
            );
            return Err(Error::new(Code::SecretAlreadyShown, detail));
        }
        if self.writing().dry_run {
            return WebhookSecret::generate();
        }
        let row = row::Entity::find_by_id(webhook).one(self.tx()).await.map_err(failed)?;
        let row = row.ok_or_else(|| Corrupt::from("a webhook without a secret"))?;
        WebhookSecret::open(self.cursors(), webhook, &row.secret)
    }

    /// Replaces the secret of a webhook, and returns the new one; the previous one stays valid until the instant.
    ///
    /// Errors: 401, 403, 404.
    pub async fn rotate_webhook_secret(
        &self,
        webhook: &Key,
    ) -> Result<(WebhookSecret, DateTime<Utc>), Error> {
        let webhook = self.open::<Webhook>(Action::Update, webhook).await?.id;
        let secret = WebhookSecret::generate()?;
        let until = self.written_at() + OVERLAP;
        let update = row::Entity::update_many()
            .col_expr(row::Column::OldSecret, Expr::col(row::Column::Secret))
            .col_expr(row::Column::OldSecretUntil, Expr::val(until))
            .col_expr(row::Column::Secret, Expr::val(secret.seal(self.cursors(), webhook)?))
            .col_expr(row::Column::SecretShown, Expr::val(true))
            .filter(row::Column::WebhookId.eq(webhook));
        update.exec(self.tx()).await.map_err(failed)?;
        Ok((secret, until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn a_signature_is_that_of_the_reference_libraries() {
        let secret = WebhookSecret(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        assert_eq!(secret.shown(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_sealed_secret_opens_for_its_webhook_only() {
        let key = TokenKey::from_bytes([3; 32]);
        let secret = WebhookSecret::generate().unwrap();
        let sealed = secret.seal(&key, Uuid::from_u128(1)).unwrap();
        assert!(!sealed.contains(&secret.shown()[6..]));
        assert!(WebhookSecret::open(&key, Uuid::from_u128(1), &sealed).is_ok_and(|opened| opened == secret));
        assert!(WebhookSecret::open(&key, Uuid::from_u128(2), &sealed).is_err());
        assert!(WebhookSecret::generate().unwrap() != secret);
    }
}
