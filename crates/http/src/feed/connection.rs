//! An open stream of changes: a task that reads what has changed, and sends it as fast as the client receives it.

use std::time::Duration;

use actix_web::web::{Bytes, Data};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_persistence::feed::{FeedCursor, FeedPage, FeedQuery, Since};

use super::write_entry;
use crate::kernel::event_streams::{EventPage, PageKey, StreamSlot};
use crate::kernel::state::AppState;

/// A comment: it shows that the stream is alive.
const COMMENT: &[u8] = b":\n\n";
/// After how many milliseconds a client reconnects.
const RETRY: u64 = 3_000;

/// Who receives the stream.
pub(super) enum Receiver {
    /// The public.
    Public,
    /// An account, by this login.
    Login(Uuid, Uuid),
    /// The owner of an API key.
    ApiKey(String),
}

/// An open stream.
pub(super) struct Connection {
    pub(super) shared: Data<AppState>,
    pub(super) actor: Actor,
    pub(super) receiver: Receiver,
    /// The types of resources, and whether events have the representation; `since` is where the stream is.
    pub(super) query: FeedQuery,
    pub(super) since: FeedCursor,
    pub(super) slot: StreamSlot,
}

impl Connection {
    /// Sends events until the stream ends: the client is gone or too slow, its credentials are no longer valid, the
    /// server shuts down, or nothing can be read. Clients resume where the stream has ended.
    pub(super) async fn run(mut self, send: mpsc::Sender<Bytes>) {
        let store = self.shared.store.clone();
        let (mut log, mut credentials) = (store.watch_log(), store.watch_credentials());
        let mut closing = self.shared.streams.closing();
        let heartbeat = self.shared.http_config.timeouts.heartbeat;
        let mut heartbeat = interval_at(Instant::now() + heartbeat, heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ends = self.catch_up(&mut log, &send, true).await;
        let mut ends = ends.is_none();
        while !ends && !*closing.borrow_and_update() {
            let woken = tokio::select! {
                biased;
                () = send.closed() => return,
                _ = closing.changed() => return,
                _ = credentials.changed() => self.is_permitted().await.then_some(()),
                changed = log.changed() => match changed {
                    Ok(()) => self.catch_up(&mut log, &send, false).await,
                    Err(_) => None,
                },
                _ = heartbeat.tick() => match self.is_permitted().await {
                    true => self.send(&send, Bytes::from_static(COMMENT)).await,
                    false => None,
                },
            };
            ends = woken.is_none();
        }
        drop(self.slot);
    }

    /// Sends what has changed; `None` if the stream ends.
    async fn catch_up(
        &mut self,
        log: &mut watch::Receiver<i64>,
        send: &mpsc::Sender<Bytes>,
        begins: bool,
    ) -> Option<()> {
        if begins {
            // With an id, so that a client that is cut off before the first event resumes here.
            let token = self.shared.store.seal_change_token(self.since).ok()?;
            self.send(send, format!("retry: {RETRY}\nid: {token}\n\n").into()).await?;
        }
        loop {
            let position = *log.borrow_and_update();
            let page = match self.page(position).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::debug!(code = error.code.as_str(), source = ?error.source, "a stream ends");
                    return None;
                }
            };
            if !page.events.is_empty() {
                // What a caller gets must be what it may see when it is sent.
                self.send(send, page.events.clone()).await?;
            }
            self.since = page.since;
            if !page.has_more {
                return Some(());
            }
        }
    }

    async fn page(&mut self, position: i64) -> Result<std::sync::Arc<EventPage>, Error> {
        let shared = self.shared.clone();
        self.actor.at = shared.store.now();
        let wanted = (self.query.resources.as_slice(), self.query.with_state);
        let key = PageKey::new(&self.actor, wanted, self.since, position);
        let query = FeedQuery { since: Since::Cursor(self.since), ..self.query.clone() };
        let actor = self.actor.clone();
        let read = async {
            let page = Box::pin(shared.store.feed(&actor, &query)).await?;
            event_page(&shared, page)
        };
        shared.streams.page(&key, read).await
    }

    /// Whether the credentials are still valid, with the same permissions. If not, the client reconnects, and learns
    /// then what has changed.
    async fn is_permitted(&self) -> bool {
        let store = &self.shared.store;
        let known = match &self.receiver {
            Receiver::Public => return true,
            Receiver::Login(account, login) => store.caller_by_login(*account, *login).await,
            Receiver::ApiKey(key) => {
                store.caller_by_key(key).await.map(|found| found.map(|(actor, _)| actor))
            }
        };
        let rights = |actor: &Actor| (actor.role, actor.utilities.clone(), actor.scopes.clone());
        known.ok().flatten().is_some_and(|actor| rights(&actor) == rights(&self.actor))
    }

    /// Sends bytes; `None` if the client is gone, or has not received what was sent before in time.
    async fn send(&self, send: &mpsc::Sender<Bytes>, bytes: Bytes) -> Option<()> {
        let limit: Duration = self.shared.http_config.timeouts.event;
        timeout(limit, send.send(bytes)).await.ok()?.ok()
    }
}

/// Writes a page as events. The id of each is the token after it.
fn event_page(shared: &AppState, page: FeedPage) -> Result<EventPage, Error> {
    let FeedPage { items, since, has_more } = page;
    let mut events = Vec::new();
    for (entry, cursor) in items {
        let token = shared.store.seal_change_token(cursor)?;
        events.extend_from_slice(format!("id: {token}\nevent: change\ndata: ").as_bytes());
        write_entry(entry, &mut events)?;
        events.extend_from_slice(b"\n\n");
    }
    Ok(EventPage { events: events.into(), since, has_more })
}
