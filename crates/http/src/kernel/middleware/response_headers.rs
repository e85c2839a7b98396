//! The headers that every response gets: security headers, the id of the request, the tag of a compressed body.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use vku_domain::kernel::etag::{CODINGS, coded};

use crate::kernel::request::request_info::RequestInfo;
use crate::kernel::request::request_info::X_REQUEST_ID;
use crate::kernel::state::AppState;

/// The security headers of every response (OWASP Secure Headers); `/docs` has its own content security policy.
static SECURITY_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("permissions-policy"), HeaderValue::from_static("interest-cohort=()")),
];

/// HSTS for a year: a site that is reached with TLS must not be reached without it.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The approximate number of headers of a response, to reserve space at once.
const HEADERS: usize = 20;

/// The policy of responses that are not pages: nothing in them may be loaded or run.
const NO_CONTENT: &str = "default-src 'none'; frame-ancestors 'none'";

/// The policy of Swagger UI: its own files, its inline styles and images, and requests to this server only.
const DOCS_CONTENT: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Adds the headers that every response has, including errors.
pub fn apply_response_headers(headers: &mut HeaderMap, shared: &AppState, info: &RequestInfo) {
    headers.reserve(HEADERS.saturating_sub(headers.len()));
    if let Ok(value) = HeaderValue::from_str(&info.id) {
        headers.insert(X_REQUEST_ID, value);
    }
    for (name, value) in &SECURITY_HEADERS {
        headers.insert(name.clone(), value.clone());
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        let content = if info.uri.path().starts_with("/docs/") { DOCS_CONTENT } else { NO_CONTENT };
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(content));
    }
    if shared.site.public_url.starts_with("https://") {
        headers.insert(STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
    // Responses that are too short to be compressed vary by it, too; compressed ones already have the header.
    if !headers.contains_key(CONTENT_ENCODING) {
        headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    }
    shared.http_config.origins.write_headers(&info.pages, headers);
    if let (Some(limit), Some(quota)) = (&shared.http_config.limit, info.quota()) {
        limit.write_headers(quota, headers);
    }
}

/// Sets the tag of the compressed representation (RFC 9110, section 8.8.3.3).
pub fn suffix_etag(response: &mut ServiceResponse<BoxBody>) {
    if let Some(tag) = etag_for_encoding(response).and_then(|tag| HeaderValue::from_str(&tag).ok()) {
        response.headers_mut().insert(ETAG, tag);
    }
}

/// The tag of a compressed response, or, for 304, that of the compressed one that the client has.
fn etag_for_encoding(response: &ServiceResponse<BoxBody>) -> Option<String> {
    let tag = response.headers().get(ETAG)?.to_str().ok()?;
    if let Some(coding) = response.headers().get(CONTENT_ENCODING) {
        return Some(coded(tag, coding.to_str().ok()?));
    }
    if response.status() != StatusCode::NOT_MODIFIED {
        return None;
    }
    // Not by `ETag::matches_if_none_match`, which also accepts `*` and the tags of other codings. The quotes of the tag
    // make the comparison of substrings exact.
    let known =
        || response.request().headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    CODINGS.iter().map(|coding| coded(tag, coding)).find(|tag| known().any(|known| known.contains(tag)))
}
