//! A client that writes while the database or its disk fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::time::{Instant, sleep};

use super::TIMEOUT;
use super::server::Server;
use crate::harness::{Caller, Response};

pub(super) const ORGANISATIONS: &str = "/api/v1/organisations";
/// The problem of a write to a full disk.
pub(super) const FULL: (u16, &str) = (507, "insufficient_storage");

fn signing_in() -> serde_json::Value {
    json!({"email": "coordinator@demo.example", "password": "demo-partnerships"})
}

/// A client that writes, and records which writes were acknowledged and which were refused.
pub(super) struct Office {
    pub(super) caller: Caller,
    next: AtomicUsize,
    acknowledged: Mutex<BTreeSet<String>>,
    pub(super) refused: Mutex<BTreeSet<String>>,
}

impl Office {
    pub(super) async fn of(server: &Server) -> Self {
        let token = server.caller(None).post("/api/v1/auth/token", &signing_in()).await.ok().json();
        let token = token["access_token"].as_str().unwrap().to_owned();
        let (acknowledged, refused) = (Mutex::default(), Mutex::default());
        Self { caller: server.caller(Some(token)), next: AtomicUsize::new(0), acknowledged, refused }
    }

    /// Continues the names of another client, so that both can use the same database.
    pub(super) fn after(self, other: &Self) -> Self {
        Self { next: AtomicUsize::new(other.next.load(Ordering::Relaxed)), ..self }
    }

    /// Creates an organisation.
    pub(super) async fn write(&self) -> Response {
        let slug = format!("made-{}", self.next.fetch_add(1, Ordering::Relaxed));
        let body = json!({"name": "Made around the moment", "slug": slug, "kind": "ngo"});
        let answer = self.caller.post(ORGANISATIONS, &body).await;
        match answer.status.as_u16() {
            201 => self.acknowledged.lock().unwrap().insert(slug),
            503 | 507 => {
                assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
                // A write that timed out may have been done.
                answer.json()["code"] == "timed_out" || self.refused.lock().unwrap().insert(slug)
            }
            status => panic!("{status}: {}", answer.text()),
        };
        answer
    }

    /// Writes this many times. Returns the number of responses by status.
    pub(super) async fn writes(&self, number: usize) -> BTreeMap<u16, usize> {
        let mut statuses = BTreeMap::new();
        for _ in 0..number {
            *statuses.entry(self.write().await.status.as_u16()).or_default() += 1;
        }
        statuses
    }

    /// Lets several writers write concurrently, each this many times.
    pub(super) async fn crowd(&self, writers: usize, each: usize) -> BTreeMap<u16, usize> {
        let all = join_all((0..writers).map(|_| self.writes(each))).await;
        all.into_iter().flatten().fold(BTreeMap::new(), |mut statuses, (status, number)| {
            *statuses.entry(status).or_default() += number;
            statuses
        })
    }

    /// Waits until at least this many writes were acknowledged, and this many refused.
    pub(super) async fn until_counted(&self, acknowledged: usize, refused: usize) {
        let deadline = Instant::now() + TIMEOUT;
        let count = |writes: &Mutex<BTreeSet<String>>| writes.lock().unwrap().len();
        while count(&self.acknowledged) < acknowledged || count(&self.refused) < refused {
            assert!(Instant::now() < deadline, "too few writes were acknowledged or refused");
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Writes until a write is refused because the disk is full.
    pub(super) async fn until_full(&self) {
        for _ in 0..400 {
            if self.write().await.status != 201 {
                return;
            }
        }
        panic!("the disk is never full");
    }

    async fn ready(&self) -> u16 {
        self.caller.get("/health/ready").await.status.as_u16()
    }

    pub(super) async fn until_ready(&self) {
        let deadline = Instant::now() + TIMEOUT;
        while self.ready().await != 200 {
            assert!(Instant::now() < deadline, "it is not ready again");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asserts that writes and sign-ins fail with this problem and a `Retry-After`, reads succeed, and readiness
    /// reports the outage.
    pub(super) async fn is_stuck(&self, status: u16, code: &str) {
        let answer = self.write().await;
        assert_eq!(answer.status, status, "{}", answer.text());
        answer.problem(status, code);
        let signing_in = self.caller.post("/api/v1/auth/token", &signing_in()).await;
        // A small write may still fit where a larger one did not.
        if status != FULL.0 || signing_in.status != 200 {
            assert!(signing_in.header("retry-after").parse::<u32>().unwrap() > 0);
            signing_in.problem(status, code);
        }
        self.caller.get("/health/ready").await.problem(503, "unavailable");
        self.caller.get("/health/live").await.ok();
        self.caller.get("/api/v1/partnerships").await.ok();
        self.caller.get("/api/v1/organisations?format=csv").await.ok();
    }

    /// Asserts that writes succeed again.
    pub(super) async fn goes_on(&self, number: usize) {
        self.until_ready().await;
        assert_eq!(self.writes(number).await, BTreeMap::from([(201, number)]));
        self.caller.post("/api/v1/auth/token", &signing_in()).await.ok();
    }

    /// Asserts that the database has all acknowledged and no refused writes. The server must have ended.
    pub(super) async fn audit(&self, url: &str) {
        let slugs = "SELECT slug FROM organisation WHERE slug LIKE 'made-%'";
        let there: Vec<String> = match url.starts_with("sqlite:") {
            true => sqlx::query_scalar(slugs)
                .fetch_all(&mut SqliteConnection::connect(url).await.unwrap())
                .await
                .unwrap(),
            false => sqlx::query_scalar(slugs)
                .fetch_all(&mut PgConnection::connect(url).await.unwrap())
                .await
                .unwrap(),
        };
        let there: BTreeSet<_> = there.into_iter().collect();
        let (acknowledged, refused) = (self.acknowledged.lock().unwrap(), self.refused.lock().unwrap());
        println!("{} acknowledged, {} refused", acknowledged.len(), refused.len());
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        let done: Vec<_> = refused.intersection(&there).collect();
        assert!(done.is_empty(), "refused and done: {done:?}");
    }
}
