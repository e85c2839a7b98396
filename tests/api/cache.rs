//! Cached responses: they equal responses from the database, for everybody, whoever writes and wherever.

mod dependencies;
mod instances;
mod mixed_load;
mod statement_tables;
mod stored_json;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::json;
use vku_domain::kernel::access::actor::Role;
use vku_domain::kernel::clock::Clock;

use super::fixtures::{
    DRESDEN, FUNDING, PARTNERSHIPS, UTILITIES, abroad, create, delete, location, merged, participant,
    partnership, post_nothing,
};
use super::http::{comparable_headers, vary};
use crate::harness::{Caller, Response, on_both};

/// Longer than a notification and a new database connection take on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The source of the response, which `Server-Timing` tells staff.
fn source(answer: &Response) -> String {
    let timings = answer.headers.get_all("server-timing").iter().map(|value| value.to_str().unwrap());
    let source = timings.filter_map(|value| value.strip_prefix("cache;desc=")).next().unwrap_or_default();
    source.split(',').next().unwrap().to_owned()
}

/// Sends the request until the response is as wanted.
async fn until(caller: &Caller, path: &str, wanted: impl Fn(&Response) -> bool) -> Response {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let answer = caller.get(path).await;
        if wanted(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{path}: {answer:?}");
    }
}

/// Sends the request until the response comes from the cache. On PostgreSQL the server caches nothing before it listens
/// for notifications.
async fn cached(staff: &Caller, path: &str) -> Response {
    until(staff, path, |answer| source(answer) == "hit").await
}

async fn get_encoded(caller: &Caller, path: &str, accepted: &str) -> Response {
    caller.send(caller.request(Method::GET, path).header("Accept-Encoding", accepted)).await.ok()
}

