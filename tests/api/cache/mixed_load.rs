//! Readers and writers at the same time: each response is compared with that of an instance that caches nothing, and
//! shows every acknowledged write.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use futures_util::future::join;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::{Notify, RwLock};
use tokio::time::timeout_at;

use super::{source, stored_json};
use crate::api::fixtures::{MEMBERS, PARTNERSHIPS, UTILITIES};
use crate::api::sessions::published;
use crate::harness::{Backend, Caller, Response, TestApp, run};

const READERS: usize = 6;
const WRITERS: usize = 3;
/// The number of writes between two comparisons of all lists.
const WRITES_BETWEEN: usize = 100;

/// What readers and writers share. The writes write to the cached instance.
struct Load<'a> {
    cached: &'a TestApp,
    uncached: &'a TestApp,
    ends: Instant,
    /// The acknowledged version of each resource that was written, by id.
    versions: Mutex<HashMap<String, i64>>,
    begun_writes: AtomicUsize,
    ended_writes: AtomicUsize,
    /// Responses that were compared while nothing was written, and responses from the cache.
    compared: AtomicUsize,
    hits: AtomicUsize,
    /// How often all lists of stored JSON were compared with their rows.
    compared_lists: AtomicUsize,
    /// Held by each write, and while all lists are compared.
    writing: RwLock<()>,
    written: Notify,
}

/// Numbers in no obvious order, different for each seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        // The generator of Knuth's MMIX; its high bits are the random ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

