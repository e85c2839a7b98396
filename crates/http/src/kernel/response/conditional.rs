//! Conditional requests (RFC 9110, section 13) and `Cache-Control`.

use actix_web::body::BoxBody;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::Serialize;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::{ETag, Precondition};
use vku_domain::kernel::violation::FieldError;

use crate::kernel::media_type::JSON;
use crate::kernel::request::context::Context;

/// Joins all lines of a header into one list; `None` if the header is absent.
pub(super) fn list(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let lines: Vec<_> = headers.get_all(name).map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// Reads the precondition from `If-Match`, or from `If-None-Match: *`.
///
/// Errors: 400 if the header is malformed.
pub fn precondition(context: &Context) -> Result<Precondition, Error> {
    let headers = context.request.headers();
    if list(headers, IF_NONE_MATCH).is_some_and(|list| list.trim() == "*") {
        return Ok(Precondition::Absent);
    }
    match list(headers, IF_MATCH) {
        Some(list) => Precondition::parse(&list).map_err(unreadable),
        None => Ok(Precondition::Missing),
    }
}

fn unreadable(fault: FieldError) -> Error {
    Error::invalid_header("If-Match", fault.code, fault.detail)
}

/// Compares `If-Match` of a `GET` or `HEAD` with the `ETag` of the response, so that nothing is read twice. A
/// response without an `ETag`, such as an export or an HTML page, passes.
///
/// Errors: 412 if `If-Match` does not contain the tag, 400 if the header is malformed.
pub fn check_if_match_of_read(request: &HttpRequest, answer: &HttpResponse<BoxBody>) -> Result<(), Error> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let found = matches!(answer.status(), StatusCode::OK | StatusCode::NOT_MODIFIED);
    let list = if reads && found { list(request.headers(), IF_MATCH) } else { None };
    let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(ETag::from_header);
    let (Some(list), Some(tag)) = (list, tag) else { return Ok(()) };
    if tag.matches_if_match(&list).map_err(unreadable)? {
        return Ok(());
    }
    let detail = bilingual!(
        "The current representation has none of the tags in `If-Match`.",
        "Was jetzt hier ist, hat keines der Tags in `If-Match`."
    );
    Err(Error { current: Some(Box::new(tag)), ..Error::new(Code::PreconditionFailed, detail) })
}

/// Whether `If-None-Match` contains the tag, so that the response is 304.
pub fn is_not_modified(request: &HttpRequest, tag: &ETag) -> bool {
    list(request.headers(), IF_NONE_MATCH).is_some_and(|list| tag.matches_if_none_match(&list))
}

/// The value of `Cache-Control`: shared caches may store responses to anonymous callers; every cached response must
/// be revalidated.
pub fn cache_control(context: &Context) -> &'static str {
    if context.is_public() { "public, no-cache" } else { "private, no-cache" }
}

/// The request headers that the response to a read depends on (`Vary`).
pub const DEPENDS_ON: &str = "Accept, Authorization";

/// Responds with a JSON representation and its tag, or with 304 if the client already has it.
pub fn respond(context: &Context, status: StatusCode, tag: &ETag, body: impl Into<Bytes>) -> HttpResponse {
    respond_as(context, status, tag, JSON, body)
}

/// Responds with a value as JSON, whose tag is made of its bytes.
///
/// Errors: none in practice; a value that cannot be serialized is a bug.
pub fn respond_json(context: &Context, body: &impl Serialize) -> Result<HttpResponse, Error> {
    let body = serde_json::to_vec(body).map_err(Error::internal)?;
    Ok(respond(context, StatusCode::OK, &ETag::of_bytes(&body), body))
}

/// Like [`respond`], with another media type.
pub fn respond_as(
    context: &Context,
    status: StatusCode,
    tag: &ETag,
    media_type: &'static str,
    body: impl Into<Bytes>,
) -> HttpResponse {
    let known = status == StatusCode::OK && is_not_modified(&context.request, tag);
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