on_both! {
    async fn cached_responses_equal_uncached_ones(app: TestApp) {
        let (staff, reader) = (app.coordinator(), app.reader());
        let (transitions, history) = (format!("{DRESDEN}/transitions"), format!("{DRESDEN}/history"));
        for path in [DRESDEN, FUNDING, PARTNERSHIPS, "/api/v1/partnerships?limit=2&count=true", &transitions, &history] {
            let read = staff.get(&format!("{path}{}&", if path.contains('?') { "" } else { "?" })).await.ok();
            let cached = cached(&staff, path).await;
            assert_eq!((cached.text(), comparable_headers(&cached)), (read.text(), comparable_headers(&read)), "{path}");
            let head = staff.head(path).await.ok();
            assert_eq!((source(&head), comparable_headers(&head), head.body.len()), ("hit".into(), comparable_headers(&cached), 0), "{path}");
            let request = staff.request(Method::GET, path).header("If-None-Match", cached.tag());
            let known = staff.send(request).await.expect(304);
            assert_eq!((source(&known), known.tag(), known.body.len()), ("hit".into(), cached.tag(), 0), "{path}");
            // Another representation is not answered from this cache entry.
            let other = staff.request(Method::GET, path).header("Accept", "application/pdf");
            staff.send(other).await.problem(406, "not_acceptable");
        }
        // `Server-Timing` has the duration for accounts, the source for staff only, and is not sent to the public.
        assert!(reader.get(DRESDEN).await.ok().header("server-timing").starts_with("total;dur="));
        assert_eq!(app.anonymous().get(DRESDEN).await.ok().header("server-timing"), "");
    }

    async fn every_write_invalidates_the_cache(app: TestApp) {
        let staff = app.coordinator();
        let path = location(&create(&staff, PARTNERSHIPS, &partnership("Kept")).await);
        let funding = format!("{path}/funding");
        let list = format!("{PARTNERSHIPS}?sort=title");
        cached(&staff, &path).await;
        let mut fresh = String::new();
        for step in 0..8 {
            // Every caller has had a response before the write, and gets another after it.
            let (before, mut after) = (staff.get(&path).await, Vec::new());
            for (_, caller) in app.everybody() {
                caller.get(&path).await;
                caller.get(&list).await.ok();
                after.push(caller);
            }
            match step {
                0 => drop(staff.patch(&path, "*", &json!({"title": "Kept no more", "start": "2024"})).await.ok()),
                // Only the name in a reference changes.
                1 => drop(staff.patch("/api/v1/utilities/lvivvodokanal", "*", &json!({"name": "Lviv Water"})).await.ok()),
                2 => drop(staff.post(&format!("{path}/transitions"), &json!({"to": "preparation"})).await.ok()),
                3 => {
                    // Only a member that is derived from the sub-resources changes.
                    let programmes = staff.get("/api/v1/funding-programmes?limit=1").await.ok().json();
                    let phase = json!({"kind": "grant", "programme": programmes["items"][0]["slug"]});
                    create(&staff, &funding, &phase).await;
                }
                4 => drop(staff.patch(&path, "*", &json!({"visibility": "internal"})).await.ok()),
                5 => delete(&staff, &path).await,
                6 => drop(post_nothing(&staff, &format!("{path}/restore")).await.ok()),
                _ => drop(staff.patch(&path, "*", &json!({"visibility": "members"})).await.ok()),
            }
            fresh.push('&');
            for caller in after {
                for of in [&path, &list] {
                    // The same resource by a URL that was never requested, so it cannot be cached.
                    let read = caller.get(&format!("{of}{}{fresh}", if of.contains('?') { "" } else { "?" })).await;
                    let answer = caller.get(of).await;
                    assert_eq!((answer.status, answer.tag()), (read.status, read.tag()), "{step} {of}");
                }
            }
            let now = staff.get(&path).await;
            assert!((now.status, now.tag()) != (before.status, before.tag()), "{step} changes nothing");
        }
    }

    /// A request that starts after a write was acknowledged sees the write, however many others read and write.
    async fn readers_see_every_acknowledged_write(app: TestApp) {
        let staff = app.coordinator();
        let path = location(&create(&staff, UTILITIES, &abroad("Hot")).await);
        cached(&staff, &path).await;
        let (acknowledged, done, hits) = (AtomicI64::new(1), AtomicBool::new(false), AtomicI64::new(0));
        let version = |answer: Response| answer.ok().json()["version"].as_i64().unwrap();
        let write = async |writer: usize| {
            let caller = app.coordinator();
            for round in 0..8 {
                let body = json!({"city": format!("City {writer} {round}")});
                acknowledged.fetch_max(version(caller.patch(&path, "*", &body).await), SeqCst);
            }
        };
        let read = async |_: usize| {
            let caller = app.coordinator();
            while !done.load(SeqCst) {
                let least = acknowledged.load(SeqCst);
                let answer = caller.get(&path).await;
                hits.fetch_add(i64::from(source(&answer) == "hit"), SeqCst);
                assert!(version(answer) >= least);
            }
        };
        let writing = async {
            join_all((0..8).map(write)).await;
            done.store(true, SeqCst);
        };
        join(writing, join_all((0..8).map(read))).await;
        assert_eq!(version(staff.get(&path).await), 65);
        println!("{:?}: {} hits", app.backend, hits.load(SeqCst));
    }

    /// A response that changes with the date is not served from the cache on the next day.
    async fn cached_responses_expire_at_the_end_of_the_day(app: TestApp) {
        let staff = app.coordinator();
        let peer = location(&create(&staff, UTILITIES, &abroad("Peer")).await);
        let peer = peer.rsplit('/').next().unwrap();
        let today = app.clock.now().date_naive().to_string();
        let own = merged(&participant("partner", "lvivvodokanal"), &json!({"until": today}));
        let all = json!([participant("lead", "hamburg-wasser"), participant("partner", peer), own]);
        let body = merged(&partnership("Until today"), &json!({"participants": all, "visibility": "internal"}));
        let path = location(&create(&staff, PARTNERSHIPS, &body).await);

        // Another token for the same login, without anything being written.
        let partner = app.account(Role::Partner, "lvivvodokanal").await;
        let id = partner.get("/api/v1/me").await.ok().json()["id"].as_str().unwrap().parse().unwrap();
        let (token, keys) = (app.token(id).await, app.tokens().await);
        let claims = keys.verify(&token, app.clock.now()).unwrap();
        cached(&staff, &path).await;
        for _ in 0..3 {
            partner.get(&path).await.ok();
        }
        app.clock.advance(TimeDelta::days(1));
        let token = keys.issue(claims.sub, claims.sid, "partner", app.clock.now()).unwrap().token;
        partner.with_token(&token).get(&path).await.problem(404, "not_found");
    }

    /// Callers with different visibility get different responses, whoever asked before.
    async fn cached_responses_respect_visibility(app: TestApp) {
        let staff = app.coordinator();
        let public = cached(&staff, PARTNERSHIPS).await.json()["items"].as_array().unwrap().len();
        let internal = merged(&partnership("Inside"), &json!({"visibility": "internal"}));
        let own = create(&staff, PARTNERSHIPS, &internal).await;
        let path = location(&own);
        let key = json!({"name": "Narrow", "scopes": ["utilities:read"]});
        let key = staff.post("/api/v1/api-keys", &key).await.expect(201).json();
        let narrow = staff.with_token(key["key"].as_str().unwrap());
        let stranger = app.account(Role::Partner, location(&create(&staff, UTILITIES, &abroad("Stranger")).await).rsplit('/').next().unwrap()).await;
        for _ in 0..3 {
            cached(&staff, &path).await.ok();
            cached(&staff, PARTNERSHIPS).await.ok();
            for (role, caller) in app.everybody() {
                // The partner of the demo data takes part.
                let status = if ["partner", "coordinator", "admin"].contains(&role) { 200 } else { 404 };
                assert_eq!(caller.get(&path).await.status.as_u16(), status, "{role}");
                let listed = caller.get(PARTNERSHIPS).await.ok().text().contains("Inside");
                assert_eq!(listed, status == 200, "{role}");
            }
            stranger.get(&path).await.problem(404, "not_found");
            narrow.get(&path).await.problem(403, "insufficient_scope");
            narrow.get(UTILITIES).await.ok();
        }
        assert!(public > 0);
    }

    async fn concurrent_requests_read_the_database_once(app: TestApp) {
        let callers: Vec<_> = (0..16).map(|_| app.coordinator()).collect();
        cached(&callers[0], PARTNERSHIPS).await;
        join_all(callers.iter().map(|caller| caller.get("/health/live"))).await;
        for round in 0..5 {
            let path = format!("{PARTNERSHIPS}?limit={}&count=true", 10 + round);
            let answers = join_all(callers.iter().map(|caller| caller.get(&path))).await;
            let mut sources = BTreeMap::<_, usize>::new();
            answers.iter().for_each(|answer| *sources.entry(source(answer)).or_default() += 1);
            println!("{:?}: {sources:?}", app.backend);
            assert_eq!(sources.get("miss"), Some(&1), "{sources:?}");
            assert_eq!(sources.get("bypass"), None, "{sources:?}");
        }
    }

    async fn cached_responses_are_compressed_once(app: TestApp) {
        let staff = app.coordinator();
        let plain = cached(&staff, PARTNERSHIPS).await;
        for (accepted, coding) in [("br, gzip", "br"), ("gzip", "gzip"), ("br;q=0.1, gzip", "gzip"), ("br", "br")] {
            let deadline = Instant::now() + TIMEOUT;
            let answer = loop {
                let answer = get_encoded(&staff, PARTNERSHIPS, accepted).await;
                if answer.header("content-encoding") == coding && !answer.header("content-length").is_empty() {
                    break answer;
                }
                assert!(Instant::now() < deadline, "{accepted}: {answer:?}");
            };
            let tag = format!("{}-{coding}\"", plain.tag().trim_end_matches('"'));
            assert_eq!(answer.tag(), tag);
            assert!(vary(&answer).contains(&"accept-encoding".into()));
            let mut bytes = Vec::new();
            match coding {
                "br" => brotli::BrotliDecompress(&mut &answer.body[..], &mut bytes).unwrap(),
                _ => drop(flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut bytes).unwrap()),
            }
            assert!(bytes == plain.body, "{coding}");
            assert!(answer.body.len() * 2 < bytes.len(), "{coding}: {} of {}", answer.body.len(), bytes.len());
            // A conditional request for the compressed representation.
            let request = staff.request(Method::GET, PARTNERSHIPS).header("If-None-Match", answer.tag());
            let known = staff.send(request.header("Accept-Encoding", accepted)).await.expect(304);
            assert_eq!((known.tag(), known.body.len()), (answer.tag(), 0));
            let request = staff.request(Method::HEAD, PARTNERSHIPS).header("Accept-Encoding", accepted);
            let head = staff.send(request).await.ok();
            assert_eq!(comparable_headers(&head), comparable_headers(&answer));
        }
        // Short bodies are not compressed.
        let short = get_encoded(&staff, "/health/live", "br, gzip").await;
        assert_eq!(short.header("content-encoding"), "");
        assert!(vary(&short).contains(&"accept-encoding".into()));
    }
}
