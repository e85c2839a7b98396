//! What pages of other origins may do in a browser (Fetch standard, CORS).
//!
//! What anybody may read without credentials, the pages of any origin may read. The pages of the origins that the operator
//! lists may do what whoever uses them may do.

use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::context::AppState;

/// What a script may see of an answer, beside what it may always see.
const EXPOSED: &str = "Change-Token, Content-Disposition, Deprecation, ETag, Idempotency-Replayed, Link, Location, \
                       RateLimit, RateLimit-Policy, Retry-After, Sunset, X-Request-Id";

/// What a script may send to read what is public.
const FOR_READING: &str = "Accept, Accept-Language, Content-Type, If-None-Match, Last-Event-ID, X-Request-Id";

/// What a script of a listed origin may send.
const FOR_ALL: &str = "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, \
                       Last-Event-ID, X-Request-Id";

/// For how many seconds a browser need not ask again; none remembers it for longer.
const MAX_AGE: &str = "7200";

/// The origins whose pages may do more than to read what is public.
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<HeaderValue>);

impl Origins {
    /// Those of the list, each as a browser writes it.
    pub fn new(origins: &[String]) -> Self {
        Self(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect())
    }

    fn listed(&self, headers: &HeaderMap) -> Option<&HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.0.iter().find(|listed| *listed == origin)
    }

    /// Whose pages may see the answer to a request.
    pub fn pages(&self, request: &HttpRequest) -> Pages {
        match self.listed(request.headers()) {
            Some(origin) => Pages::Of(origin.clone()),
            None if is_open(request) => Pages::All,
            None => Pages::None,
        }
    }

    /// Tells the browser who may see the answer.
    pub fn tell(&self, pages: &Pages, answer: &mut HeaderMap) {
        if !self.0.is_empty() {
            answer.append(VARY, HeaderValue::from_static("origin"));
        }
        match pages {
            Pages::Of(origin) => {
                answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
            // Told to whoever asks, so that a cache may give the answer to all.
            Pages::All => drop(answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))),
            Pages::None => return,
        }
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

/// The pages that may see an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pages {
    /// Those of this origin.
    Of(HeaderValue),
    /// Those of all origins.
    All,
    /// Only those that come from here.
    None,
}

fn reads(method: &str) -> bool {
    matches!(method, "GET" | "HEAD")
}

/// Whether it reads what anybody gets.
fn is_open(request: &HttpRequest) -> bool {
    let with_credentials =
        request.headers().contains_key(AUTHORIZATION) && request.path().starts_with("/api/");
    reads(request.method().as_str()) && !with_credentials
}

/// The answer to a browser that asks before a page does something; `None` for other requests.
pub fn preflight(request: &HttpRequest, methods: &[&str]) -> Option<HttpResponse> {
    let asks = |name| request.headers().contains_key(name);
    if request.method() != Method::OPTIONS || !asks(ORIGIN) || !asks(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let origins = request.app_data::<Data<AppState>>().map(|shared| &shared.http_config.origins);
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
