//! Listens for the notifications of other instances on PostgreSQL.
//!
//! A listener does not assume that notifications arrive: it sends heartbeats to itself, and the
//! cache is invalid when none has arrived for some seconds. With each heartbeat it checks whether the change
//! log has grown by transactions of which no notification has arrived, because a writer may have been killed
//! between its commit and its notification.

use std::collections::HashSet;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::{MissedTickBehavior, interval, sleep, sleep_until};
use uuid::Uuid;

use super::cache_generation::CacheGeneration;
use super::log_watermark::{high_watermark_on, marks_between};
use super::pg_notify::{CHANNEL, Notice, Written};
use super::table_set::TableSet;

/// How often the listener sends a heartbeat to itself. With [`NOTICE_TIMEOUT`], the last write of a killed process is
/// noticed within a second.
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(750);
/// How long after a heartbeat was sent the cache stays valid.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a notification may take to follow its commit.
const NOTICE_TIMEOUT: Duration = Duration::from_millis(200);
/// How long the listener waits before it reconnects.
const RETRY: Duration = Duration::from_millis(200);

/// Listens until the future is dropped; reconnects whenever necessary. `me` is the id of this instance, whose own writes
/// are known.
pub(crate) async fn run(options: PgConnectOptions, generation: Arc<CacheGeneration>, me: Uuid) {
    let mut is_reported = false;
    loop {
        let heard = Instant::now();
        let Err(error) = listen(&options, &generation, me).await;
        generation.suspend();
        // Log an outage once, not at every attempt.
        if !is_reported || heard.elapsed() > HEARTBEAT_TIMEOUT {
            tracing::warn!(%error, "the response cache is off: the database sends no notifications of changes");
        }
        is_reported = true;
        sleep(RETRY).await;
    }
}

async fn listen(
    options: &PgConnectOptions,
    generation: &CacheGeneration,
    me: Uuid,
) -> Result<Infallible, sqlx::Error> {
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
    generation.bump(TableSet::ALL);
    let (mut beats, mut sent, mut end) = (0_u64, Instant::now(), None);
    let (mut heard, mut missed) = (HeardMarks::default(), None);
    let mut beat = interval(HEARTBEAT_INTERVAL);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            notice = listener.try_recv() => {
                let notice = notice?.ok_or(sqlx::Error::WorkerCrashed)?;
                match Notice::read(notice.payload()) {
                    Notice::Written(instance, Written { tables, marks }) => {
                        heard.add(&marks);
                        if instance != Some(me) {
                            generation.bump(tables);
                        }
                    }
                    Notice::Heartbeat(instance, number) if (instance, number) == (me, beats) => {
                        generation.extend_validity(sent, HEARTBEAT_TIMEOUT);
                    }
                    // The heartbeat of another instance, or an older one.
                    Notice::Heartbeat(..) => {}
                }
            }
            _ = beat.tick() => {
                (beats, sent) = (beats + 1, Instant::now());
                let now = high_watermark_on(&mut listener).await?;
                if let Some(before) = end.replace(now).filter(|before| *before != now) {
                    let marks = marks_between(&mut listener, before, now).await?;
                    missed = heard.missing(marks).map(|marks| (marks, sent + NOTICE_TIMEOUT));
                }
                heard.forget_older();
                let notice = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL);
                notice.bind(Notice::Heartbeat(me, beats).to_string()).execute(&mut listener).await?;
            }
            () = until(missed.as_ref().map(|(_, deadline)| *deadline)) => {
                let marks = missed.take().map(|(marks, _)| marks).unwrap_or_default();
                if heard.missing(marks).is_some() {
                    generation.bump(TableSet::ALL);
                }
            }
        }
    }
}

/// Waits for an instant; forever if there is none.
async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => pending().await,
    }
}

/// The marks of the transactions of which a notification has arrived lately.
#[derive(Default)]
struct HeardMarks {
    now: HashSet<String>,
    /// Those before the last heartbeat, and before the one before it.
    before: [HashSet<String>; 2],
}

impl HeardMarks {
    fn add(&mut self, marks: &str) {
        self.now.extend(marks.split(',').filter(|mark| !mark.is_empty()).map(str::to_owned));
    }

    /// Returns those of the transactions of which no notification has arrived; `None` if there are none.
    fn missing(&self, mut marks: HashSet<String>) -> Option<HashSet<String>> {
        marks.retain(|mark| {
            !self.now.contains(mark) && !self.before.iter().any(|before| before.contains(mark))
        });
        (!marks.is_empty()).then_some(marks)
    }

    /// Forgets transactions that the change log showed heartbeats ago.
    fn forget_older(&mut self) {
        let [last, _] = std::mem::take(&mut self.before);
        self.before = [std::mem::take(&mut self.now), last];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(all: &[&str]) -> HashSet<String> {
        all.iter().map(|mark| (*mark).to_owned()).collect()
    }

    #[test]
    fn transactions_are_missing_until_they_are_heard_of() {
        let mut heard = HeardMarks::default();
        heard.add("1,2");
        heard.add("");
        assert_eq!(heard.missing(marks(&["1", "2"])), None);
        assert_eq!(heard.missing(marks(&["1", "3", "4"])), Some(marks(&["3", "4"])));
        heard.forget_older();
        heard.add("3");
        assert_eq!(heard.missing(marks(&["1", "2", "3"])), None);
        heard.forget_older();
        assert_eq!(heard.missing(marks(&["1", "2", "3"])), None);
        heard.forget_older();
        assert_eq!(heard.missing(marks(&["1", "3"])), Some(marks(&["1"])));
    }
}
