//! What pages of other origins may do in a browser (CORS, Fetch standard).
//!
//! Pages of any origin may read what anybody may read without credentials. Pages of the origins that the operator
//! lists may do everything that their users may do.

use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use actix_web::{HttpRequest, HttpResponse};

/// The response headers that scripts may read, in addition to those that they may always read.
const EXPOSED: &str = "Change-Token, Content-Disposition, Deprecation, ETag, Idempotency-Replayed, Link, Location, \
                       RateLimit, RateLimit-Policy, Retry-After, Sunset, X-Request-Id";

/// The request headers that scripts may send to read public data.
const FOR_READING: &str = "Accept, Accept-Language, Content-Type, If-None-Match, Last-Event-ID, X-Request-Id";

/// The request headers that scripts of a listed origin may send.
const FOR_ALL: &str = "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, \
                       Last-Event-ID, X-Request-Id";

/// The seconds for which a browser may cache a preflight response; no browser caches it for longer.
const MAX_AGE: &str = "7200";

/// The origins whose pages may do more than read public data.
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<HeaderValue>);

impl Origins {
    /// Takes the listed origins, each as browsers send it.
    pub fn new(origins: &[String]) -> Self {
        Self(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect())
    }

    fn listed(&self, headers: &HeaderMap) -> Option<&HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.0.iter().find(|listed| *listed == origin)
    }

    /// The pages that may see the response to a request.
    pub fn pages(&self, request: &HttpRequest) -> Pages {
        match self.listed(request.headers()) {
            Some(origin) => Pages::Of(origin.clone()),
            None if is_open(request) => Pages::All,
            None => Pages::None,
        }
    }

    /// Adds the headers that tell the browser which pages may see the response.
    pub fn write_headers(&self, pages: &Pages, answer: &mut HeaderMap) {
        if !self.0.is_empty() {
            answer.append(VARY, HeaderValue::from_static("origin"));
        }
        match pages {
            Pages::Of(origin) => {
                answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
            // Sent whatever the origin is, so that a shared cache can serve the response to all.
            Pages::All => drop(answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))),
            Pages::None => return,
        }
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

/// The pages that may see a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pages {
    /// Pages of this origin.
    Of(HeaderValue),
    /// Pages of all origins.
    All,
    /// Only pages of this server.
    None,
}

fn reads(method: &str) -> bool {
    matches!(method, "GET" | "HEAD")
}

/// Whether the request only reads public data: it has no credentials.
fn is_open(request: &HttpRequest) -> bool {
    let with_credentials =
        request.headers().contains_key(AUTHORIZATION) && request.path().starts_with("/api/");
    reads(request.method().as_str()) && !with_credentials
}

/// The response to a preflight request; `None` for other requests.
pub fn preflight(origins: Option<&Origins>, request: &HttpRequest, methods: &[&str]) -> Option<HttpResponse> {
    let has = |name| request.headers().contains_key(name);
    if request.method() != Method::OPTIONS || !has(ORIGIN) || !has(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let listed = origins.is_some_and(|origins| origins.listed(request.headers()).is_some());
    let allowed: Vec<_> = methods.iter().copied().filter(|method| listed || reads(method)).collect();
    let mut response = HttpResponse::NoContent();
    if !listed && !allowed.is_empty() {
        response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    }
    if !allowed.is_empty() {
        response
            .insert_header((ACCESS_CONTROL_ALLOW_METHODS, allowed.join(", ")))
            .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, if listed { FOR_ALL } else { FOR_READING }))
            .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE));
    }
    Some(response.finish())
}
