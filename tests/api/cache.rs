//! Answers that are kept: the same as if they had been read, for everybody, whatever is written, wherever.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};
use vku_domain::kernel::access::actor::Role;
use vku_domain::kernel::clock::Clock;

use super::given::{
    DRESDEN, FUNDING, PARTNERSHIPS, UTILITIES, abroad, changed, deleted, location, made, participant,
    partnership, post_nothing,
};
use super::http::{told, vary};
use crate::harness::{Answer, Backend, Caller, TestApp, on_both, run};

/// Longer than a notice takes, and a connection to be made again, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the answer came from, as staff is told.
fn source(answer: &Answer) -> String {
    let told = answer.headers.get_all("server-timing").iter().map(|value| value.to_str().unwrap());
    let source = told.filter_map(|value| value.strip_prefix("cache;desc=")).next().unwrap_or_default();
    source.split(',').next().unwrap().to_owned()
}

/// Asks until the answer is as wanted.
async fn until(caller: &Caller, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = caller.get(path).await;
        if wanted(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{path}: {answer:?}");
    }
}

/// Asks until the answer is a kept one: on PostgreSQL nothing is kept before somebody listens.
async fn kept(staff: &Caller, path: &str) -> Answer {
    until(staff, path, |answer| source(answer) == "hit").await
}

async fn packed(caller: &Caller, path: &str, accepted: &str) -> Answer {
    caller.send(caller.request(Method::GET, path).header("Accept-Encoding", accepted)).await.ok()
}

