//! The response cache: bodies as bytes, looked up before anything is parsed, and shared by callers with the same
//! permissions.
//!
//! An entry is valid as long as nothing has been written and the day (UTC) is the same. Both are checked at every
//! lookup, so entries need no invalidation; entries that are not requested are evicted in favour of those that are.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Instant;

use actix_web::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, LINK, VARY};
use actix_web::http::{Method, StatusCode};
use actix_web::web::block;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use chrono::NaiveDate;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use uuid::Uuid;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::access::scope::Scopes;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::ETag;
use vku_domain::kernel::resource::projection::Projection;

use super::conditional::{is_known, respond};
use super::context::Context;
use super::encoding::{AcceptEncoding, ContentCoding, MIN_COMPRESSED_BYTES, compress};
use super::json_body::{JSON, SPARSE};
use super::negotiation::format;
use super::problem::Problem;
use super::resource::BASE;
use vku_transfer::format::Format;

/// The default capacity, in bytes.
pub const DEFAULT_CACHE_BYTES: u64 = 32 * 1024 * 1024;
/// What an entry weighs in addition to its bytes: keys, table slots, counters.
const OVERHEAD: u64 = 512;
/// The typical size of a response, in bytes; the estimated number of entries follows from it.
const TYPICAL: u64 = 4096;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// A representation of stored data, before the conditional headers and the content coding are evaluated.
#[derive(Clone, Debug)]
pub struct Representation {
    tag: ETag,
    link: Option<HeaderValue>,
    media_type: &'static str,
    body: Bytes,
    gzip: Option<Bytes>,
    br: Option<Bytes>,
}

impl Representation {
    /// A JSON representation with its tag.
    pub fn new(tag: ETag, body: Vec<u8>) -> Self {
        Self { tag, link: None, media_type: JSON, body: body.into(), gzip: None, br: None }
    }

    /// Sets the sparse media type if the projection leaves members out.
    pub fn shown(self, view: &Projection) -> Self {
        if view.is_sparse() { Self { media_type: SPARSE, ..self } } else { self }
    }

    /// Sets the `Link` header.
    pub fn linked(self, link: Option<HeaderValue>) -> Self {
        Self { link, ..self }
    }

    fn encoded_body(&self, coding: ContentCoding) -> Option<&Bytes> {
        match coding {
            ContentCoding::Br => self.br.as_ref(),
            ContentCoding::Gzip => self.gzip.as_ref(),
            ContentCoding::Deflate | ContentCoding::Identity => None,
        }
    }

    /// Responds with the representation, without caching it.
    pub fn answer(self, context: &Context) -> HttpResponse {
        let mut response = respond(context, StatusCode::OK, &self.tag, self.body);
        if self.media_type != JSON && response.headers().contains_key(CONTENT_TYPE) {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        }
        // With 304, the client already has the links.
        if let (Some(link), StatusCode::OK) = (self.link, response.status()) {
            response.headers_mut().insert(LINK, link);
        }
        response
    }
}

/// The state of the data that a response was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    generation: u64,
    day: NaiveDate,
}

impl Snapshot {
    /// The snapshot of a generation that was determined before anything was read; `None` if there is no generation.
    pub fn of(generation: Option<u64>, actor: &Actor) -> Option<Self> {
        generation.map(|generation| Self { generation, day: actor.today() })
    }

    /// Whether a response from this snapshot is still current in the other one.
    pub fn serves(self, other: Self) -> bool {
        self.day == other.day && self.generation >= other.generation
    }
}

struct CacheEntry {
    moment: Snapshot,
    answer: Representation,
    /// Whether a request has started to compress it.
    packing: AtomicBool,
}

/// The target, and everything about the caller that reading depends on. The account is not included: cached responses
/// must not depend on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct CacheKey {
    role: Option<Role>,
    utilities: Vec<Uuid>,
    scopes: Option<Scopes>,
    target: Box<str>,
}

/// A borrowed [`CacheKey`].
struct CacheKeyRef<'a> {
    actor: &'a Actor,
    target: &'a str,
}

