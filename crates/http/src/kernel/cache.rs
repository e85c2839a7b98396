//! Answers that were made before, kept as bytes: found before anything is parsed, and the same for all that see alike.
//!
//! An answer counts as long as nothing has been written and the day (UTC) is the same. Both are asked for each time, so
//! nothing has to be thrown away; what is not asked for gives way to what is.

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
use super::negotiation::{Format, format};
use super::problem::Problem;
use super::resource::BASE;

/// How many bytes are kept unless it is configured otherwise.
pub const DEFAULT_CACHE_BYTES: u64 = 32 * 1024 * 1024;
/// What one that is kept weighs beside its bytes: keys, places in tables, counters.
const OVERHEAD: u64 = 512;
/// The usual size of an answer, which tells for how many there is to be room.
const TYPICAL: u64 = 4096;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// A representation of what is stored, before it is known whether the client has it, and how it wants it packed.
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
    /// JSON with its tag.
    pub fn new(tag: ETag, body: Vec<u8>) -> Self {
        Self { tag, link: None, media_type: JSON, body: body.into(), gzip: None, br: None }
    }

    /// Where members were left out of it, it says so.
    pub fn shown(self, view: &Projection) -> Self {
        if view.is_sparse() { Self { media_type: SPARSE, ..self } } else { self }
    }

    /// With a `Link` header.
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

    /// As it is answered without anything of it being kept.
    pub fn answer(self, context: &Context) -> HttpResponse {
        let mut response = respond(context, StatusCode::OK, &self.tag, self.body);
        if self.media_type != JSON && response.headers().contains_key(CONTENT_TYPE) {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        }
        // A client that has the page has its links.
        if let (Some(link), StatusCode::OK) = (self.link, response.status()) {
            response.headers_mut().insert(LINK, link);
        }
        response
    }
}

/// What an answer was read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    generation: u64,
    day: NaiveDate,
}

impl Snapshot {
    /// Of a generation that was taken before anything was read; `None` where there is none.
    pub fn of(generation: Option<u64>, actor: &Actor) -> Option<Self> {
        generation.map(|generation| Self { generation, day: actor.today() })
    }

    /// Whether what was read in this one is what would be read in the other.
    pub fn serves(self, other: Self) -> bool {
        self.day == other.day && self.generation >= other.generation
    }
}

struct CacheEntry {
    moment: Snapshot,
    answer: Representation,
    /// Whether somebody packs it already.
    packing: AtomicBool,
}

/// Who sees what: all that reading is told of who asks, except the account, which it must not depend on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct CacheKey {
    role: Option<Role>,
    utilities: Vec<Uuid>,
    scopes: Option<Scopes>,
    target: Box<str>,
}

/// The same, borrowed.
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
    fn weight(&self, key: &CacheKey, kept: &Arc<CacheEntry>) -> u64 {
        let Representation { body, gzip, br, .. } = &kept.answer;
        let packed = gzip.as_ref().map_or(0, Bytes::len) + br.as_ref().map_or(0, Bytes::len);
        let scopes = key.scopes.iter().flat_map(Scopes::iter).map(|scope| scope.len() + 64).sum::<usize>();
        (body.len() + packed + key.target.len() + 16 * key.utilities.len() + scopes) as u64 + OVERHEAD
    }
}

/// The answers that are kept, up to so many bytes.
pub struct ResponseCache(Option<Arc<Cache<CacheKey, Arc<CacheEntry>, EntryWeight>>>);

