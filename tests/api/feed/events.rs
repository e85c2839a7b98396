//! The stream of changes: it sends what the pages have, resumes without loss, and ends when it has to.

use std::time::Duration;

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;
use vku_http::kernel::config::{HttpConfig, StreamLimits, Timeouts};

use super::{items, now};
use crate::api::fixtures::{ORGANISATIONS, create};
use crate::harness::{Caller, TestApp, on_both};

pub(super) const EVENTS: &str = "/api/v1/events";
/// How long to wait for something that has to come.
const DEADLINE: Duration = Duration::from_secs(20);

/// An event: its entry.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) data: Value,
}

/// An open stream, read as browsers do.
pub(super) struct Stream {
    response: reqwest::Response,
    text: String,
    /// The id of the last block that had one.
    pub(super) last_id: String,
    pub(super) comments: usize,
}

impl Stream {
    /// Opens the stream, and waits for its first id.
    pub(super) async fn open(caller: &Caller, query: &str, last_id: Option<&str>) -> Self {
        let request =
            caller.request(Method::GET, &format!("{EVENTS}{query}")).header("Accept", "text/event-stream");
        let request = last_id.into_iter().fold(request, |request, id| request.header("Last-Event-ID", id));
        let response = caller.open(request).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Self { response, text: String::new(), last_id: String::new(), comments: 0 };
        let first = stream.block().await.unwrap();
        assert!(first.starts_with("retry: 3000\nid: "), "{first}");
        stream
    }

    /// The next block of lines; `None` at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(id) = block.lines().find_map(|line| line.strip_prefix("id: ")) {
                    self.last_id = id.to_owned();
                }
                return Some(block);
            }
            let chunk = timeout(DEADLINE, self.response.chunk()).await.expect("nothing comes").ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            if block == ":" {
                self.comments += 1;
                continue;
            }
            let mut lines = block.lines();
            assert!(lines.next()?.starts_with("id: "), "{block}");
            assert_eq!(lines.next(), Some("event: change"), "{block}");
            let data = lines.next().unwrap().strip_prefix("data: ").unwrap();
            assert_eq!(lines.next(), None);
            return Some(Event { data: serde_json::from_str(data).unwrap() });
        }
    }

    /// Waits until the stream ends.
    pub(super) async fn ends(mut self) {
        while let Some(event) = self.next().await {
            println!("{event:?}");
        }
    }
}

/// Creates an organisation with this slug.
async fn organisation(app: &TestApp, slug: &str) {
    create(&app.coordinator(), ORGANISATIONS, &json!({"slug": slug, "name": slug, "kind": "ngo"})).await;
}

