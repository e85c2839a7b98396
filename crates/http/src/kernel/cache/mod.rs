//! The response cache: bodies as bytes, looked up before anything is parsed, and shared by callers with the same
//! permissions.
//!
//! An entry is valid as long as the tables that it was read from have not changed and the day (UTC) is the same. Both are
//! checked at every lookup, so entries are not invalidated one by one (see `CacheGeneration::bump`). Entries that are not
//! requested are evicted in favour of those that are.

mod representation;

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use actix_web::web::block;
use bytes::Bytes;
use chrono::NaiveDate;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use uuid::Uuid;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::access::scope::Scopes;
use vku_persistence::kernel::database::cache_generation::TablesRead;

use super::encoding::{ContentCoding, compress};
use super::problem::Problem;

pub use self::representation::Representation;

/// The default capacity, in bytes.
pub const DEFAULT_CACHE_BYTES: u64 = 32 * 1024 * 1024;
/// What an entry weighs in addition to its bytes: keys, table slots, counters.
const OVERHEAD: u64 = 512;
/// The typical size of a response, in bytes; the estimated number of entries follows from it.
const TYPICAL_ENTRY_BYTES: u64 = 4096;

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

    /// Whether a response from this snapshot is still current in the other one: nothing has been written, or none of the
    /// tables that it was read from.
    pub fn serves(self, other: Self, reads: Option<&TablesRead>) -> bool {
        let is_unchanged = || reads.is_some_and(|reads| !reads.have_changed_since(self.generation));
        self.day == other.day && (self.generation >= other.generation || is_unchanged())
    }
}

pub(super) struct CacheEntry {
    snapshot: Snapshot,
    pub(super) representation: Representation,
    /// Whether a request has started to compress the body. Without the flag, all requests that come meanwhile would
    /// compress it, too; a body that does not get shorter would be compressed for each request.
    compressing: AtomicBool,
}

impl CacheEntry {
    fn serves(&self, snapshot: Snapshot) -> bool {
        self.snapshot.serves(snapshot, self.representation.reads.as_deref())
    }
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
pub(super) struct CacheKeyRef<'a> {
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
    /// The key of a target, as its path and query, for an actor.
    pub(super) fn new(actor: &'a Actor, target: &'a str) -> Self {
        Self { actor, target }
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
        let Representation { body, gzip, br, .. } = &entry.representation;
        let compressed = gzip.as_ref().map_or(0, Bytes::len) + br.as_ref().map_or(0, Bytes::len);
        let scopes = key.scopes.iter().flat_map(Scopes::iter).map(|scope| scope.len() + 64).sum::<usize>();
        (body.len() + compressed + key.target.len() + 16 * key.utilities.len() + scopes) as u64 + OVERHEAD
    }
}

/// The cached responses, up to a number of bytes.
pub struct ResponseCache(Option<Arc<Cache<CacheKey, Arc<CacheEntry>, EntryWeight>>>);

/// Where a response came from, for `Server-Timing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CacheStatus {
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
    pub(super) const fn as_str(self) -> &'static str {
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
        let room = usize::try_from(bytes / TYPICAL_ENTRY_BYTES).unwrap_or(usize::MAX);
        Self((bytes > 0).then(|| Arc::new(Cache::with_weighter(room, bytes, EntryWeight))))
    }

    /// Returns the representation from the cache if it is current, else computes it by `make` and caches it. Of
    /// several concurrent requests, only one computes it.
    pub(super) async fn get(
        &self,
        key_ref: &CacheKeyRef<'_>,
        snapshot: Option<Snapshot>,
        make: impl Future<Output = Result<Representation, Problem>>,
    ) -> Result<(Representation, CacheStatus), Problem> {
        let (Some(cache), Some(snapshot)) = (&self.0, snapshot) else {
            return Ok((make.await?, CacheStatus::Bypass));
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
                Ok(entry) if entry.serves(snapshot) => {
                    return Ok((
                        entry.representation.clone(),
                        if waited { CacheStatus::Shared } else { CacheStatus::Hit },
                    ));
                }
                // Outdated: the first request that comes replaces it.
                Ok(_) => drop(cache.remove_if(&key, |entry| !entry.serves(snapshot))),
                // The computation failed in another request: all requests that waited compute for themselves, not one
                // after the other.
                Err(_) if waited => break None,
                Err(guard) => break Some(guard),
            }
        };
        let representation = make.await?;
        let entry = Arc::new(CacheEntry {
            snapshot,
            representation: representation.clone(),
            compressing: AtomicBool::new(false),
        });
        match guard {
            // Another request may have cached an equivalent entry meanwhile.
            Some(guard) => drop(guard.insert(entry)),
            None => cache.insert(key, entry),
        }
        Ok((representation, CacheStatus::Miss))
    }

    /// Returns the entry if it is current.
    pub(super) fn find(
        &self,
        key_ref: &CacheKeyRef<'_>,
        snapshot: Option<Snapshot>,
    ) -> Option<Arc<CacheEntry>> {
        let (cache, snapshot) = (self.0.as_ref()?, snapshot?);
        cache.get(key_ref).filter(|entry| entry.serves(snapshot))
    }

    /// Returns the compressed body of an entry. Compression is for entries that are requested again: the first
    /// request that finds an entry compresses it for all; `None` for requests that come meanwhile.
    pub(super) async fn compress(
        &self,
        key_ref: &CacheKeyRef<'_>,
        entry: &Arc<CacheEntry>,
        coding: ContentCoding,
    ) -> Option<Bytes> {
        if let Some(bytes) = entry.representation.encoded_body(coding) {
            return Some(bytes.clone());
        }
        if entry.compressing.swap(true, SeqCst) {
            return None;
        }
        let (cache, key, entry) = (self.0.clone()?, key_ref.key(), entry.clone());
        let work = move || {
            let bytes = compress(&entry.representation.body, coding)?;
            let mut representation = entry.representation.clone();
            match coding {
                ContentCoding::Br => representation.br = Some(bytes.clone()),
                _ => representation.gzip = Some(bytes.clone()),
            }
            let replacement = Arc::new(CacheEntry {
                snapshot: entry.snapshot,
                representation,
                compressing: AtomicBool::new(false),
            });
            // The entry may have been evicted or replaced meanwhile.
            if cache.peek(&key).is_some_and(|now| Arc::ptr_eq(&now, &entry)) {
                let _ = cache.replace(key, replacement, true);
            }
            Some(bytes)
        };
        block(work).await.ok()?
    }
}

#[cfg(test)]
mod tests;