on_both! {
    async fn what_is_kept_is_what_was_read(app: TestApp) {
        let (staff, reader) = (app.coordinator(), app.reader());
        let (transitions, history) = (format!("{DRESDEN}/transitions"), format!("{DRESDEN}/history"));
        for path in [DRESDEN, FUNDING, PARTNERSHIPS, "/api/v1/partnerships?limit=2&count=true", &transitions, &history] {
            let read = staff.get(&format!("{path}{}&", if path.contains('?') { "" } else { "?" })).await.ok();
            let kept = kept(&staff, path).await;
            assert_eq!((kept.text(), told(&kept)), (read.text(), told(&read)), "{path}");
            let head = staff.head(path).await.ok();
            assert_eq!((source(&head), told(&head), head.body.len()), ("hit".into(), told(&kept), 0), "{path}");
            let request = staff.request(Method::GET, path).header("If-None-Match", kept.tag());
            let known = staff.send(request).await.expect(304);
            assert_eq!((source(&known), known.tag(), known.body.len()), ("hit".into(), kept.tag(), 0), "{path}");
            // What is wanted in another form is not answered with it.
            let other = staff.request(Method::GET, path).header("Accept", "application/pdf");
            staff.send(other).await.problem(406, "not_acceptable");
        }
        // Whoever has an account is told how long it took, and staff where it came from; the public nothing.
        assert!(reader.get(DRESDEN).await.ok().header("server-timing").starts_with("total;dur="));
        assert_eq!(app.anonymous().get(DRESDEN).await.ok().header("server-timing"), "");
    }

    async fn nothing_is_kept_beyond_a_write(app: TestApp) {
        let staff = app.coordinator();
        let path = location(&made(&staff, PARTNERSHIPS, &partnership("Kept")).await);
        let funding = format!("{path}/funding");
        let list = format!("{PARTNERSHIPS}?sort=title");
        kept(&staff, &path).await;
        let mut fresh = String::new();
        for step in 0..8 {
            // Everybody has been answered before, and is again.
            let (before, mut after) = (staff.get(&path).await, Vec::new());
            for (_, caller) in app.everybody() {
                caller.get(&path).await;
                caller.get(&list).await.ok();
                after.push(caller);
            }
            match step {
                0 => drop(staff.patch(&path, "*", &json!({"title": "Kept no more", "start": "2024"})).await.ok()),
                // Only a name in a reference changes.
                1 => drop(staff.patch("/api/v1/utilities/lvivvodokanal", "*", &json!({"name": "Lviv Water"})).await.ok()),
                2 => drop(staff.post(&format!("{path}/transitions"), &json!({"to": "preparation"})).await.ok()),
                3 => {
                    // What is derived of its parts changes.
                    let programmes = staff.get("/api/v1/funding-programmes?limit=1").await.ok().json();
                    let phase = json!({"kind": "grant", "programme": programmes["items"][0]["slug"]});
                    made(&staff, &funding, &phase).await;
                }
                4 => drop(staff.patch(&path, "*", &json!({"visibility": "internal"})).await.ok()),
                5 => deleted(&staff, &path).await,
                6 => drop(post_nothing(&staff, &format!("{path}/restore")).await.ok()),
                _ => drop(staff.patch(&path, "*", &json!({"visibility": "members"})).await.ok()),
            }
            fresh.push('&');
            for caller in after {
                for of in [&path, &list] {
                    // The same, asked for in a way in which it was never asked for.
                    let read = caller.get(&format!("{of}{}{fresh}", if of.contains('?') { "" } else { "?" })).await;
                    let answer = caller.get(of).await;
                    assert_eq!((answer.status, answer.tag()), (read.status, read.tag()), "{step} {of}");
                }
            }
            let now = staff.get(&path).await;
            assert!((now.status, now.tag()) != (before.status, before.tag()), "{step} changes nothing");
        }
    }

    /// Whoever asks after a write was acknowledged sees it, whoever else reads and writes.
    async fn no_reader_is_behind_what_was_acknowledged(app: TestApp) {
        let staff = app.coordinator();
        let path = location(&made(&staff, UTILITIES, &abroad("Hot")).await);
        kept(&staff, &path).await;
        let (acknowledged, done, hits) = (AtomicI64::new(1), AtomicBool::new(false), AtomicI64::new(0));
        let version = |answer: Answer| answer.ok().json()["version"].as_i64().unwrap();
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

    /// What the new day alone changes is not answered as of the day before.
    async fn a_day_ends_what_was_kept_in_it(app: TestApp) {
        let staff = app.coordinator();
        let peer = location(&made(&staff, UTILITIES, &abroad("Peer")).await);
        let peer = peer.rsplit('/').next().unwrap();
        let today = app.clock.now().date_naive().to_string();
        let own = changed(&participant("partner", "lvivvodokanal"), &json!({"until": today}));
        let all = json!([participant("lead", "hamburg-wasser"), participant("partner", peer), own]);
        let body = changed(&partnership("Until today"), &json!({"participants": all, "visibility": "internal"}));
        let path = location(&made(&staff, PARTNERSHIPS, &body).await);

        // A login of the same account that lives on without anything being written.
        let partner = app.account(Role::Partner, "lvivvodokanal").await;
        let id = partner.get("/api/v1/me").await.ok().json()["id"].as_str().unwrap().parse().unwrap();
        let (token, keys) = (app.token(id).await, app.tokens().await);
        let claims = keys.verify(&token, app.clock.now()).unwrap();
        kept(&staff, &path).await;
        for _ in 0..3 {
            partner.get(&path).await.ok();
        }
        app.clock.advance(TimeDelta::days(1));
        let token = keys.issue(claims.sub, claims.sid, "partner", app.clock.now()).unwrap().token;
        partner.with_token(&token).get(&path).await.problem(404, "not_found");
    }

    /// Who sees other things is answered other things, whoever asked before.
    async fn what_is_kept_for_some_is_not_for_others(app: TestApp) {
        let staff = app.coordinator();
        let public = kept(&staff, PARTNERSHIPS).await.json()["items"].as_array().unwrap().len();
        let internal = changed(&partnership("Inside"), &json!({"visibility": "internal"}));
        let own = made(&staff, PARTNERSHIPS, &internal).await;
        let path = location(&own);
        let key = json!({"name": "Narrow", "scopes": ["utilities:read"]});
        let key = staff.post("/api/v1/api-keys", &key).await.expect(201).json();
        let narrow = staff.with_token(key["key"].as_str().unwrap());
        let stranger = app.account(Role::Partner, location(&made(&staff, UTILITIES, &abroad("Stranger")).await).rsplit('/').next().unwrap()).await;
        for _ in 0..3 {
            kept(&staff, &path).await.ok();
            kept(&staff, PARTNERSHIPS).await.ok();
            for (role, caller) in app.everybody() {
                // The partner of the demo takes part.
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

    async fn of_those_who_ask_at_once_one_reads(app: TestApp) {
        let callers: Vec<_> = (0..16).map(|_| app.coordinator()).collect();
        kept(&callers[0], PARTNERSHIPS).await;
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

    async fn what_is_kept_is_packed_once_and_for_all(app: TestApp) {
        let staff = app.coordinator();
        let plain = kept(&staff, PARTNERSHIPS).await;
        for (accepted, coding) in [("br, gzip", "br"), ("gzip", "gzip"), ("br;q=0.1, gzip", "gzip"), ("br", "br")] {
            let deadline = Instant::now() + PATIENCE;
            let answer = loop {
                let answer = packed(&staff, PARTNERSHIPS, accepted).await;
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
            // The client has it, packed.
            let request = staff.request(Method::GET, PARTNERSHIPS).header("If-None-Match", answer.tag());
            let known = staff.send(request.header("Accept-Encoding", accepted)).await.expect(304);
            assert_eq!((known.tag(), known.body.len()), (answer.tag(), 0));
            let request = staff.request(Method::HEAD, PARTNERSHIPS).header("Accept-Encoding", accepted);
            let head = staff.send(request).await.ok();
            assert_eq!(told(&head), told(&answer));
        }
        // What is short goes as it is.
        let short = packed(&staff, "/health/live", "br, gzip").await;
        assert_eq!(short.header("content-encoding"), "");
        assert!(vary(&short).contains(&"accept-encoding".into()));
    }

    /// What another process writes is seen: by notices on PostgreSQL, by looking on SQLite.
    async fn another_instance_is_followed(app: TestApp) {
        let other = TestApp::start(app.backend, app.url.clone(), None);
        let (here, there) = (app.coordinator(), other.coordinator());
        let path = location(&made(&here, UTILITIES, &abroad("Shared")).await);
        for round in 0..5 {
            kept(&here, &path).await;
            kept(&there, &path).await;
            let city = format!("City {round}");
            there.patch(&path, "*", &json!({ "city": city })).await.ok();
            assert_eq!(there.get(&path).await.ok().json()["city"], city);
            until(&here, &path, |answer| answer.json()["city"] == city).await;
        }
        // Who is locked out there is locked out here.
        let partner = app.account(Role::Partner, "lvivvodokanal").await;
        let id = partner.get("/api/v1/me").await.ok().json()["id"].as_str().unwrap().to_owned();
        partner.get(&path).await.ok();
        other.admin().patch(&format!("/api/v1/users/{id}"), "*", &json!({"disabled": true})).await.ok();
        until(&partner, &path, |answer| answer.status == 401).await;
    }
}

/// Whose listening ends is not answered from memory until it listens again, and misses nothing.
#[test]
fn without_notices_nothing_is_kept() {
    run(Backend::Postgres, async |app| {
        let other = TestApp::start(app.backend, app.url.clone(), None);
        let (here, there) = (app.coordinator(), other.coordinator());
        let path = location(&made(&here, UTILITIES, &abroad("Deaf")).await);
        let mut killer = PgConnection::connect(&app.url).await.unwrap();
        for round in 0..3 {
            // Both listen.
            kept(&here, &path).await;
            kept(&there, &path).await;
            let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                        AND pid <> pg_backend_pid() AND (query LIKE 'LISTEN%' OR query LIKE 'SELECT pg_notify%')";
            assert_eq!(killer.execute(kill).await.unwrap().rows_affected(), 2);
            let city = format!("City {round}");
            there.patch(&path, "*", &json!({ "city": city })).await.ok();
            until(&here, &path, |answer| answer.json()["city"] == city).await;
        }
        kept(&here, &path).await;
    });
}
