//! What is noted of a request while it is answered: by whoever learns it, for whoever finishes the answer.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::http::Uri;
use actix_web::{HttpMessage, HttpRequest};
use uuid::Uuid;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::Error;

use super::client_ip;
use super::context::AppState;
use super::cors::Pages;
use super::negotiation::negotiate_language;
use super::page::wants_page;
use super::rate_limit::{QuotaState, RateLimitKey};
use super::response_headers::X_REQUEST_ID;

/// The longest request id that is taken over from a client.
const REQUEST_ID_MAX: usize = 64;

/// The notes of one request.
#[derive(Debug)]
pub struct RequestInfo {
    /// Its id: given by the client if it is a sane one, made otherwise.
    pub id: Arc<str>,
    /// What it asks for.
    pub uri: Uri,
    /// The language to speak in.
    pub locale: Locale,
    /// Whether people look at the answer: it is no part of the API, and asked for by a browser.
    pub wants_page: bool,
    /// Whose pages may see the answer.
    pub pages: Pages,
    /// Whether somebody with an account asks, as far as that is known.
    pub has_account: Cell<bool>,
    taken: Cell<Option<QuotaState>>,
}

impl RequestInfo {
    /// What its head says.
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
            taken: Cell::new(None),
        });
        request.extensions_mut().insert(info.clone());
        info
    }

    /// The notes of this request.
    ///
    /// Errors: nobody has begun them.
    pub fn of(request: &HttpRequest) -> Result<Rc<Self>, Error> {
        let info = request.extensions().get::<Rc<Self>>().cloned();
        info.ok_or_else(|| Error::internal("a request came past the middleware"))
    }

    /// Counts the request for somebody, unless it is counted already; for its address, where `who` is nobody.
    ///
    /// Errors: 429.
    pub fn charge(
        &self,
        request: &HttpRequest,
        shared: &AppState,
        who: Option<RateLimitKey>,
    ) -> Result<(), Error> {
        let (Some(limit), None) = (&shared.http_config.limit, self.taken.get()) else { return Ok(()) };
        let who = who.unwrap_or_else(|| client_ip::address(request, &shared.proxies).into());
        let (taken, result) = limit.take(who, shared.store.now());
        self.taken.set(Some(taken));
        result
    }

    /// Gives back what it took: it cost nothing.
    pub fn refund(&self, shared: &AppState) {
        if let (Some(limit), Some(taken)) = (&shared.http_config.limit, self.taken.get()) {
            self.taken.set(Some(limit.refund(taken)));
        }
    }

    /// What it took of a quota.
    pub fn quota(&self) -> Option<QuotaState> {
        self.taken.get()
    }
}

/// The client's id, if it is short and plain enough to stand in a log, or a new one.
fn request_id(request: &ServiceRequest) -> Arc<str> {
    let plain = |text: &&str| {
        (8..=REQUEST_ID_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let given = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(plain);
    let made = || Arc::from(&*Uuid::now_v7().hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    given.map_or_else(made, Arc::from)
}
