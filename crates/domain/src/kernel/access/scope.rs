//! Scopes: what an API key may do of what its owner may.

use std::collections::BTreeSet;

use crate::kernel::error::{Code, Error};

/// Reads what is personal: contacts and the like, beside the scope of where they stand.
pub const PERSONAL_DATA: &str = "personal_data:read";
/// Reads the audit.
pub const AUDIT: &str = "audit:read";
/// Reads the outbox.
pub const MAILS: &str = "mails:read";

/// The scope that reads a collection, or writes to it.
pub fn scope(collection: &str, write: bool) -> String {
    format!("{collection}:{}", if write { "write" } else { "read" })
}

/// Every scope there is, over these main collections.
pub fn known<'a>(collections: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let both = |collection| [scope(collection, false), scope(collection, true)];
    collections.into_iter().flat_map(both).chain([PERSONAL_DATA, AUDIT, MAILS].map(str::to_owned)).collect()
}

/// The scopes of a key. Nothing follows from another: who writes and reads needs both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// The words, in the order of the alphabet.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// `Ok` where the scope is among them.
    ///
    /// Errors: 403, naming the scope in `allowed`.
    pub fn grant(&self, scope: &str) -> Result<(), Error> {
        if self.0.contains(scope) {
            return Ok(());
        }
        let detail = crate::bilingual!(
            "The API key lacks the required scope `{scope}`.",
            "Der API-Schlüssel hat den Scope `{scope}` nicht, der hierfür nötig ist."
        );
        Err(Error { allowed: Some(vec![scope.to_owned()]), ..Error::new(Code::InsufficientScope, detail) })
    }
}

/// As OAuth writes them (RFC 6749, section 3.3): separated by spaces.
impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.iter().collect::<Vec<_>>().join(" "))
    }
}

impl<S: Into<String>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(words: I) -> Self {
        Self(words.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_from_another() {
        let scopes: Scopes = ["utilities:write"].into_iter().collect();
        assert!(scopes.grant("utilities:write").is_ok());
        for other in ["utilities:read", "partnerships:write", "utilities", ""] {
            let error = scopes.grant(other).unwrap_err();
            assert_eq!(error.code, Code::InsufficientScope);
            assert_eq!(error.allowed, Some(vec![other.to_owned()]));
        }
    }

    #[test]
    fn every_collection_is_read_and_written() {
        let all = known(["utilities", "members"]);
        assert_eq!(
            all,
            [
                "utilities:read",
                "utilities:write",
                "members:read",
                "members:write",
                "personal_data:read",
                "audit:read",
                "mails:read"
            ]
        );
    }
}
