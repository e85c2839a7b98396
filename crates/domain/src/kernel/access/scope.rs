//! Scopes, which narrow the rights of an API key.

use std::collections::BTreeSet;

use crate::kernel::error::{Code, Error};

/// Permits reading personal data, such as contacts, in addition to the scope of the collection.
pub const PERSONAL_DATA: &str = "personal_data:read";
/// Permits reading the audit log.
pub const AUDIT: &str = "audit:read";
/// Permits reading the outgoing e-mails.
pub const MAILS: &str = "mails:read";

/// Returns the scope for reading a collection, or for writing to it.
pub fn scope(collection: &str, write: bool) -> String {
    format!("{collection}:{}", if write { "write" } else { "read" })
}

/// Returns all scopes, given the top-level collections.
pub fn known<'a>(collections: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let both = |collection| [scope(collection, false), scope(collection, true)];
    collections.into_iter().flat_map(both).chain([PERSONAL_DATA, AUDIT, MAILS].map(str::to_owned)).collect()
}

/// The scopes of an API key. No scope implies another: a key that reads and writes needs both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// Returns the scopes in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Checks that the scope is granted.
    ///
    /// Errors: 403, with the missing scope in `allowed`.
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

/// Writes the scopes as in OAuth: separated by spaces (RFC 6749, section 3.3).
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
    fn no_scope_implies_another() {
        let scopes: Scopes = ["utilities:write"].into_iter().collect();
        assert!(scopes.grant("utilities:write").is_ok());
        for other in ["utilities:read", "partnerships:write", "utilities", ""] {
            let error = scopes.grant(other).unwrap_err();
            assert_eq!(error.code, Code::InsufficientScope);
            assert_eq!(error.allowed, Some(vec![other.to_owned()]));
        }
    }

    #[test]
    fn every_collection_has_a_read_and_a_write_scope() {
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
