//! API keys: credentials for scripts, which act on behalf of their owner, narrowed by scopes.

use chrono::{DateTime, Utc};
use deserr::Deserr;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bilingual;
use crate::kernel::access::scope::Scopes;
use crate::kernel::error::Error;
use crate::kernel::parameters::InstantParam;
use crate::kernel::value::SingleLine;
use crate::kernel::violation::{FieldError, Violations};

/// The maximum number of scopes of a key. More than exist must be a mistake.
const MAX_SCOPES: usize = 100;

/// A new API key.
#[derive(Clone, Debug, Deserr, ToSchema)]
#[deserr(error = Violations, deny_unknown_fields)]
// `NewApiKey` would be the constructor of `ApiKey` in a Go client.
#[schema(as = ApiKeyInput)]
pub struct NewApiKey {
    /// What the key is used for, to distinguish it from others.
    pub name: SingleLine,
    /// What the key may do: `<collection>:read` and `<collection>:write`, `personal_data:read`, `audit:read`,
    /// `mails:read`. Sub-collections (contacts of members, funding of partnerships) belong to their collection. A key
    /// never has more permissions than its owner.
    #[schema(min_items = 1, max_items = 100)]
    pub scopes: Vec<String>,
    /// When the key expires; never by default.
    #[deserr(default)]
    #[schema(format = DateTime, nullable = false)]
    pub expires_at: Option<String>,
}

impl NewApiKey {
    /// Returns the scopes and the expiry.
    ///
    /// Errors: 422 for unknown scopes (with the most similar known one), for no scopes, and for an expiry in the past.
    pub fn check(
        &self,
        known: &[String],
        now: DateTime<Utc>,
    ) -> Result<(Scopes, Option<DateTime<Utc>>), Error> {
        let mut violations = Violations::default();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        if self.scopes.is_empty() {
            let detail = bilingual!(
                "A key must have at least one scope.",
                "Ein Schlüssel hat mindestens einen Scope."
            );
            violations.member("/scopes", "too_few", detail);
        }
        if self.scopes.len() > MAX_SCOPES {
            let detail = bilingual!(
                "A key can have at most {MAX_SCOPES} scopes.",
                "Ein Schlüssel hat höchstens {MAX_SCOPES} Scopes."
            );
            violations.member("/scopes", "too_many", detail);
        }
        for (index, scope) in self.scopes.iter().take(MAX_SCOPES).enumerate() {
            if !known.contains(&scope.as_str()) {
                let FieldError { code, detail } = FieldError::unknown_value(scope, &known);
                violations.member(format!("/scopes/{index}"), code, detail);
            }
        }
        let mut expiry = None;
        match self.expires_at.as_deref().map(str::parse) {
            None => {}
            Some(Ok(InstantParam(at))) if at > now => expiry = Some(at),
            Some(Ok(_)) => {
                let detail =
                    bilingual!("The expiry must be in the future.", "Das Ende muss in der Zukunft liegen.");
                violations.member("/expires_at", "out_of_range", detail);
            }
            Some(Err(FieldError { code, detail })) => violations.member("/expires_at", code, detail),
        }
        if violations.is_empty() {
            Ok((self.scopes.iter().collect(), expiry))
        } else {
            Err(Error::invalid(violations))
        }
    }
}

/// An API key. The key itself is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The id, a UUIDv7.
    pub id: Uuid,
    /// What the key is used for.
    pub name: String,
    /// The start of the key, to find where it is used.
    pub prefix: String,
    /// The scopes.
    pub scopes: Scopes,
    /// The time of creation.
    pub created_at: DateTime<Utc>,
    /// The time of expiry.
    pub expires_at: Option<DateTime<Utc>>,
    /// The time of the last use, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}
