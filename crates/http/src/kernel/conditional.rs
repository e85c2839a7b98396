//! Conditional requests (RFC 9110, section 13) and what caches are told.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH, VARY,
};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::tag::{Precondition, Tag};
use vku_domain::kernel::violation::Violations;
use vku_domain::say;

use super::body::JSON;
use super::context::Context;

/// What `If-Match` demands.
///
/// Errors: 400 where the header cannot be read.
pub fn precondition(context: &Context) -> Result<Precondition, Error> {
    let values: Vec<_> = context.request.headers().get_all(IF_MATCH).collect();
    if values.is_empty() {
        return Ok(Precondition::Missing);
    }
    let text = values.iter().map(|value| value.to_str().unwrap_or("\u{fffd}")).collect::<Vec<_>>().join(",");
    Precondition::parse(&text).map_err(|fault| {
        let mut violations = Violations::default();
        violations.header("If-Match", fault.code, fault.detail);
        let detail =
            say!("A header cannot be read; see `errors`.", "Ein Header ist nicht lesbar; siehe `errors`.");
        Error::with_violations(Code::BadRequest, detail, violations)
    })
}

/// Whether `If-None-Match` names this representation, so that 304 is the answer.
pub fn is_known(request: &HttpRequest, tag: &Tag) -> bool {
    let mut values = request.headers().get_all(IF_NONE_MATCH);
    values.any(|value| value.to_str().is_ok_and(|value| tag.is_in(value)))
}

/// Who may keep the answer: anybody where anybody gets it, but never without asking again.
pub fn cache_control(context: &Context) -> &'static str {
    if context.is_public() { "public, no-cache" } else { "private, no-cache" }
}

/// The request headers that the answer to a read depends on.
pub const DEPENDS_ON: &str = "Accept, Authorization";

/// A representation with its tag, or 304 where the client has it.
pub fn respond(context: &Context, status: StatusCode, tag: &Tag, body: impl Into<Bytes>) -> HttpResponse {
    respond_as(context, status, tag, JSON, body)
}

/// The same, of another media type.
pub fn respond_as(
    context: &Context,
    status: StatusCode,
    tag: &Tag,
    media_type: &'static str,
    body: impl Into<Bytes>,
) -> HttpResponse {
    let known = status == StatusCode::OK && is_known(&context.request, tag);
    let mut response = HttpResponse::build(if known { StatusCode::NOT_MODIFIED } else { status });
    response
        .insert_header((ETAG, tag.as_str()))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static(cache_control(context))))
        .insert_header((VARY, HeaderValue::from_static(DEPENDS_ON)));
    if known {
        return response.finish();
    }
    response.insert_header((CONTENT_TYPE, HeaderValue::from_static(media_type))).body(body.into())
}