impl Hash for CacheKeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Actor { role, utilities, scopes, .. } = self.actor;
        (role, utilities, scopes, self.target).hash(state);
    }
}

impl Equivalent<CacheKey> for CacheKeyRef<'_> {
    fn equivalent(&self, key: &CacheKey) -> bool {
        let Actor { role, utilities, scopes, .. } = self.actor;
        (role, self.target) == (&key.role, &key.target)
            && (utilities, scopes) == (&key.utilities, &key.scopes)
    }
}

impl<'a> CacheKeyRef<'a> {
    fn of(context: &'a Context) -> Self {
        let target = context.request.uri().path_and_query().map_or("", |target| target.as_str());
        Self { actor: &context.actor, target }
    }

    fn key(&self) -> CacheKey {
        let Actor { role, utilities, scopes, .. } = self.actor.clone();
        CacheKey { role, utilities, scopes, target: self.target.into() }
    }
}

#[derive(Clone)]
struct EntryWeight;

impl Weighter<CacheKey, Arc<CacheEntry>> for EntryWeight {
    fn weight(&self, key: &CacheKey, entry: &Arc<CacheEntry>) -> u64 {
        let Representation { body, gzip, br, .. } = &entry.answer;
        let compressed = gzip.as_ref().map_or(0, Bytes::len) + br.as_ref().map_or(0, Bytes::len);
        let scopes = key.scopes.iter().flat_map(Scopes::iter).map(|scope| scope.len() + 64).sum::<usize>();
        (body.len() + compressed + key.target.len() + 16 * key.utilities.len() + scopes) as u64 + OVERHEAD
    }
}

/// The cached responses, up to a number of bytes.
pub struct ResponseCache(Option<Arc<Cache<CacheKey, Arc<CacheEntry>, EntryWeight>>>);

/// Where a response came from, for `Server-Timing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CacheStatus {
    /// The response was in the cache.
    Hit,
    /// The response was computed and cached.
    Miss,
    /// Another request computed the response at the same time.
    Shared,
    /// The response was computed for this request only.
    Bypass,
}

impl CacheStatus {
    const fn word(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Shared => "shared",
            Self::Bypass => "bypass",
        }
    }
}

impl ResponseCache {
    /// A cache of at most `bytes` bytes; 0 disables the cache.
    pub fn new(bytes: u64) -> Self {
        let room = usize::try_from(bytes / TYPICAL).unwrap_or(usize::MAX);
        Self((bytes > 0).then(|| Arc::new(Cache::with_weighter(room, bytes, EntryWeight))))
    }

    /// Returns the representation from the cache if it is current, else computes it with `make` and caches it. Of
    /// several concurrent requests, only one computes it.
    async fn get(
        &self,
        key_ref: &CacheKeyRef<'_>,
        moment: Option<Snapshot>,
        make: impl AsyncFnOnce() -> Result<Representation, Problem>,
    ) -> Result<(Representation, CacheStatus), Problem> {
        let (Some(cache), Some(moment)) = (&self.0, moment) else {
            return Ok((make().await?, CacheStatus::Bypass));
        };
        let key = key_ref.key();
        let guard = loop {
            let mut waited = false;
            let mut value_or_guard = std::pin::pin!(cache.get_value_or_guard_async(&key));
            let found = std::future::poll_fn(|task| {
                let found = value_or_guard.as_mut().poll(task);
                waited |= found.is_pending();
                found
            });
            match found.await {
                Ok(entry) if entry.moment.serves(moment) => {
                    return Ok((
                        entry.answer.clone(),
                        if waited { CacheStatus::Shared } else { CacheStatus::Hit },
                    ));
                }
                // Outdated: the first request that comes replaces it.
                Ok(_) => drop(cache.remove_if(&key, |entry| !entry.moment.serves(moment))),
                // The computation failed in another request: all requests that waited compute for themselves, not one
                // after the other.
                Err(_) if waited => break None,
                Err(guard) => break Some(guard),
            }
        };
        let answer = make().await?;
        let entry = Arc::new(CacheEntry { moment, answer: answer.clone(), packing: AtomicBool::new(false) });
        match guard {
            // Another request may have cached an equivalent entry meanwhile.
            Some(guard) => drop(guard.insert(entry)),
            None => cache.insert(key, entry),
        }
        Ok((answer, CacheStatus::Miss))
    }

