//! What the middleware and the handlers record about a request, for later steps of its processing.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::http::Uri;
use actix_web::http::header::HeaderName;
use actix_web::{HttpMessage, HttpRequest};
use uuid::Uuid;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::Error;

use crate::kernel::cors::Pages;
use crate::kernel::limits::client_ip;
use crate::kernel::limits::rate_limit::{QuotaState, RateLimitKey};
use crate::kernel::negotiation::negotiate_language;
use crate::kernel::page::wants_page;
use crate::kernel::state::AppState;

/// The id of a request, in requests and responses.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The maximum length of a request id that is accepted from a client.
const REQUEST_ID_MAX: usize = 64;

/// What is known about a request.
#[derive(Debug)]
pub struct RequestInfo {
    /// The id: sent by the client if it is plain enough, otherwise generated.
    pub id: Arc<str>,
    /// The requested URI.
    pub uri: Uri,
    /// The language of the response.
    pub locale: Locale,
    /// Whether problems are rendered as HTML: the path is outside the API, and the client prefers HTML.
    pub wants_page: bool,
    /// The origins whose pages may see the response.
    pub pages: Pages,
    /// Whether the caller has an account, as far as that is known yet.
    pub has_account: Cell<bool>,
    quota: Cell<Option<QuotaState>>,
}

impl RequestInfo {
    /// Records what the head of the request says.
    pub fn start(request: &ServiceRequest, shared: &AppState) -> Rc<Self> {
        let peer = request.peer_addr().map(|peer| peer.ip());
        client_ip::warn_untrusted_proxy(request.headers(), peer, &shared.proxies);
        let info = Rc::new(Self {
            id: request_id(request),
            uri: request.uri().clone(),
            locale: negotiate_language(request.headers()),
            wants_page: wants_page(request, request.path()),
            pages: shared.http_config.origins.pages(request.request()),
            has_account: Cell::new(false),
            quota: Cell::new(None),
        });
        request.extensions_mut().insert(info.clone());
        info
    }

    /// Returns the info of this request.
    ///
    /// Errors: the middleware has not recorded it.
    pub fn of(request: &HttpRequest) -> Result<Rc<Self>, Error> {
        let info = request.extensions().get::<Rc<Self>>().cloned();
        info.ok_or_else(|| Error::internal("a request bypassed the middleware"))
    }

    /// Counts the request for `who`, or for its address if `who` is `None`, unless it has been counted already.
    ///
    /// Errors: 429.
    pub fn charge(
        &self,
        request: &HttpRequest,
        shared: &AppState,
        who: Option<RateLimitKey>,
    ) -> Result<(), Error> {
        let (Some(limit), None) = (&shared.http_config.limit, self.quota.get()) else { return Ok(()) };
        let who = who.unwrap_or_else(|| client_ip::address(request, &shared.proxies).into());
        let (quota, result) = limit.take(who, shared.store.now());
        self.quota.set(Some(quota));
        result
    }

    /// Takes the count back: the request is free.
    pub fn refund(&self, shared: &AppState) {
        if let (Some(limit), Some(quota)) = (&shared.http_config.limit, self.quota.get()) {
            self.quota.set(Some(limit.refund(quota)));
        }
    }

    /// The state of the quota after the request was counted.
    pub fn quota(&self) -> Option<QuotaState> {
        self.quota.get()
    }
}

/// Returns the client's id if it is short and plain enough for a log, otherwise a new one.
fn request_id(request: &ServiceRequest) -> Arc<str> {
    let plain = |text: &&str| {
        (8..=REQUEST_ID_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let from_client = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(plain);
    #[expect(clippy::disallowed_methods, reason = "the id of a request is not that of a row")]
    let generate = || Arc::from(&*Uuid::now_v7().hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    from_client.map_or_else(generate, Arc::from)
}
