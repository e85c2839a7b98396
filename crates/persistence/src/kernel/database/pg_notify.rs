//! Notifications between instances on PostgreSQL: a `NOTIFY` follows every commit, one for several commits
//! that come close together, and each instance that caches responses listens on a separate connection. (A
//! `NOTIFY` within the transaction would serialise all commits: PostgreSQL holds one lock for all notifying
//! transactions until they are on disk.)
//!
//! A listener does not assume that notifications arrive: it sends a heartbeat to itself every second, and the
//! cache is invalid when none has arrived for some seconds. With each heartbeat it checks whether the change
//! log has grown, because a writer may have been killed between its commit and its notification.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionOptions};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::{MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::cache_generation::CacheGeneration;
use super::log_watermark;
use super::retry::begin;

/// The notification channel.
const CHANNEL: &str = "vku_written";
/// How often the listener sends a heartbeat to itself.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
/// How long after a heartbeat was sent the cache stays valid.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the listener waits before it reconnects.
const RETRY: Duration = Duration::from_millis(200);

/// Notifies other instances of writes.
#[derive(Debug)]
pub(crate) struct Notifier {
    connections: DatabaseConnection,
    /// Whether a notification is about to be sent.
    waiting: AtomicBool,
}

impl Notifier {
    /// Makes a notifier that uses these connections.
    pub(crate) fn new(connections: DatabaseConnection) -> Arc<Self> {
        Arc::new(Self { connections, waiting: AtomicBool::new(false) })
    }

    /// Sends a notification soon, one for all calls until then.
    pub(crate) fn notify_soon(self: &Arc<Self>) {
        if !self.waiting.swap(true, SeqCst) {
            let notifier = self.clone();
            tokio::spawn(async move { notifier.notify().await });
        }
    }

    /// Sends the notification now, if one is still pending.
    pub(crate) async fn finish(&self) {
        if self.waiting.load(SeqCst) {
            self.notify().await;
        }
    }

    /// Sends a notification now. An instance that cannot be reached invalidates its cache by itself.
    pub(crate) async fn notify(&self) {
        let Ok(tx) = begin(&self.connections, TransactionOptions::default()).await else {
            return self.waiting.store(false, SeqCst);
        };
        // A write from here on sends another notification.
        self.waiting.store(false, SeqCst);
        let _ = tx.execute_unprepared(&format!("NOTIFY {CHANNEL}")).await;
        let _ = tx.commit().await;
    }
}

/// Listens until the future is dropped; reconnects whenever necessary.
pub(crate) async fn run_listener(options: PgConnectOptions, generation: Arc<CacheGeneration>) {
    let mut is_reported = false;
    loop {
        let heard = Instant::now();
        let Err(error) = listen(&options, &generation).await;
        generation.suspend();
        // Log an outage once, not at every attempt.
        if !is_reported || heard.elapsed() > HEARTBEAT_TIMEOUT {
            tracing::warn!(%error, "the response cache is off: the database sends no notifications of changes");
        }
        is_reported = true;
        sleep(RETRY).await;
    }
}

async fn listen(options: &PgConnectOptions, generation: &CacheGeneration) -> Result<Infallible, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(HEARTBEAT_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    // Something may have been written while nobody listened.
    generation.bump();
    let me = Uuid::new_v4();
    let (mut beats, mut sent, mut end) = (0_u64, Instant::now(), None);
    let mut beat = interval(HEARTBEAT_INTERVAL);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            notice = listener.try_recv() => {
                let notice = notice?.ok_or(sqlx::Error::WorkerCrashed)?;
                match notice.payload() {
                    "" => generation.bump(),
                    beat if beat == format!("{me} {beats}") => generation.extend_validity(sent, HEARTBEAT_TIMEOUT),
                    // The heartbeat of another instance, or an older one.
                    _ => {}
                }
            }
            _ = beat.tick() => {
                (beats, sent) = (beats + 1, Instant::now());
                let now = log_watermark::high_watermark_on(&mut listener).await?;
                if end.replace(now).is_some_and(|before| before != now) {
                    generation.bump();
                }
                let notice = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(format!("{me} {beats}"));
                notice.execute(&mut listener).await?;
            }
        }
    }
}