on_both! {
    async fn a_stream_sends_what_the_pages_have(app: TestApp) {
        let caller = app.reader();
        let token = now(&caller).await;
        let mut stream = Stream::open(&caller, "", None).await;
        let mut without_state = Stream::open(&caller, "?state=false&resource=organisation", None).await;
        organisation(&app, "zxq-one").await;
        let partnership = json!({"visibility": "members"});
        app.coordinator().patch("/api/v1/partnerships/hamburg-kyiv", "*", &partnership).await.ok();
        organisation(&app, "zxq-two").await;
        let (expected, _) = items(&caller, &format!("since={token}")).await;
        assert!(expected.len() > 3, "{expected:#?}");
        for entry in &expected {
            assert_eq!(&stream.next().await.unwrap().data, entry);
        }
        for slug in ["zxq-one", "zxq-two"] {
            let event = without_state.next().await.unwrap().data;
            assert_eq!((&event["slug"], event.get("state")), (&json!(slug), None));
        }
        // From a token, and from the beginning.
        let mut late = Stream::open(&caller, &format!("?since={token}"), None).await;
        assert_eq!(&late.next().await.unwrap().data, &expected[0]);
        let mut all = Stream::open(&caller, "?since=beginning", None).await;
        let (first, _) = items(&caller, "since=beginning&limit=1").await;
        assert_eq!(&all.next().await.unwrap().data, &first[0]);
    }

    /// Nothing is lost and nothing is repeated if a stream is cut anywhere, whether the last event was read or not.
    async fn a_stream_that_is_cut_resumes_without_loss(app: TestApp) {
        const MANY: usize = 120;
        // The server may notice a cut late.
        let streams = StreamLimits { per_caller: 1_000, in_all: 1_000 };
        let app = app.another_instance(HttpConfig { streams, ..HttpConfig::default() });
        let caller = app.anonymous();
        let mut stream = Stream::open(&caller, "?state=false", None).await;
        let writers = join_all((0..4).map(async |writer| {
            for number in 0..MANY / 4 {
                organisation(&app, &format!("zxq-{writer}-{number}")).await;
            }
        }));
        let reads = async {
            let (mut seen, mut cuts) = (Vec::new(), 0);
            while seen.len() < MANY {
                // Cuts before the first event, and after some.
                for _ in 0..cuts % 5 {
                    if seen.len() < MANY {
                        seen.push(stream.next().await.unwrap().data["slug"].as_str().unwrap().to_owned());
                    }
                }
                let last = stream.last_id.clone();
                stream = Stream::open(&caller, "?state=false", Some(&last)).await;
                cuts += 1;
            }
            (seen, cuts)
        };
        let (_, (mut seen, cuts)) = join(writers, reads).await;
        assert!(cuts >= 50, "{cuts}");
        seen.sort();
        let mut expected: Vec<_> =
            (0..4).flat_map(|writer| (0..MANY / 4).map(move |number| format!("zxq-{writer}-{number}"))).collect();
        expected.sort();
        assert_eq!(seen, expected);
    }

    async fn a_comment_shows_that_the_stream_is_alive(app: TestApp) {
        let timeouts = Timeouts { heartbeat: Duration::from_millis(20), ..Timeouts::default() };
        let app = app.another_instance(HttpConfig { timeouts, ..HttpConfig::default() });
        let mut stream = Stream::open(&app.anonymous(), "", None).await;
        for _ in 0..3 {
            assert_eq!(stream.block().await.unwrap(), ":");
        }
        organisation(&app, "zxq").await;
        assert_eq!(stream.next().await.unwrap().data["slug"], "zxq");
    }

    async fn a_stream_ends_with_its_credentials(app: TestApp) {
        let account = app.account(vku_domain::kernel::access::actor::Role::Member, "hamburg-wasser").await;
        let me = account.get("/api/v1/me").await.ok().json();
        let user = format!("/api/v1/users/{}", me["id"].as_str().unwrap());
        let stays = Stream::open(&app.reader(), "", None).await;

        // Signing out.
        let stream = Stream::open(&account, "", None).await;
        let login = account.get("/api/v1/me/logins").await.ok().json();
        let login = login["items"].as_array().unwrap().iter().find(|it| it["current"] == true).unwrap()["id"].clone();
        account.delete(&format!("/api/v1/me/logins/{}", login.as_str().unwrap()), "*").await.expect(204);
        stream.ends().await;

        // A revoked key, and permissions that change.
        let id = me["id"].as_str().unwrap().parse().unwrap();
        let account = account.with_token(&app.token(id).await);
        let key = json!({"name": "Zxq", "scopes": ["organisations:read"]});
        let key = create(&account, "/api/v1/api-keys", &key).await.json();
        let by_key = account.with_token(key["key"].as_str().unwrap());
        let mut stream = Stream::open(&by_key, "", None).await;
        organisation(&app, "zxq").await;
        assert_eq!(stream.next().await.unwrap().data["slug"], "zxq");
        let key = format!("/api/v1/api-keys/{}", key["id"].as_str().unwrap());
        account.delete(&key, "*").await.expect(204);
        stream.ends().await;

        let stream = Stream::open(&account, "", None).await;
        let last = stream.last_id.clone();
        app.admin().patch(&user, "*", &json!({"utilities": ["stadtentwaesserung-dresden"]})).await.ok();
        stream.ends().await;
        let again = account.request(Method::GET, EVENTS).header("Last-Event-ID", last);
        account.send(again).await.problem(410, "changes_gone");

        // A disabled account.
        let stream = Stream::open(&account, "", None).await;
        app.admin().patch(&user, "*", &json!({"disabled": true})).await.ok();
        stream.ends().await;
        drop(stays);
    }

    async fn streams_are_limited(app: TestApp) {
        let streams = StreamLimits { per_caller: 2, in_all: 3 };
        let app = app.another_instance(HttpConfig { streams, ..HttpConfig::default() });
        let one = Stream::open(&app.reader(), "", None).await;
        let two = Stream::open(&app.reader(), "", None).await;
        let refused = app.reader().get(EVENTS).await;
        assert!(!refused.header("retry-after").is_empty());
        refused.problem(429, "too_many_streams");
        let three = Stream::open(&app.member(), "", None).await;
        app.anonymous().get(EVENTS).await.problem(503, "unavailable");
        drop(two);
        // Its place is free as soon as the server notices.
        while app.streams() > 2 {
            tokio::task::yield_now().await;
        }
        drop((one, three, Stream::open(&app.anonymous(), "", None).await));
    }

    async fn bad_requests_are_refused_before_the_stream_begins(app: TestApp) {
        let caller = app.reader();
        let send = async |header: (&'static str, &str), query: &str| {
            let request = caller.request(Method::GET, &format!("{EVENTS}{query}")).header(header.0, header.1);
            caller.send(request).await
        };
        let faults = send(("Last-Event-ID", "zxq"), "").await.faults(400, "bad_request");
        assert_eq!(faults, ["Last-Event-ID invalid_token"]);
        for (query, fault) in [
            ("?since=zxq", "since invalid_token"),
            ("?resource=zxq", "resource unknown_value"),
            ("?limit=5", "limit unknown_parameter"),
            ("?ticket=zxq", "ticket not_with_credentials"),
        ] {
            assert_eq!(caller.get(&format!("{EVENTS}{query}")).await.faults(400, "invalid_parameters"), [fault]);
        }
        let refused = send(("Accept", "application/json"), "").await.problem(406, "not_acceptable");
        assert_eq!(refused["allowed"], json!(["text/event-stream"]));
        caller.get(&format!("{EVENTS}?resource=user")).await.problem(403, "forbidden");
        app.anonymous().get(&format!("{EVENTS}?resource=user")).await.problem(401, "unauthenticated");
        assert_eq!(app.streams(), 0);
    }

    /// Two instances: what is written on one is sent by the other.
    async fn a_stream_has_the_writes_of_other_instances(app: TestApp) {
        let other = app.another_instance(HttpConfig::default());
        let mut stream = Stream::open(&other.reader(), "", None).await;
        for number in 0..3 {
            organisation(&app, &format!("zxq-{number}")).await;
            assert_eq!(stream.next().await.unwrap().data["slug"], format!("zxq-{number}"));
        }
        let account = app.account(vku_domain::kernel::access::actor::Role::Member, "hamburg-wasser").await;
        let me = account.get("/api/v1/me").await.ok().json();
        let there = other.anonymous().with_token(&other.token(me["id"].as_str().unwrap().parse().unwrap()).await);
        let stream = Stream::open(&there, "", None).await;
        let user = format!("/api/v1/users/{}", me["id"].as_str().unwrap());
        app.admin().patch(&user, "*", &json!({"disabled": true})).await.ok();
        stream.ends().await;
    }

    async fn a_client_that_does_not_read_is_cut_off(app: TestApp) {
        let timeouts = Timeouts { event: Duration::from_millis(200), ..Timeouts::default() };
        let app = app.another_instance(HttpConfig { timeouts, ..HttpConfig::default() });
        let stream = Stream::open(&app.admin(), "", None).await;
        assert_eq!(app.streams(), 1);
        let text = "Zxq ".repeat(2_000);
        let update = json!({"title": {"en": "Zxq"}, "summary": {"en": text}, "level": "eu",
            "published_on": "2026-01-01", "source_url": "https://zxq.example"});
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        while app.streams() > 0 {
            assert!(tokio::time::Instant::now() < deadline, "it is still open");
            join_all((0..10).map(|_| create_quietly(&app, &update))).await;
        }
        drop(stream);
    }
}

async fn create_quietly(app: &TestApp, body: &Value) {
    create(&app.coordinator(), "/api/v1/policy-updates", body).await;
}
