//! Entity tags (RFC 9110, section 8.8.3) and the preconditions made of them.

use std::fmt;

use sha2::{Digest, Sha256};

use super::violation::Fault;
use crate::say;

/// The content codings that answers are compressed in.
pub const CODINGS: &[&str] = &["br", "gzip", "deflate"];

/// A strong entity tag: the version and a hash of the representation, `"3-9f86d081884c7d65"`.
///
/// The hash moves when a name in a reference changes, so that no stale 304 is given; writes compare the version only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// The tag of a representation of a resource in the given version.
    pub fn of(version: i64, representation: &[u8]) -> Self {
        Self(format!("\"{version}-{}\"", digest(representation)))
    }

    /// The tag of something without a version, such as a list.
    pub fn of_bytes(representation: &[u8]) -> Self {
        Self(format!("\"{}\"", digest(representation)))
    }

    /// As it is written in `ETag`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an `If-None-Match` names this representation (weak comparison, RFC 9110, section 13.1.2), compressed or
    /// not.
    pub fn is_in(&self, if_none_match: &str) -> bool {
        let mut tags = if_none_match.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
        let plain = self.0.trim_end_matches('"');
        tags.any(|tag| {
            let coding = || tag.strip_prefix(plain)?.strip_prefix('-')?.strip_suffix('"');
            tag == "*" || tag == self.0 || coding().is_some_and(|coding| CODINGS.contains(&coding))
        })
    }
}

/// The tag of the same representation in a content coding: other bytes (RFC 9110, section 8.8.3.3).
pub fn coded(tag: &str, coding: &str) -> String {
    format!("{}-{coding}\"", tag.trim_end_matches('"'))
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first 64 bits of SHA-256, in hexadecimal.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// What `If-Match` demands of the current version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// No header was sent.
    Missing,
    /// `*`: whatever there is.
    Any,
    /// One of these versions; empty when only weak or foreign tags were sent, which never match.
    Versions(Vec<i64>),
}

impl Precondition {
    /// Reads the header's value: `*` or a list of entity tags.
    pub fn parse(if_match: &str) -> Result<Self, Fault> {
        let tags: Vec<_> = if_match.split(',').map(str::trim).collect();
        if tags == ["*"] {
            return Ok(Self::Any);
        }
        let mut versions = Vec::new();
        for tag in tags {
            let opaque = tag.trim_start_matches("W/");
            let Some(text) = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
                return Err(Fault::format(say!(
                    "If-Match takes `*` or a list of quoted entity tags.",
                    "If-Match nimmt `*` oder eine Liste von Entity-Tags in Anführungszeichen."
                )));
            };
            let version = text.split_once('-').and_then(|(version, _)| version.parse::<i64>().ok());
            versions.extend(version.filter(|_| opaque.len() == tag.len()));
        }
        Ok(Self::Versions(versions))
    }

    /// Whether a change of this version may go on; `None` when the header is missing.
    pub fn allows(&self, version: i64) -> Option<bool> {
        match self {
            Self::Missing => None,
            Self::Any => Some(true),
            Self::Versions(versions) => Some(versions.contains(&version)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_compares_versions_and_never_weak_tags() {
        assert_eq!(Precondition::parse("*"), Ok(Precondition::Any));
        let list = Precondition::parse(r#""2-aa", W/"3-bb", "4-cc""#).unwrap();
        assert_eq!(list.allows(2), Some(true));
        assert_eq!(list.allows(3), Some(false), "weak");
        assert_eq!(list.allows(4), Some(true));
        assert!(Precondition::parse("3").is_err());
        assert_eq!(Precondition::Missing.allows(1), None);
    }

    #[test]
    fn if_none_match_compares_the_whole_tag_weakly() {
        let tag = Tag::of(3, b"x");
        assert!(tag.is_in(tag.as_str()) && tag.is_in(&format!("\"a\", W/{tag}")) && tag.is_in("*"));
        assert!(!tag.is_in(Tag::of(3, b"y").as_str()));
        assert!(tag.is_in(&coded(tag.as_str(), "gzip")) && !tag.is_in(&coded(tag.as_str(), "zstd")));
    }
}
