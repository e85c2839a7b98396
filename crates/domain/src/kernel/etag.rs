//! Entity tags (RFC 9110, section 8.8.3) and preconditions.

use std::fmt;
use std::hash::BuildHasher;

use foldhash::quality::FixedState;

use super::bilingual::Bilingual;
use super::violation::FieldError;
use crate::bilingual;

/// The content codings in which responses are compressed.
pub const CODINGS: &[&str] = &["br", "gzip", "deflate"];

/// A strong entity tag: the version and a hash of the representation, such as `"3-9f86d081884c7d65"`.
///
/// The hash changes when the name in a reference changes, so that no stale 304 is returned. Writes compare only the
/// version, so that a tag that a proxy has weakened is valid, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// Makes the tag of a representation of a resource in this version.
    pub fn of(version: i64, representation: &[u8]) -> Self {
        Self(format!("\"{version}-{}\"", digest(representation)))
    }

    /// Makes the tag of a response without a version, such as a list.
    pub fn of_bytes(representation: &[u8]) -> Self {
        Self(format!("\"{}\"", digest(representation)))
    }

    /// Makes a weak tag, of a response whose bytes may differ although nothing has changed.
    pub fn weak(opaque: &str) -> Self {
        Self(format!("W/\"{opaque}\""))
    }

    /// Returns the opaque parts of the tags in `If-None-Match`, without the suffixes of content codings. An invalid
    /// header has none.
    pub fn uncoded_tags(if_none_match: &str) -> Vec<&str> {
        let tags = tags(if_none_match).unwrap_or_default().into_iter();
        tags.map(|tag| match tag.rsplit_once('-') {
            Some((tag, coding)) if CODINGS.contains(&coding) => tag,
            _ => tag,
        })
        .collect()
    }

    /// Returns the value of the `ETag` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Makes the tag from the value of the `ETag` header of a response.
    pub fn from_header(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns whether `If-None-Match` names this representation, compressed or not (weak comparison, RFC 9110, section
    /// 13.1.2). An invalid header names no tag.
    pub fn matches_if_none_match(&self, if_none_match: &str) -> bool {
        is_any(if_none_match)
            || tags(if_none_match).is_ok_and(|tags| tags.into_iter().any(|tag| self.is_named_by(tag)))
    }

    /// Returns whether a read with this `If-Match` may proceed: it names this representation, compressed or not, or
    /// another representation of the same version.
    ///
    /// Errors: the header is not a list of entity tags.
    pub fn matches_if_match(&self, if_match: &str) -> Result<bool, FieldError> {
        if is_any(if_match) {
            return Ok(true);
        }
        let own = version(self.0.trim_matches('"'));
        let fits = |tag| self.is_named_by(tag) || (own.is_some() && version(tag) == own);
        Ok(if_match_tags(if_match)?.into_iter().any(fits))
    }

    /// Returns whether `opaque` is this tag without its quotes, with or without the suffix of a content coding.
    fn is_named_by(&self, opaque: &str) -> bool {
        let Some(rest) = opaque.strip_prefix(self.0.trim_matches('"')) else { return false };
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|coding| CODINGS.contains(&coding))
    }
}

/// Returns whether a condition is `*`.
fn is_any(condition: &str) -> bool {
    condition.trim_matches(OPTIONAL_WHITESPACE) == "*"
}

/// The optional whitespace around the elements of a list.
const OPTIONAL_WHITESPACE: [char; 2] = [' ', '\t'];

/// Returns the version in one of the tags that this module makes.
fn version(opaque: &str) -> Option<i64> {
    opaque.split_once('-').and_then(|(version, _)| version.parse().ok())
}

/// Returns the opaque part of each entity tag in a list (RFC 9110, sections 5.6.1.2 and 8.8.3). Elements may be empty,
/// and a tag may contain commas. Weak tags are treated like strong ones: proxies that compress responses weaken their
/// tags, and writes compare only versions.
fn tags(list: &str) -> Result<Vec<&str>, FieldError> {
    let malformed = || {
        FieldError::format(bilingual!(
            "Expected `*` or a list of entity tags in double quotes, such as `\"3-9f86d081884c7d65\"`.",
            "Erwartet: `*` oder eine Liste von Entity-Tags in doppelten Anführungszeichen, etwa `\"3-9f86d081884c7d65\"`."
        ))
    };
    let is_allowed = |letter: char| matches!(letter, '!' | '#'..='~' | '\u{80}'..);
    let (mut rest, mut tags) = (list, Vec::new());
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Ok(tags);
        }
        let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"');
        let (tag, after) = quoted.and_then(|quoted| quoted.split_once('"')).ok_or_else(malformed)?;
        rest = after.trim_start_matches(OPTIONAL_WHITESPACE);
        if !tag.chars().all(is_allowed) || !(rest.is_empty() || rest.starts_with(',')) {
            return Err(malformed());
        }
        tags.push(tag);
    }
}

/// Parses an `If-Match` header that is not `*`.
fn if_match_tags(if_match: &str) -> Result<Vec<&str>, FieldError> {
    let tags = tags(if_match)?;
    if tags.is_empty() {
        return Err(FieldError::format(bilingual!(
            "The header contains no entity tag.",
            "Es nennt kein Entity-Tag."
        )));
    }
    Ok(tags)
}

