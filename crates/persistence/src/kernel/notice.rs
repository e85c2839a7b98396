//! Writers on PostgreSQL tell each other: every commit sends a notice, and each instance that keeps what it read
//! listens on a connection of its own.
//!
//! Whether it hears is never taken for granted: it sends a notice to itself every second, and what it has not heard for
//! some seconds makes it doubt. Notices come in the order of the commits, so whoever hears its own has heard all before.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::{MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::generation::Generation;

/// What is told on.
pub(crate) const CHANNEL: &str = "vku_written";
/// How often it sends a notice to itself.
const BEAT: Duration = Duration::from_secs(1);
/// How long after one that it has heard it relies on hearing the next.
const RELY: Duration = Duration::from_secs(3);
/// How long it waits before it connects again.
const RETRY: Duration = Duration::from_millis(200);

/// Listens until it is dropped; connects again as often as it has to.
pub(crate) async fn follow(options: PgConnectOptions, generation: Arc<Generation>) {
    let mut told = false;
    loop {
        let heard = Instant::now();
        let Err(error) = listen(&options, &generation).await;
        generation.doubt();
        // An outage is told once, not at every try.
        if !told || heard.elapsed() > RELY {
            tracing::warn!(%error, "nothing is kept in memory: the database tells no changes");
        }
        told = true;
        sleep(RETRY).await;
    }
}

async fn listen(options: &PgConnectOptions, generation: &Generation) -> Result<Infallible, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(RELY)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    // What was written while nobody listened.
    generation.moved();
    let me = Uuid::new_v4();
    let (mut beats, mut sent) = (0_u64, Instant::now());
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            notice = listener.try_recv() => {
                let notice = notice?.ok_or(sqlx::Error::WorkerCrashed)?;
                match notice.payload() {
                    "" => generation.moved(),
                    beat if beat == format!("{me} {beats}") => generation.rely(sent, RELY),
                    // Of another instance, or an older one.
                    _ => {}
                }
            }
            _ = beat.tick() => {
                (beats, sent) = (beats + 1, Instant::now());
                let notice = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(format!("{me} {beats}"));
                notice.execute(&mut listener).await?;
            }
        }
    }
}