/// Where an answer came from, as `Server-Timing` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CacheStatus {
    /// It was there.
    Hit,
    /// It was made, for whoever asks next too.
    Miss,
    /// Another made it at the same time.
    Shared,
    /// It was made for this one alone.
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
    /// Keeps so many bytes at most; 0 keeps nothing.
    pub fn new(bytes: u64) -> Self {
        let room = usize::try_from(bytes / TYPICAL).unwrap_or(usize::MAX);
        Self((bytes > 0).then(|| Arc::new(Cache::with_weighter(room, bytes, EntryWeight))))
    }

    /// What it would be read as now: from memory, or made by `make` and kept. Of those who ask at once, one makes it.
    async fn get(
        &self,
        asked: &CacheKeyRef<'_>,
        moment: Option<Snapshot>,
        make: impl AsyncFnOnce() -> Result<Representation, Problem>,
    ) -> Result<(Representation, CacheStatus), Problem> {
        let (Some(cache), Some(moment)) = (&self.0, moment) else {
            return Ok((make().await?, CacheStatus::Bypass));
        };
        let key = asked.key();
        let guard = loop {
            let mut waited = false;
            let mut turn = std::pin::pin!(cache.get_value_or_guard_async(&key));
            let found = std::future::poll_fn(|task| {
                let found = turn.as_mut().poll(task);
                waited |= found.is_pending();
                found
            });
            match found.await {
                Ok(kept) if kept.moment.serves(moment) => {
                    return Ok((
                        kept.answer.clone(),
                        if waited { CacheStatus::Shared } else { CacheStatus::Hit },
                    ));
                }
                // Of before: whoever comes first makes it anew.
                Ok(_) => drop(cache.remove_if(&key, |kept| !kept.moment.serves(moment))),
                // Whoever had it to make could not: all that waited for it ask by themselves, not one after the other.
                Err(_) if waited => break None,
                Err(guard) => break Some(guard),
            }
        };
        let answer = make().await?;
        let kept = Arc::new(CacheEntry { moment, answer: answer.clone(), packing: AtomicBool::new(false) });
        match guard {
            // Somebody else may have kept one meanwhile, as good as this.
            Some(guard) => drop(guard.insert(kept)),
            None => cache.insert(key, kept),
        }
        Ok((answer, CacheStatus::Miss))
    }

    /// What is kept, if it is what would be read now.
    fn find(&self, asked: &CacheKeyRef<'_>, moment: Option<Snapshot>) -> Option<Arc<CacheEntry>> {
        let (cache, moment) = (self.0.as_ref()?, moment?);
        cache.get(asked).filter(|kept| kept.moment.serves(moment))
    }

    /// What is kept, packed. Packing is for what is asked for again: the first who finds it packs it for all.
    async fn compress(
        &self,
        asked: &CacheKeyRef<'_>,
        kept: &Arc<CacheEntry>,
        coding: ContentCoding,
    ) -> Option<Bytes> {
        if let Some(bytes) = kept.answer.encoded_body(coding) {
            return Some(bytes.clone());
        }
        if kept.packing.swap(true, SeqCst) {
            return None;
        }
        let (cache, key, kept) = (self.0.clone()?, asked.key(), kept.clone());
        let pack = move || {
            let bytes = compress(&kept.answer.body, coding)?;
            let mut answer = kept.answer.clone();
            match coding {
                ContentCoding::Br => answer.br = Some(bytes.clone()),
                _ => answer.gzip = Some(bytes.clone()),
            }
            let again = Arc::new(CacheEntry { moment: kept.moment, answer, packing: AtomicBool::new(false) });
            // It may have given way, or have been made anew.
            if cache.peek(&key).is_some_and(|now| Arc::ptr_eq(&now, &kept)) {
                let _ = cache.replace(key, again, true);
            }
            Some(bytes)
        };
        block(pack).await.ok()?
    }
}

/// The answer, where it is kept, before it is looked for who makes it: for a client that takes what is usual.
///
/// Errors: 429. Whatever else is wrong with a request, who makes the answer says.
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

/// The answer, where it was made before for somebody who sees alike, and the client wants one of these formats.
pub async fn lookup(context: &Context, formats: &[Format]) -> Option<HttpResponse> {
    // An answer that is kept is JSON: by `format`, or by what is negotiated.
    match format(context, None, formats) {
        Ok(Format::Json) => respond_from_cache(context).await,
        _ => None,
    }
}

async fn respond_from_cache(context: &Context) -> Option<HttpResponse> {
    let (responses, asked) = (&context.shared.responses, CacheKeyRef::of(context));
    let kept = responses.find(&asked, context.snapshot)?;
    let mut response = match coding(context, &kept) {
        Some(coding) => match responses.compress(&asked, &kept, coding).await {
            Some(body) => {
                let mut response = Representation { body, ..kept.answer.clone() }.answer(context);
                response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding.as_str()));
                response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
                response
            }
            None => kept.answer.clone().answer(context),
        },
        None => kept.answer.clone().answer(context),
    };
    add_server_timing(context, &mut response, CacheStatus::Hit, None);
    Some(response)
}

/// The coding to send it in, where it is one that is kept, and the client has it not already.
fn coding(context: &Context, kept: &CacheEntry) -> Option<ContentCoding> {
    if kept.answer.body.len() < MIN_COMPRESSED_BYTES {
        return None;
    }
    let accepted = AcceptEncoding::of(context.request.headers())?;
    let coding = accepted.best(ContentCoding::CACHED).filter(|coding| *coding != ContentCoding::Identity)?;
    (!is_known(&context.request, &kept.answer.tag)).then_some(coding)
}

/// The answer: what `make` reads, which is kept for who sees alike.
pub async fn get_or_insert_with(
    context: &Context,
    make: impl AsyncFnOnce() -> Result<Representation, Problem>,
) -> Result<HttpResponse, Problem> {
    let begun = Instant::now();
    let (answer, source) =
        context.shared.responses.get(&CacheKeyRef::of(context), context.snapshot, make).await?;
    let mut response = answer.answer(context);
    add_server_timing(context, &mut response, source, Some(begun));
    Ok(response)
}

/// Tells staff where the answer came from, and how long reading took. Others would learn that something was written
/// which they may not see.
fn add_server_timing(
    context: &Context,
    response: &mut HttpResponse,
    source: CacheStatus,
    begun: Option<Instant>,
) {
    if !context.actor.is_staff() {
        return;
    }
    let word = source.word();
    let told = match begun {
        Some(begun) => format!("cache;desc={word}, db;dur={:.1}", begun.elapsed().as_secs_f64() * 1e3),
        None => format!("cache;desc={word}"),
    };
    if let Ok(told) = HeaderValue::try_from(told) {
        response.headers_mut().append(SERVER_TIMING, told);
    }
}

#[cfg(test)]
mod tests;