/// Returns the tag of a representation in a content coding: other bytes need another tag (RFC 9110, section 8.8.3.3).
pub fn coded(tag: &str, coding: &str) -> String {
    format!("{}-{coding}\"", tag.trim_end_matches('"'))
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns a hash of 64 bits in hexadecimal. A tag protects nothing, so the hash is a fast one; a cryptographic one would
/// take longer than to read a page of 50 rows. Another version of the hash makes other tags, and clients read once more.
fn digest(bytes: &[u8]) -> String {
    format!("{:016x}", FixedState::with_seed(0).hash_one(bytes))
}

/// The condition of a write: `If-Match`, or `If-None-Match: *`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// No header was sent.
    Missing,
    /// `If-Match: *`: any version.
    Any,
    /// One of these versions. Empty if no tag contains a version, so that none can belong to a resource.
    Versions(Vec<i64>),
    /// `If-None-Match: *`: the resource must not exist.
    Absent,
}

impl Precondition {
    /// Parses the value of `If-Match`: `*` or a list of entity tags.
    ///
    /// Errors: the value is neither.
    pub fn parse(if_match: &str) -> Result<Self, FieldError> {
        if is_any(if_match) {
            return Ok(Self::Any);
        }
        Ok(Self::Versions(if_match_tags(if_match)?.into_iter().filter_map(version).collect()))
    }

    /// Returns whether a resource in this version may be changed; `None` if the header is missing.
    pub fn allows_version(&self, version: i64) -> Option<bool> {
        match self {
            Self::Missing => None,
            Self::Any => Some(true),
            Self::Versions(versions) => Some(versions.contains(&version)),
            Self::Absent => Some(false),
        }
    }

    /// Returns why a resource in this version may not be changed. States only what is certain, since a tag can be of
    /// any resource.
    pub fn refusal(&self, current: i64) -> Bilingual {
        let newest = match self {
            Self::Versions(versions) => versions.iter().max().copied(),
            Self::Absent => {
                return bilingual!(
                    "`If-None-Match: *` requires that the resource does not exist, but it does.",
                    "`If-None-Match: *` verlangt, dass es das nicht gibt; es ist aber da."
                );
            }
            Self::Missing | Self::Any => None,
        };
        match newest {
            Some(named) if (1..current).contains(&named) => bilingual!(
                "The resource has changed in the meantime: `If-Match` names version {named}, but the current version \
                 is {current}.",
                "Es wurde inzwischen geändert: `If-Match` nennt Version {named}, dies ist Version {current}."
            ),
            Some(named) => bilingual!(
                "`If-Match` names version {named}, but the current version is {current}: the tag belongs to \
                 another resource.",
                "`If-Match` nennt Version {named}, dies ist Version {current}: Das Tag gehört zu etwas anderem."
            ),
            None => bilingual!(
                "No tag in `If-Match` belongs to a resource: send the `ETag` that `GET` returns for this \
                 resource.",
                "Kein Tag in `If-Match` ist das einer Ressource: Senden Sie den `ETag`, mit dem ein `GET` auf diese antwortet."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_compares_versions_even_of_weak_tags() {
        assert_eq!(Precondition::parse("*"), Ok(Precondition::Any));
        let list = Precondition::parse(r#""2-aa", W/"3-bb", "4-cc-gzip""#).unwrap();
        assert_eq!(
            [2, 3, 4, 5].map(|version| list.allows_version(version)),
            [true, true, true, false].map(Some)
        );
        assert_eq!(Precondition::Missing.allows_version(1), None);
        assert_eq!(Precondition::Absent.allows_version(1), Some(false));
    }

    #[test]
    fn lists_are_parsed_by_rfc_9110() {
        for (list, read) in [
            (r#""a""#, vec!["a"]),
            (r#", "a",	,W/"b,c" , ,"#, vec!["a", "b,c"]),
            (r#""","ä!#~""#, vec!["", "ä!#~"]),
            (" , ", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(tags(list), Ok(read), "{list}");
        }
        for wrong in
            ["3", "*", r#"*, "a""#, r#""a"#, r#""a" "b""#, r#"w/"a""#, r#"W/ "a""#, r#""a b""#, "'a'"]
        {
            assert!(tags(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", ",", " , "] {
            assert!(Precondition::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_refusal_states_the_reason_that_the_tags_reveal() {
        let detail = |if_match| Precondition::parse(if_match).unwrap().refusal(5).en.into_owned();
        assert!(detail("\"3-a\"").starts_with("The resource has changed in the meantime"));
        for foreign in ["\"6-a\"", "\"0-a\""] {
            assert!(detail(foreign).contains("another resource"), "{foreign}");
        }
        assert!(detail("\"9f86d081884c7d65\", W/\"x\"").contains("No tag"));
    }

    #[test]
    fn a_read_compares_tags_and_versions() {
        let (one, list) = (ETag::of(3, b"x"), ETag::of_bytes(b"x"));
        for (tag, if_match, meets) in [
            (&one, "*", true),
            (&one, "\"3-other\"", true),
            (&one, "W/\"3-other-gzip\"", true),
            (&one, "\"2-other\"", false),
            (&list, "\"3-other\"", false),
            (&list, "\"x\"", false),
            (&list, &format!("\"x\", W/{list}"), true),
            (&list, &coded(list.as_str(), "br"), true),
        ] {
            assert_eq!(tag.matches_if_match(if_match), Ok(meets), "{if_match}");
        }
        assert!(one.matches_if_match("3").is_err());
    }

    #[test]
    fn if_none_match_compares_the_whole_tag_weakly() {
        let tag = ETag::of(3, b"x");
        assert!(
            tag.matches_if_none_match(tag.as_str())
                && tag.matches_if_none_match(&format!("\"a,b\",, W/{tag}"))
                && tag.matches_if_none_match(" * ")
        );
        assert!(
            !tag.matches_if_none_match(ETag::of(3, b"y").as_str()) && !tag.matches_if_none_match("\"*\"")
        );
        assert!(
            tag.matches_if_none_match(&coded(tag.as_str(), "gzip"))
                && !tag.matches_if_none_match(&coded(tag.as_str(), "zstd"))
        );
    }
}
