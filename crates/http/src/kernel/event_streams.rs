//! The open streams of changes of an instance: how many there are, what they share, and their end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use quick_cache::sync::Cache;
use tokio::sync::watch;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::access::scope::Scopes;
use vku_domain::kernel::error::{Code, Error};
use vku_persistence::audit::ResourceName;
use vku_persistence::feed::FeedCursor;

use super::config::StreamLimits;
use super::limits::rate_limit::RateLimitKey;

/// After how many seconds a refused client may try again.
const RETRY_SECONDS: u32 = 10;
/// How many pages are kept: those with callers of different permissions who read them at the same time.
const PAGES: usize = 32;

/// A page of changes as events, for all streams with the same permissions that have read up to the same position.
#[derive(Debug)]
pub(crate) struct EventPage {
    /// The events.
    pub(crate) events: Bytes,
    /// The cursor after the page.
    pub(crate) since: FeedCursor,
    /// Whether more can be read at once.
    pub(crate) has_more: bool,
}

/// What a page depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageKey {
    role: Option<Role>,
    utilities: Vec<Uuid>,
    scopes: Option<Scopes>,
    resources: Vec<ResourceName>,
    with_state: bool,
    since: FeedCursor,
    /// The account, if it decides whether its permissions are still those of the cursor.
    account: Option<Uuid>,
    /// The position of the log: after a change, nobody gets a page that was read before it.
    position: i64,
}

impl PageKey {
    pub(crate) fn new(
        actor: &Actor,
        (resources, with_state): (&[ResourceName], bool),
        since: FeedCursor,
        position: i64,
    ) -> Self {
        Self {
            role: actor.role,
            utilities: actor.utilities.clone(),
            scopes: actor.scopes.clone(),
            resources: resources.to_vec(),
            with_state,
            since,
            account: actor.account.filter(|_| !since.is_of(actor)),
            position,
        }
    }
}

/// How many streams each caller has open.
type Open = Arc<Mutex<HashMap<RateLimitKey, usize>>>;

/// The open streams.
#[derive(Debug)]
pub struct EventStreams {
    open: Open,
    closing: watch::Sender<bool>,
    pages: Cache<PageKey, Arc<EventPage>>,
}

impl Default for EventStreams {
    fn default() -> Self {
        Self { open: Open::default(), closing: watch::Sender::new(false), pages: Cache::new(PAGES) }
    }
}

impl EventStreams {
    /// Ends all streams, and those that are opened later: their clients reconnect, to another instance or later.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Whether all streams end.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// The number of open streams.
    pub fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// Takes a place for a stream, until it is dropped.
    ///
    /// Errors: 429 if the caller has too many, 503 if there are too many in all.
    pub(crate) fn open(&self, caller: RateLimitKey, limits: StreamLimits) -> Result<StreamSlot, Error> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= limits.in_all {
            let detail = bilingual!(
                "Too many streams of changes are open; please try again shortly.",
                "Es sind zu viele Streams offen; bitte versuchen Sie es gleich noch einmal."
            );
            return Err(Error { retry_after: Some(RETRY_SECONDS), ..Error::new(Code::Unavailable, detail) });
        }
        let of_caller = open.entry(caller).or_default();
        if *of_caller >= limits.per_caller {
            let many = limits.per_caller;
            let detail = bilingual!(
                "You have {many} streams of changes open, which is the maximum. Close one of them.",
                "Sie haben {many} Streams offen, und mehr kann man nicht haben. Schließen Sie einen davon."
            );
            return Err(Error {
                retry_after: Some(RETRY_SECONDS),
                ..Error::new(Code::TooManyStreams, detail)
            });
        }
        *of_caller += 1;
        Ok(StreamSlot { open: self.open.clone(), caller })
    }

    /// Returns the page, or reads it for all who want the same.
    pub(crate) async fn page(
        &self,
        key: &PageKey,
        read: impl Future<Output = Result<EventPage, Error>>,
    ) -> Result<Arc<EventPage>, Error> {
        let read = async { read.await.map(Arc::new) };
        self.pages.get_or_insert_async(key, read).await
    }
}

/// The place of an open stream.
#[derive(Debug)]
pub(crate) struct StreamSlot {
    open: Open,
    caller: RateLimitKey,
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(many) = open.get_mut(&self.caller) {
            *many = many.saturating_sub(1);
            if *many == 0 {
                open.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_limited_until_they_end() {
        let (streams, limits) = (EventStreams::default(), StreamLimits { per_caller: 2, in_all: 3 });
        let [one, other] = [1, 2].map(|id| RateLimitKey::Account(Uuid::from_u128(id)));
        let mut slots: Vec<_> = [one, one, other].map(|who| streams.open(who, limits).unwrap()).into();
        assert_eq!(streams.open(other, limits).unwrap_err().code, Code::Unavailable);
        drop(slots.pop());
        assert_eq!(streams.open(one, limits).unwrap_err().code, Code::TooManyStreams);
        drop(slots.pop());
        assert_eq!(streams.count(), 1);
        streams.open(one, limits).unwrap();
    }
}
