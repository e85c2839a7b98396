//! One error type and one table of problem codes for everything that can go wrong.

use std::fmt;

use super::text::Both;
use super::violation::Violations;

macro_rules! codes {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $status:literal, $code:literal, $title:literal; )+) => {
        /// The code of a problem: stable, snake_case, documented at `/problems/{code}`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $( $(#[doc = $doc])+ $variant ),+ }

        impl Code {
            /// Every code, for the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it is written in `code` and in the problem's URL.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The HTTP status that it is answered with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// A short title, the same for every occurrence (RFC 9457).
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }

            /// What it means and what to do about it.
            pub fn documentation(self) -> String {
                match self { $(Self::$variant => [$($doc),+].concat().trim().to_owned()),+ }
            }
        }
    };
}

codes! {
    /// The body is no JSON text. `detail` says at which line and column reading stopped.
    MalformedJson = 400, "malformed_json", "The body is not JSON";
    /// A query parameter is unknown or has a value that it cannot have. `errors` names each with the nearest known
    /// name. Also a cursor that was altered or belongs to another filter, sort or resource.
    InvalidParameters = 400, "invalid_parameters", "A query parameter is not right";
    /// The request itself is malformed: a path that is no UTF-8, or a header that cannot be read.
    BadRequest = 400, "bad_request", "The request is malformed";
    /// This needs an account: send `Authorization: Bearer <access token>`; `POST /api/v1/auth/token` gives one.
    Unauthenticated = 401, "unauthenticated", "An account is needed";
    /// The access token is malformed, expired, not ours, or its account is disabled. Get a new one.
    InvalidToken = 401, "invalid_token", "The access token is not valid";
    /// E-mail and password do not belong together. Which of the two is wrong is not said.
    InvalidCredentials = 401, "invalid_credentials", "E-mail or password is wrong";
    /// The account is known, and its role may not do this. `errors` names the members of the body that the role may
    /// not write, where that is the reason.
    Forbidden = 403, "forbidden", "Not allowed for this account";
    /// There is no such thing, or not for this caller.
    NotFound = 404, "not_found", "Not found";
    /// The path is right, the method is not. `Allow` names those there are.
    MethodNotAllowed = 405, "method_not_allowed", "This method is not available here";
    /// None of the media types in `Accept` can be produced; `allowed` names what there is.
    NotAcceptable = 406, "not_acceptable", "No acceptable representation";
    /// The slug is taken, or was once: an old slug keeps leading to its resource and is never given to another.
    SlugTaken = 409, "slug_taken", "The slug is taken";
    /// Another account has this e-mail address.
    EmailTaken = 409, "email_taken", "The e-mail address is taken";
    /// The utility has a member already: each has one at most.
    MemberExists = 409, "member_exists", "The utility is a member already";
    /// The member has a primary contact already: one of them at most is primary. Change that one first.
    PrimaryExists = 409, "primary_exists", "There is a primary contact already";
    /// Others refer to this one; `dependents` names them. Change or delete those first.
    HasDependents = 409, "has_dependents", "Others depend on this";
    /// What this refers to was deleted in the meantime; `errors` names the members, `dependents` what parts of it refer
    /// to. Restore that first.
    ReferenceGone = 409, "reference_gone", "Something this refers to is deleted";
    /// The state machine has no such way; `allowed` names the states that it allows from here.
    TransitionNotAllowed = 409, "transition_not_allowed", "This transition is not allowed";
    /// The state needs members that are still missing; `errors` names them.
    TransitionNeeds = 409, "transition_needs", "The target status needs more";
    /// A status is changed by `POST …/transitions` only.
    StatusByTransition = 409, "status_by_transition", "A status is changed by a transition";
    /// The change would break a rule of the partnerships named in `dependents`.
    ConflictsWithDependents = 409, "conflicts_with_dependents", "Others would no longer be right";
    /// It is not deleted, so it cannot be restored.
    NotDeleted = 409, "not_deleted", "It is not deleted";
    /// Somebody changed it since; the current `ETag` is in the answer. Read it again, then repeat the change.
    PreconditionFailed = 412, "precondition_failed", "It was changed in the meantime";
    /// The body is larger than 1 MiB.
    PayloadTooLarge = 413, "payload_too_large", "The body is too large";
    /// The body is of a media type that is not understood here; `detail` names the right one.
    UnsupportedMediaType = 415, "unsupported_media_type", "Media type not supported";
    /// The body is JSON, but its content is not right. `errors` names every wrong member with a JSON pointer
    /// (RFC 6901), a code and what would be right. Nothing was written.
    ValidationFailed = 422, "validation_failed", "The content is not right";
    /// A change needs `If-Match` with the `ETag` of what it is based on, so that nobody's work is overwritten.
    PreconditionRequired = 428, "precondition_required", "If-Match is required";
    /// Something failed on our side. `request_id` helps to find it in the log.
    Internal = 500, "internal", "Internal error";
    /// The database is not available. Try again after the number of seconds in `Retry-After`.
    Unavailable = 503, "unavailable", "Temporarily not available";
}

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
    pub detail: Both,
    /// The wrong members, parameters or headers.
    pub violations: Violations,
    /// The states, methods or media types that would be possible.
    pub allowed: Option<Vec<String>>,
    /// The things in the way.
    pub dependents: Vec<Named>,
    /// The version that the resource has now, for 412.
    pub current: Option<super::resource::Tag>,
    /// What went wrong inside; logged, never sent.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A problem with a sentence about this occurrence.
    pub fn new(code: Code, detail: impl Into<Both>) -> Self {
        Self {
            code,
            detail: detail.into(),
            violations: Violations::default(),
            allowed: None,
            dependents: Vec::new(),
            current: None,
            source: None,
        }
    }

    /// Not there, or not for this caller: both say the same.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing here, or nothing that you may see.")
    }

    /// Wrong content (422); an unlocated detail counts the faults.
    pub fn invalid(violations: Violations) -> Self {
        Self::with_violations(Code::ValidationFailed, "The content is not right; see `errors`.", violations)
    }

    /// Wrong or unknown query parameters (400).
    pub fn parameters(violations: Violations) -> Self {
        let detail = "Some parameters are not right; see `errors`.";
        Self::with_violations(Code::InvalidParameters, detail, violations)
    }

    /// Members that the role may not write (403); `Ok` where there are none.
    pub fn unless_writable(violations: Violations) -> Result<(), Self> {
        if violations.is_empty() {
            return Ok(());
        }
        let detail = "Some members are not yours to write; see `errors`.";
        Err(Self::with_violations(Code::Forbidden, detail, violations))
    }

    /// A problem with located faults.
    pub fn with_violations(code: Code, detail: impl Into<Both>, violations: Violations) -> Self {
        Self { violations, ..Self::new(code, detail) }
    }

    /// The role may not do this, or, without an account, an account is needed.
    pub fn refused(actor: &super::access::Actor) -> Self {
        match actor.role {
            None => Self::new(Code::Unauthenticated, "This needs an account."),
            Some(role) => Self::new(Code::Forbidden, format!("The role `{role}` may not do this here.")),
        }
    }

    /// Something inside failed that the caller cannot mend.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..Self::new(Code::Internal, "Something failed on our side.") }
    }

    /// The database is away.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..Self::new(Code::Unavailable, "The database is not available; please try again shortly.")
        }
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
