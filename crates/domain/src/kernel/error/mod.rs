//! The error type of the domain, the store and the API; its codes are in [`code`].

pub mod code;
mod codes;

use std::fmt;
use std::io::ErrorKind;

use super::bilingual::Bilingual;
use super::violation::Violations;
use crate::bilingual;
pub use code::Code;

/// A resource named in an error, such as one that depends on another.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Named {
    /// The type of the resource, such as `partnership`.
    pub resource: &'static str,
    /// The id.
    pub id: uuid::Uuid,
    /// The slug, if the resource has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The name or title.
    pub name: String,
}

/// The reason why a request failed: the response to the caller, and the cause for the log.
#[derive(Debug)]
pub struct Error {
    /// The problem code.
    pub code: Code,
    /// A sentence for the caller about this occurrence.
    pub detail: Bilingual,
    /// The invalid fields, parameters or headers.
    pub violations: Violations,
    /// JSON pointer of the field that a conflict is about. The report of an import names the column of this field.
    pub member: Option<String>,
    /// The statuses, methods, media types or scopes that would be valid.
    pub allowed: Option<Vec<String>>,
    /// The resources that prevent the change.
    pub dependents: Vec<Named>,
    /// The current `ETag` of the resource, for 412.
    pub current: Option<Box<super::etag::ETag>>,
    /// The number of seconds after which to try again, for 429, 503 and 507.
    pub retry_after: Option<u32>,
    /// The cause, which is logged but never sent.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error with a sentence about this occurrence.
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

    /// Sets the field that the error is about, a JSON pointer.
    #[must_use]
    pub fn about(self, pointer: impl Into<String>) -> Self {
        Self { member: Some(pointer.into()), ..self }
    }

    /// The resource does not exist, or the caller is not allowed to see it (404). The response does not reveal which.
    pub fn not_found() -> Self {
        Self::new(
            Code::NotFound,
            bilingual!(
                "There is no such resource, or you may not see it.",
                "Hier ist nichts, oder nichts, was Sie sehen dürfen."
            ),
        )
    }

    /// The content is invalid (422).
    pub fn invalid(violations: Violations) -> Self {
        let detail =
            bilingual!("The content is invalid; see `errors`.", "Der Inhalt stimmt nicht; siehe `errors`.");
        Self::with_violations(Code::ValidationFailed, detail, violations)
    }

    /// One field of the body is invalid (422). `pointer` is a JSON pointer (RFC 6901).
    pub fn invalid_at(pointer: impl Into<String>, code: &'static str, detail: Bilingual) -> Self {
        let mut violations = Violations::default();
        violations.member(pointer, code, detail);
        Self::invalid(violations)
    }

    /// Query parameters are invalid or unknown (400).
    pub fn parameters(violations: Violations) -> Self {
        let detail = bilingual!(
            "Some parameters are invalid; see `errors`.",
            "Einige Parameter stimmen nicht; siehe `errors`."
        );
        Self::with_violations(Code::InvalidParameters, detail, violations)
    }

    /// One query parameter is invalid (400).
    pub fn invalid_parameter(name: &'static str, code: &'static str, detail: Bilingual) -> Self {
        let mut violations = Violations::default();
        violations.parameter(name, code, detail);
        Self::parameters(violations)
    }

    /// One header is malformed (400).
    pub fn invalid_header(name: &'static str, code: &'static str, detail: Bilingual) -> Self {
        let mut violations = Violations::default();
        violations.header(name, code, detail);
        Self::headers(violations)
    }

    /// Headers are malformed (400).
    pub fn headers(violations: Violations) -> Self {
        let detail = bilingual!(
            "A header is malformed; see `errors`.",
            "Ein Header ist nicht lesbar; siehe `errors`."
        );
        Self::with_violations(Code::BadRequest, detail, violations)
    }

    /// Returns an error if there are fields that the role is not allowed to write (403).
    pub fn check_writable(violations: Violations) -> Result<(), Self> {
        if violations.is_empty() {
            return Ok(());
        }
        let detail = bilingual!(
            "You are not allowed to write some of the fields; see `errors`.",
            "Einige Felder dürfen Sie nicht schreiben; siehe `errors`."
        );
        Err(Self::with_violations(Code::Forbidden, detail, violations))
    }

    /// Makes an error that lists violations.
    pub fn with_violations(code: Code, detail: Bilingual, violations: Violations) -> Self {
        Self { violations, ..Self::new(code, detail) }
    }

    /// An internal error occurred (500).
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let detail = bilingual!("An internal error occurred.", "Auf unserer Seite ist etwas fehlgeschlagen.");
        Self { source: Some(source.into()), ..Self::new(Code::Internal, detail) }
    }

    /// The database is unavailable (503).
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let detail = bilingual!(
            "The database is unavailable; please try again shortly.",
            "Die Datenbank ist nicht verfügbar; bitte versuchen Sie es gleich noch einmal."
        );
        Self { source: Some(source.into()), ..Self::new(Code::Unavailable, detail) }
    }

    /// The database is available, but does not accept writes: it is read-only, or its disk fails (503).
    pub fn read_only(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let detail = bilingual!(
            "Writing is not possible at the moment; please try again shortly. Reading is still possible.",
            "Gerade lässt sich nichts speichern; bitte versuchen Sie es gleich noch einmal. Lesen lässt sich weiterhin."
        );
        Self { source: Some(source.into()), ..Self::new(Code::Unavailable, detail) }
    }

    /// The disk is full (507).
    pub fn full(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let detail = bilingual!(
            "The disk is full, and nothing was written. Please inform the operator.",
            "Auf dem Datenträger ist kein Platz mehr: Nichts wurde gespeichert. Bitte sagen Sie dem Betreiber Bescheid."
        );
        Self { source: Some(source.into()), ..Self::new(Code::InsufficientStorage, detail) }
    }

    /// The same failure for another request, such as one that shares the transaction; the source stays with the first.
    #[must_use]
    pub fn for_another(&self) -> Self {
        Self { retry_after: self.retry_after, ..Self::new(self.code, self.detail.clone()) }
    }

    /// The server cannot read or write one of its files (503, or 507 if the disk is full).
    pub fn file(source: std::io::Error) -> Self {
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::full(source),
            _ => Self::read_only(source),
        }
    }

    /// Returns whether the server is the cause: another request would fail, too.
    pub fn is_server_error(&self) -> bool {
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
