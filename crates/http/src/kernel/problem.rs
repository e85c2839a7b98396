//! Problems (RFC 9457): the form of all errors in responses.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::violation::Location;

/// The media type of problems.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The default value of `Retry-After`, in seconds, for example while the database is unavailable.
const RETRY_SECONDS: u32 = 2;
/// The value of `Retry-After` while the disk is full, in seconds: somebody has to free space first.
const DISK_FULL_RETRY_SECONDS: u32 = 30;

/// An error as handlers return it.
#[derive(Debug)]
pub struct Problem(pub Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self(Error::new(code, code.title()))
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Without `instance` and `request_id`: the middleware, which knows the request, renders the final response.
    fn error_response(&self) -> HttpResponse {
        render(&self.0, "", "", Locale::En)
    }
}

/// An error at a specific location in the request.
#[derive(Serialize, ToSchema)]
#[schema(as = Fault)]
pub struct FaultBody {
    /// The location in the body (JSON pointer, RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// The query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// The request header.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    /// The kind of error: a stable code in snake_case.
    code: &'static str,
    /// What is wrong, and what would be valid.
    detail: String,
}

/// A resource that blocks the request.
#[derive(Serialize, ToSchema)]
#[schema(as = Dependent)]
pub struct DependentBody {
    /// The kind of resource, such as `partnership`.
    resource: &'static str,
    /// The id.
    id: uuid::Uuid,
    /// The slug; absent if the resource has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    /// The name or title.
    name: String,
}

/// A problem (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The path of the documentation of this kind of problem.
    r#type: String,
    /// The kind of problem in a few words; the same for every occurrence.
    title: String,
    /// The HTTP status code.
    status: u16,
    /// What went wrong in this case.
    detail: String,
    /// The path of the request.
    instance: String,
    /// The kind of problem: a stable code in snake_case.
    code: &'static str,
    /// The id of the request in the log.
    request_id: String,
    /// All invalid fields, parameters and headers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FaultBody>,
    /// The statuses, methods or media types that are allowed, or the scopes that are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<Vec<String>>,
    /// The resources that block the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependents: Vec<DependentBody>,
}

impl ProblemBody {
    fn of(error: &Error, instance: &str, request_id: &str, locale: Locale) -> Self {
        let errors = error.violations.iter().map(|violation| {
            let mut body = FaultBody {
                pointer: None,
                parameter: None,
                header: None,
                code: violation.code,
                detail: violation.detail.in_locale(locale).to_owned(),
            };
            match violation.place.clone() {
                Location::Pointer(pointer) => body.pointer = Some(pointer),
                Location::Parameter(name) => body.parameter = Some(name),
                Location::Header(name) => body.header = Some(name),
            }
            body
        });
        let dependents = error.dependents.iter().map(|named| DependentBody {
            resource: named.resource,
            id: named.id,
            slug: named.slug.clone(),
            name: named.name.clone(),
        });
        Self {
            r#type: format!("/problems/{}", error.code.as_str()),
            title: error.code.title().in_locale(locale).to_owned(),
            status: error.code.status(),
            detail: error.detail.in_locale(locale).to_owned(),
            instance: instance.to_owned(),
            code: error.code.as_str(),
            request_id: request_id.to_owned(),
            errors: errors.collect(),
            allowed: error.allowed.clone(),
            dependents: dependents.collect(),
        }
    }
}

/// Renders an error of this request as JSON.
pub fn render(error: &Error, instance: &str, request_id: &str, locale: Locale) -> HttpResponse {
    // Serializing strings and numbers into memory cannot fail; an empty body would still have the status and the
    // media type.
    let body = ProblemBody::of(error, instance, request_id, locale);
    head(error, locale)
        .insert_header((CONTENT_TYPE, PROBLEM_JSON))
        .body(serde_json::to_vec(&body).unwrap_or_default())
}

/// The status and the headers of an error, for JSON and for HTML.
pub(super) fn head(error: &Error, locale: Locale) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponseBuilder::new(status);
    response
        .insert_header(("Cache-Control", "no-store"))
        .insert_header((CONTENT_LANGUAGE, locale.as_str()))
        .insert_header((VARY, "Accept-Language"));
    match error.code {
        Code::Unauthenticated | Code::InvalidCredentials | Code::InvalidRefreshToken => {
            response.insert_header((WWW_AUTHENTICATE, r#"Bearer realm="vku-partnerships""#));
        }
        Code::InvalidToken => {
            let challenge = r#"Bearer realm="vku-partnerships", error="invalid_token""#;
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        Code::InsufficientScope => {
            // RFC 6750, section 3.1.
            let scope = error.allowed.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
            let challenge =
                format!(r#"Bearer realm="vku-partnerships", error="insufficient_scope", scope="{scope}""#);
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        Code::TooManyAttempts
        | Code::TooManyRequests
        | Code::TooManyStreams
        | Code::IdempotencyKeyInUse
        | Code::Unavailable
        | Code::TimedOut => {
            response.insert_header((RETRY_AFTER, error.retry_after.unwrap_or(RETRY_SECONDS).to_string()));
        }
        Code::InsufficientStorage => {
            response.insert_header((
                RETRY_AFTER,
                error.retry_after.unwrap_or(DISK_FULL_RETRY_SECONDS).to_string(),
            ));
        }
        Code::MethodNotAllowed => {
            response.insert_header((ALLOW, error.allowed.clone().unwrap_or_default().join(", ")));
        }
        _ => {}
    }
    if let Some(tag) = &error.current {
        response.insert_header((ETAG, tag.as_str()));
    }
    response
}
