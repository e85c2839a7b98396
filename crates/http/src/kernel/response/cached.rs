//! Responses from the cache, and responses that are cached.

use std::pin::{Pin, pin};
use std::time::Instant;

use actix_web::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, LINK, VARY};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use vku_domain::kernel::error::{Code, Error};
use vku_transfer::format::Format;

use super::conditional::{is_not_modified, respond};
use crate::kernel::cache::{CacheEntry, CacheKeyRef, CacheStatus, Representation};
use crate::kernel::config::BASE;
use crate::kernel::encoding::{AcceptEncoding, ContentCoding, MIN_COMPRESSED_BYTES};
use crate::kernel::media_type::JSON;
use crate::kernel::negotiation::format;
use crate::kernel::problem::Problem;
use crate::kernel::request::context::Context;

/// The token from which to follow the changes after a list.
pub(crate) const CHANGE_TOKEN: HeaderName = HeaderName::from_static("change-token");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Responds with the representation, without caching it.
pub fn respond_with(context: &Context, representation: Representation) -> HttpResponse {
    let mut response = respond(context, StatusCode::OK, &representation.tag, representation.body);
    if representation.media_type != JSON && response.headers().contains_key(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(representation.media_type));
    }
    // With 304, the client already has the links.
    if let (Some(link), StatusCode::OK) = (representation.link, response.status()) {
        response.headers_mut().insert(LINK, link);
    }
    // The copy of the client is as current as this one.
    if let Some(token) = representation.change_token {
        response.headers_mut().insert(CHANGE_TOKEN, token);
    }
    response
}

/// The key of a request in the cache.
fn key_ref(context: &Context) -> CacheKeyRef<'_> {
    let target = context.request.uri().path_and_query().map_or("", |target| target.as_str());
    CacheKeyRef::new(&context.actor, target)
}

/// Looks for a cached response before the request is routed, if `Accept` is absent, `*/*` or JSON.
///
/// Errors: 429. All other errors of a request are left to its handler.
pub async fn try_serve(request: &HttpRequest) -> Result<Option<HttpResponse>, Error> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD) && request.path().starts_with(BASE);
    let usual = |accept: &HeaderValue| accept == "*/*" || accept == JSON;
    if !reads || !request.headers().get(ACCEPT).is_none_or(usual) {
        return Ok(None);
    }
    match Context::of(request.clone()).await {
        Ok(context) => Ok(respond_from_cache(&context).await),
        Err(Problem(error)) if error.code == Code::TooManyRequests => Err(error),
        Err(_) => Ok(None),
    }
}

/// Looks for a response that was cached for a caller with the same permissions, if JSON is negotiated from these
/// formats.
pub async fn lookup(context: &Context, formats: &[Format]) -> Option<HttpResponse> {
    // Cached responses are JSON. `format` in the query string is a part of the key, so only `Accept` is checked here.
    match format(&context.request, None, formats) {
        Ok(Format::Json) => respond_from_cache(context).await,
        _ => None,
    }
}

async fn respond_from_cache(context: &Context) -> Option<HttpResponse> {
    let (responses, key_ref) = (&context.shared.responses, key_ref(context));
    let entry = responses.find(&key_ref, context.snapshot)?;
    let mut response = match coding(context, &entry) {
        Some(coding) => match responses.compress(&key_ref, &entry, coding).await {
            Some(body) => {
                let mut response =
                    respond_with(context, Representation { body, ..entry.representation.clone() });
                response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding.as_str()));
                response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
                response
            }
            None => respond_with(context, entry.representation.clone()),
        },
        None => respond_with(context, entry.representation.clone()),
    };
    add_server_timing(context, &mut response, CacheStatus::Hit, None);
    Some(response)
}

/// The coding to send the entry in; `None` to send it uncompressed, or if the client already has it.
fn coding(context: &Context, entry: &CacheEntry) -> Option<ContentCoding> {
    if entry.representation.body.len() < MIN_COMPRESSED_BYTES {
        return None;
    }
    let accepted = AcceptEncoding::of(context.request.headers())?;
    let coding = accepted.best(ContentCoding::CACHED).filter(|coding| *coding != ContentCoding::Identity)?;
    (!is_not_modified(&context.request, &entry.representation.tag)).then_some(coding)
}

/// Responds from the cache, or with what `make` reads, which is cached for callers with the same permissions.
pub async fn get_or_insert_with(
    context: &Context,
    make: impl AsyncFnOnce() -> Result<Representation, Problem>,
) -> Result<HttpResponse, Problem> {
    get_or_insert(context, pin!(make())).await
}

async fn get_or_insert(
    context: &Context,
    make: Pin<&mut dyn Future<Output = Result<Representation, Problem>>>,
) -> Result<HttpResponse, Problem> {
    let started = Instant::now();
    let make = async {
        let (made, reads) = context.shared.store.recording_reads(make).await;
        Ok(made?.read_from(reads))
    };
    let (representation, source) =
        context.shared.responses.get(&key_ref(context), context.snapshot, make).await?;
    let mut response = respond_with(context, representation);
    add_server_timing(context, &mut response, source, Some(started));
    Ok(response)
}

/// Adds `Server-Timing` for staff: where the response came from, and how long reading took. Others could infer from
/// it that something was written that they may not see.
fn add_server_timing(
    context: &Context,
    response: &mut HttpResponse,
    source: CacheStatus,
    started: Option<Instant>,
) {
    if !context.actor.is_staff() {
        return;
    }
    let word = source.as_str();
    let value = match started {
        Some(started) => format!("cache;desc={word}, db;dur={:.1}", started.elapsed().as_secs_f64() * 1e3),
        None => format!("cache;desc={word}"),
    };
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().append(SERVER_TIMING, value);
    }
}