impl Load<'_> {
    fn is_over(&self) -> bool {
        Instant::now() >= self.ends
    }

    /// The number of writes so far, if none is running.
    fn quiet(&self) -> Option<usize> {
        let (ended, begun) = (self.ended_writes.load(SeqCst), self.begun_writes.load(SeqCst));
        (ended == begun).then_some(begun)
    }

    async fn read(&self, seed: u64, paths: &[String]) {
        let mut numbers = Numbers(seed);
        let callers: Vec<_> = self.cached.everybody().into_iter().zip(self.uncached.everybody()).collect();
        while !self.is_over() {
            let ((role, cached), (_, uncached)) = numbers.one_of(&callers);
            let path = numbers.one_of(paths);
            let acknowledged = self.versions.lock().unwrap().clone();
            let before = self.quiet();
            let (response, stored) = join(cached.get(path), uncached.get(path)).await;
            if before.is_some() && before == self.quiet() {
                // The body of a problem has the id of the request.
                let of = |it: &Response| (it.status, it.tag(), it.status.is_success().then(|| it.text()));
                assert_eq!(of(&response), of(&stored), "{path} as {role}");
                self.compared.fetch_add(1, SeqCst);
            }
            self.hits.fetch_add(usize::from(source(&response) == "hit"), SeqCst);
            if response.status == 200 {
                let body = response.json();
                let items = body["items"].as_array().map_or(std::slice::from_ref(&body), Vec::as_slice);
                for item in items {
                    let known = item["id"].as_str().and_then(|id| acknowledged.get(id));
                    let is_stale = known.is_some_and(|known| item["version"].as_i64().unwrap() < *known);
                    assert!(!is_stale, "{path} as {role}: {item} is older than version {known:?}");
                }
            }
        }
    }

    /// Both instances read stored JSON, so it is compared with the rows that it was made from.
    async fn read_rows(&self) {
        for step in 0.. {
            if self.is_over() {
                return;
            }
            let no_writes = self.writing.write().await;
            let (difference, _) = stored_json::difference(self.uncached, step % 50).await;
            assert!(difference.is_none(), "{}", difference.unwrap_or_default());
            self.compared_lists.fetch_add(1, SeqCst);
            drop(no_writes);
            self.until_written(self.ended_writes.load(SeqCst) + WRITES_BETWEEN).await;
        }
    }

    /// Waits until this many writes have ended, or the load is over.
    async fn until_written(&self, writes: usize) {
        let ended = async {
            while self.ended_writes.load(SeqCst) < writes {
                self.written.notified().await;
            }
        };
        let _ = timeout_at(self.ends.into(), ended).await;
    }

    async fn write(&self, number: usize, targets: &[(String, &str)], session: &str) {
        let mut numbers = Numbers(number as u64);
        let own: Vec<_> = targets.iter().skip(number).step_by(WRITERS).collect();
        let office = self.cached.coordinator();
        for turn in 0.. {
            if self.is_over() {
                return;
            }
            let (path, member) = *numbers.one_of(&own);
            // No other writer changes it, so that the tag is the current one, unless the response is stale.
            let tag = office.get(path).await.ok().tag();
            let patch = json!({*member: format!("Zxq {number} {turn}")});
            let email = format!("zxq-{number}-{turn}@zxq.example");
            let person = json!({"member": "stadtentwaesserung-dresden", "name": "Zxq", "email": email, "attendance": "online"});
            let writing = self.writing.read().await;
            self.begun_writes.fetch_add(1, SeqCst);
            let written = match turn % 8 {
                0 => office.post(&format!("{session}/registrations"), &person).await.expect(201),
                _ => office.patch(path, &tag, &patch).await.ok(),
            };
            self.ended_writes.fetch_add(1, SeqCst);
            drop(writing);
            self.written.notify_one();
            let body = written.json();
            let (id, version) = (body["id"].as_str().unwrap().to_owned(), body["version"].as_i64().unwrap());
            self.versions.lock().unwrap().insert(id, version);
            // A pause in which the readers find responses that the cache has kept.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Lists in many orders and with many filters, and single resources.
async fn paths(caller: &Caller, session: &str) -> Vec<String> {
    let mut paths = vec![session.to_owned(), "/api/v1/statistics/partnerships?by=country".to_owned()];
    for (list, queries) in [
        (
            PARTNERSHIPS,
            &["sort=-updated_at", "country=ZM", "sector=water", "status=active", "q=zxq", "sort=title"][..],
        ),
        (UTILITIES, &["sort=-updated_at", "country=UA", "q=lviv", "kind=municipal"]),
        (MEMBERS, &["sort=-updated_at", "has_active_partnership=true"]),
        ("/api/v1/sessions", &["sort=-start", "status=published", "q=zxq"]),
        (&format!("{session}/registrations"), &["sort=-created_at", "status=waitlisted"]),
        ("/api/v1/topics", &["sort=title"]),
        ("/api/v1/organisations", &["sort=-name"]),
    ] {
        for query in queries {
            paths.extend(
                ["", "&count=true", "&limit=7", "&fields=id,version"]
                    .map(|more| format!("{list}?{query}{more}")),
            );
        }
    }
    for list in [PARTNERSHIPS, UTILITIES, MEMBERS] {
        let items = caller.all(&format!("{list}?fields=id")).await;
        paths.extend(items.iter().take(40).map(|item| format!("{list}/{}", item["id"].as_str().unwrap())));
    }
    paths
}

async fn no_response_is_stale_or_wrong(app: TestApp, lasts: Duration) {
    let uncached = app.uncached_instance();
    // Access tokens stay valid, and nothing changes by the time alone.
    for instance in [&app, &uncached] {
        instance.clock.stop();
    }
    let session = published(&app, json!({"capacity": 20})).await;
    let office = app.coordinator();
    let paths = paths(&office, &session).await;
    let mut targets = vec![(session.clone(), "place")];
    for (list, member) in [(PARTNERSHIPS, "title"), (UTILITIES, "name")] {
        let items = office.all(&format!("{list}?fields=id")).await;
        let path = |item: &Value| format!("{list}/{}", item["id"].as_str().unwrap());
        targets.extend(items.iter().take(30).map(|item| (path(item), member)));
    }
    let load = Load {
        cached: &app,
        uncached: &uncached,
        ends: Instant::now() + lasts,
        versions: Mutex::default(),
        begun_writes: AtomicUsize::new(0),
        ended_writes: AtomicUsize::new(0),
        compared: AtomicUsize::new(0),
        hits: AtomicUsize::new(0),
        compared_lists: AtomicUsize::new(0),
        writing: RwLock::default(),
        written: Notify::new(),
    };
    let readers = (0..READERS).map(|reader| load.read(reader as u64, &paths));
    let writers = (0..WRITERS).map(|writer| load.write(writer, &targets, &session));
    join(load.read_rows(), join(join_all(readers), join_all(writers))).await;
    let [compared, hits, writes] = [&load.compared, &load.hits, &load.ended_writes].map(|it| it.load(SeqCst));
    let lists = load.compared_lists.load(SeqCst);
    println!(
        "{:?}: {compared} responses compared, {hits} hits, {writes} writes, {lists} times all lists",
        app.backend
    );
    stored_json::equals_rows(&app, "after the load", 60).await;
    let seconds = usize::try_from(lasts.as_secs()).unwrap();
    assert!(compared > 10 * seconds && hits > seconds && writes > seconds && lists > 0);
}

/// How long the load lasts, in seconds; `VKU_LOAD_SECONDS` sets another duration.
fn lasts(seconds: u64) -> Duration {
    let set = std::env::var("VKU_LOAD_SECONDS").ok().map(|text| text.parse().unwrap());
    Duration::from_secs(set.unwrap_or(seconds))
}

#[test]
#[ignore = "long: ten minutes of load"]
fn no_response_is_stale_or_wrong_on_sqlite() {
    run(Backend::Sqlite, |app| no_response_is_stale_or_wrong(app, lasts(600)));
}

#[test]
#[ignore = "long: five minutes of load"]
fn no_response_is_stale_or_wrong_on_postgres() {
    run(Backend::Postgres, |app| no_response_is_stale_or_wrong(app, lasts(300)));
}
