//! Writers on PostgreSQL tell each other: a notice follows every commit, one for many that come close together, and each
//! instance that keeps what it read listens on a connection of its own. (A notice within the transaction would make all
//! commits wait for each other: PostgreSQL takes one lock for all that notify, until they are on disk.)
//!
//! Whether it hears is never taken for granted: it sends a notice to itself every second, and what it has not heard for
//! some seconds makes it doubt. With each it looks whether the change log has grown: a writer may have been killed
//! between its commit and its notice.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionOptions};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::{MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::cache_generation::CacheGeneration;
use super::{begin, log_watermark};

/// What is told on.
const CHANNEL: &str = "vku_written";
/// How often it sends a notice to itself.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
/// How long after one that it has heard it relies on hearing the next.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long it waits before it connects again.
const RETRY: Duration = Duration::from_millis(200);

/// Tells others that something was written.
#[derive(Debug)]
pub(crate) struct Notifier {
    connections: DatabaseConnection,
    /// Whether somebody is about to.
    waiting: AtomicBool,
}

impl Notifier {
    /// Tells it on these connections.
    pub(crate) fn new(connections: DatabaseConnection) -> Arc<Self> {
        Arc::new(Self { connections, waiting: AtomicBool::new(false) })
    }

    /// Tells it soon, once for all who ask for that meanwhile.
    pub(crate) fn tell(self: &Arc<Self>) {
        if !self.waiting.swap(true, SeqCst) {
            let teller = self.clone();
            tokio::spawn(async move { teller.notify().await });
        }
    }

    /// Tells it now, if it is still to be told.
    pub(crate) async fn finish(&self) {
        if self.waiting.load(SeqCst) {
            self.notify().await;
        }
    }

    /// Tells it now. Who cannot be told doubts by itself.
    pub(crate) async fn notify(&self) {
        let Ok(tx) = begin(&self.connections, TransactionOptions::default()).await else {
            return self.waiting.store(false, SeqCst);
        };
        // What is written from here on is another notice's.
        self.waiting.store(false, SeqCst);
        let _ = tx.execute_unprepared(&format!("NOTIFY {CHANNEL}")).await;
        let _ = tx.commit().await;
    }
}

/// Listens until it is dropped; connects again as often as it has to.
pub(crate) async fn spawn_listener(options: PgConnectOptions, generation: Arc<CacheGeneration>) {
    let mut told = false;
    loop {
        let heard = Instant::now();
        let Err(error) = listen(&options, &generation).await;
        generation.invalidate();
        // An outage is told once, not at every try.
        if !told || heard.elapsed() > HEARTBEAT_TIMEOUT {
            tracing::warn!(%error, "the response cache is off: the database sends no notifications of changes");
        }
        told = true;
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
    // What was written while nobody listened.
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
                    // Of another instance, or an older one.
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