    /// Returns the entry if it is current.
    fn find(&self, key_ref: &CacheKeyRef<'_>, moment: Option<Snapshot>) -> Option<Arc<CacheEntry>> {
        let (cache, moment) = (self.0.as_ref()?, moment?);
        cache.get(key_ref).filter(|entry| entry.moment.serves(moment))
    }

    /// Returns the compressed body of an entry. Compression is for entries that are requested again: the first
    /// request that finds an entry compresses it for all; `None` for requests that come meanwhile.
    async fn compress(
        &self,
        key_ref: &CacheKeyRef<'_>,
        entry: &Arc<CacheEntry>,
        coding: ContentCoding,
    ) -> Option<Bytes> {
        if let Some(bytes) = entry.answer.encoded_body(coding) {
            return Some(bytes.clone());
        }
        if entry.packing.swap(true, SeqCst) {
            return None;
        }
        let (cache, key, entry) = (self.0.clone()?, key_ref.key(), entry.clone());
        let pack = move || {
            let bytes = compress(&entry.answer.body, coding)?;
            let mut answer = entry.answer.clone();
            match coding {
                ContentCoding::Br => answer.br = Some(bytes.clone()),
                _ => answer.gzip = Some(bytes.clone()),
            }
            let replacement =
                Arc::new(CacheEntry { moment: entry.moment, answer, packing: AtomicBool::new(false) });
            // The entry may have been evicted or replaced meanwhile.
            if cache.peek(&key).is_some_and(|now| Arc::ptr_eq(&now, &entry)) {
                let _ = cache.replace(key, replacement, true);
            }
            Some(bytes)
        };
        block(pack).await.ok()?
    }
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
    match format(context, None, formats) {
        Ok(Format::Json) => respond_from_cache(context).await,
        _ => None,
    }
}

async fn respond_from_cache(context: &Context) -> Option<HttpResponse> {
    let (responses, key_ref) = (&context.shared.responses, CacheKeyRef::of(context));
    let entry = responses.find(&key_ref, context.snapshot)?;
    let mut response = match coding(context, &entry) {
        Some(coding) => match responses.compress(&key_ref, &entry, coding).await {
            Some(body) => {
                let mut response = Representation { body, ..entry.answer.clone() }.answer(context);
                response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding.as_str()));
                response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
                response
            }
            None => entry.answer.clone().answer(context),
        },
        None => entry.answer.clone().answer(context),
    };
    add_server_timing(context, &mut response, CacheStatus::Hit, None);
    Some(response)
}

/// The coding to send the entry in; `None` to send it uncompressed, or if the client already has it.
fn coding(context: &Context, entry: &CacheEntry) -> Option<ContentCoding> {
    if entry.answer.body.len() < MIN_COMPRESSED_BYTES {
        return None;
    }
    let accepted = AcceptEncoding::of(context.request.headers())?;
    let coding = accepted.best(ContentCoding::CACHED).filter(|coding| *coding != ContentCoding::Identity)?;
    (!is_known(&context.request, &entry.answer.tag)).then_some(coding)
}

/// Responds from the cache, or with what `make` reads, which is cached for callers with the same permissions.
pub async fn get_or_insert_with(
    context: &Context,
    make: impl AsyncFnOnce() -> Result<Representation, Problem>,
) -> Result<HttpResponse, Problem> {
    let started = Instant::now();
    let (answer, source) =
        context.shared.responses.get(&CacheKeyRef::of(context), context.snapshot, make).await?;
    let mut response = answer.answer(context);
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
    let word = source.word();
    let value = match started {
        Some(started) => format!("cache;desc={word}, db;dur={:.1}", started.elapsed().as_secs_f64() * 1e3),
        None => format!("cache;desc={word}"),
    };
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().append(SERVER_TIMING, value);
    }
}

#[cfg(test)]
mod tests;
