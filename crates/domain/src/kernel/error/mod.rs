//! The error type of the whole system, and the table of its codes in [`code`].

pub mod code;

use std::fmt;
use std::io::ErrorKind;

use super::bilingual::Bilingual;
use super::violation::Violations;
use crate::bilingual;
pub use code::Code;

/// A thing named in an error, such as one that depends on another.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Named {
    /// The kind of resource, such as `partnership`.
    pub resource: &'static str,
    /// Its id.
    pub id: uuid::Uuid,
    /// Its slug, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Its name or title.
    pub name: String,
}

/// Why something could not be done: what the caller is told, and beside it what only the log is told.
#[derive(Debug)]
pub struct Error {
    /// Which problem.
    pub code: Code,
    /// This occurrence, in a sentence for the caller.
    pub detail: Bilingual,
    /// The wrong members, parameters or headers.
    pub violations: Violations,
    /// The member that a conflict is about, as a JSON pointer: the column of a file in which it is told.
    pub member: Option<String>,
    /// The states, methods, media types or scopes that would be possible.
    pub allowed: Option<Vec<String>>,
    /// The things in the way.
    pub dependents: Vec<Named>,
    /// The version that the resource has now, for 412.
    pub current: Option<Box<super::etag::ETag>>,
    /// In how many seconds it is worth to try again, for 429, 503 and 507.
    pub retry_after: Option<u32>,
    /// What went wrong inside; logged, never sent.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A problem with a sentence about this occurrence.
    pub fn new(code: Code, detail: Bilingual) -> Self {
        Self {
            code,
            detail,
            violations: Violations::default(),
            member: None,
            allowed: None,
            dependents: Vec::new(),
            current: None,
            retry_after: None,
            source: None,
        }
    }

    /// The same about this member, given as a JSON pointer.
    #[must_use]
    pub fn about(self, pointer: impl Into<String>) -> Self {
        Self { member: Some(pointer.into()), ..self }
    }

    /// Not there, or not for this caller: both say the same.
    pub fn not_found() -> Self {
        Self::new(
            Code::NotFound,
            bilingual!(
                "There is no such resource, or you may not see it.",
                "Hier ist nichts, oder nichts, was Sie sehen dürfen."
            ),
        )
    }

    /// Wrong content (422); an unlocated detail counts the faults.
    pub fn invalid(violations: Violations) -> Self {
        let detail =
            bilingual!("The content is invalid; see `errors`.", "Der Inhalt stimmt nicht; siehe `errors`.");
        Self::with_violations(Code::ValidationFailed, detail, violations)
    }

    /// Wrong or unknown query parameters (400).
    pub fn parameters(violations: Violations) -> Self {
        let detail = bilingual!(
            "Some parameters are invalid; see `errors`.",
            "Einige Parameter stimmen nicht; siehe `errors`."
        );
        Self::with_violations(Code::InvalidParameters, detail, violations)
    }

    /// Members that the role may not write (403); `Ok` where there are none.
    pub fn unless_writable(violations: Violations) -> Result<(), Self> {
        if violations.is_empty() {
            return Ok(());
        }
        let detail = bilingual!(
            "You are not allowed to write some of the members; see `errors`.",
            "Einige Felder dürfen Sie nicht schreiben; siehe `errors`."
        );
        Err(Self::with_violations(Code::Forbidden, detail, violations))
    }

    /// A problem with located faults.
    pub fn with_violations(code: Code, detail: Bilingual, violations: Violations) -> Self {
        Self { violations, ..Self::new(code, detail) }
    }

    /// Something inside failed that the caller cannot mend.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let detail = bilingual!("An internal error occurred.", "Auf unserer Seite ist etwas fehlgeschlagen.");
        Self { source: Some(source.into()), ..Self::new(Code::Internal, detail) }
    }

    /// The database is away.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let detail = bilingual!(
            "The database is unavailable; please try again shortly.",
            "Die Datenbank ist nicht verfügbar; bitte versuchen Sie es gleich noch einmal."
        );
        Self { source: Some(source.into()), ..Self::new(Code::Unavailable, detail) }
    }

    /// The database is there, and takes no writes: it is read-only, or its disk fails.
    pub fn read_only(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let detail = bilingual!(
            "Writing is not possible at the moment; please try again shortly. Reading is still possible.",
            "Gerade lässt sich nichts speichern; bitte versuchen Sie es gleich noch einmal. Lesen lässt sich weiterhin."
        );
        Self { source: Some(source.into()), ..Self::new(Code::Unavailable, detail) }
    }

    /// There is no room left to write to.
    pub fn full(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let detail = bilingual!(
            "The disk is full, and nothing was written. Please inform the operator.",
            "Auf dem Datenträger ist kein Platz mehr: Nichts wurde gespeichert. Bitte sagen Sie dem Betreiber Bescheid."
        );
        Self { source: Some(source.into()), ..Self::new(Code::InsufficientStorage, detail) }
    }

    /// A file of ours cannot be read or written.
    pub fn file(source: std::io::Error) -> Self {
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::full(source),
            _ => Self::read_only(source),
        }
    }

    /// Whether it is ours: no other request would have been answered better.
    pub fn is_ours(&self) -> bool {
        matches!(self.code, Code::Internal | Code::Unavailable | Code::InsufficientStorage)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
