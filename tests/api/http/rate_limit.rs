//! Rate limits: every response states what is left, and requests beyond the limit are refused with the seconds to wait.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use vku_domain::kernel::access::actor::Role;
use vku_http::kernel::config::HttpConfig;
use vku_http::kernel::limits::rate_limit::RateLimiter;

use crate::api::fixtures::{DRESDEN, PARTNERSHIPS, UTILITIES, assert_nothing_written, municipal};
use crate::harness::{Caller, Response, TestApp, on_both};

/// The same app with a rate limit and a stopped clock.
fn limited(app: &TestApp, quota: &str) -> TestApp {
    let app = app.another_instance(HttpConfig {
        limit: RateLimiter::of(quota.parse().unwrap()),
        ..HttpConfig::default()
    });
    app.clock.stop();
    app
}

/// Sends a `GET` request from this address, through a trusted proxy.
async fn from(caller: &Caller, address: &str, path: &str) -> Response {
    caller.send(caller.request(Method::GET, path).header("X-Forwarded-For", address)).await
}

/// The number of requests that are left.
#[track_caller]
fn left(answer: &Response) -> u32 {
    let told = answer.header("ratelimit");
    let left = told.strip_prefix("\"default\";r=").and_then(|rest| rest.split(';').next());
    left.unwrap_or_else(|| panic!("{told:?}")).parse().unwrap()
}

/// Sends requests until one is refused. Returns the number of those that were not.
async fn spent(mut ask: impl AsyncFnMut() -> Response) -> u32 {
    for many in 0..100 {
        let answer = ask().await;
        if answer.status == 429 {
            assert_eq!(left(&answer), 0);
            answer.problem(429, "too_many_requests");
            return many;
        }
    }
    panic!("it is not refused");
}

on_both! {
    async fn responses_state_the_remaining_quota_and_the_limit_holds(app: TestApp) {
        let app = limited(&app, "3/1h");
        let anyone = app.anonymous();
        for (path, told) in [(DRESDEN, "r=2;t=1200"), ("/nowhere", "r=1;t=2400"), ("/api/v1/me", "r=0;t=3600")] {
            let answer = anyone.get(path).await;
            assert_eq!(answer.header("ratelimit"), format!("\"default\";{told}"), "{path}");
            assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=3;w=3600", "{path}");
            assert!(answer.header("retry-after").is_empty());
        }
        app.clock.advance(TimeDelta::milliseconds(500));
        let german = anyone.request(Method::GET, DRESDEN).header("Accept-Language", "de");
        let refused = anyone.send(german).await;
        assert_eq!(refused.header("retry-after"), "1200");
        assert_eq!(refused.header("ratelimit"), "\"default\";r=0;t=3600");
        assert_eq!(refused.header("ratelimit-policy"), "\"default\";q=3;w=3600");
        assert_eq!(refused.header("cache-control"), "no-store");
        let problem = refused.problem(429, "too_many_requests");
        assert!(problem["detail"].as_str().unwrap().contains("in 1200 Sekunden wieder"), "{problem:#}");
        app.clock.advance(TimeDelta::seconds(1199));
        assert_eq!(anyone.get(DRESDEN).await.header("retry-after"), "1");
        app.clock.advance(TimeDelta::milliseconds(500));
        assert_eq!(left(&anyone.get(DRESDEN).await.ok()), 0);
        anyone.head(DRESDEN).await.expect(429);
        app.clock.advance(TimeDelta::hours(1));
        assert_eq!(left(&anyone.get(DRESDEN).await.ok()), 2);
    }

    async fn each_api_key_account_and_address_has_its_own_quota(app: TestApp) {
        let app = limited(&app, "5/1h");
        let me = "/api/v1/me";
        let account = app.store.accounts().await.unwrap().into_iter().find(|it| it.data.role == Role::Reader).unwrap();
        let (reader, again) = (app.reader(), app.anonymous().with_token(&app.token(account.id).await));
        let body = json!({"name": "Nightly", "scopes": ["partnerships:read"]});
        let key = app.member().post("/api/v1/api-keys", &body).await.expect(201).json();
        let script = app.anonymous().with_token(key["key"].as_str().unwrap());

        // An account has one limit for all its logins and addresses.
        assert_eq!(left(&reader.get(me).await.ok()), 4);
        assert_eq!(left(&again.get(me).await.ok()), 3);
        assert_eq!(left(&from(&again, "198.51.100.9", me).await.ok()), 2);
        assert_eq!(spent(async || reader.get(me).await).await, 2);
        assert_eq!(spent(async || again.get(DRESDEN).await).await, 0);
        // The account has spent one request on creating the key.
        assert_eq!(spent(async || script.get(DRESDEN).await).await, 5);
        assert_eq!(spent(async || app.member().get(me).await).await, 4);
        assert_eq!(spent(async || app.anonymous().get(DRESDEN).await).await, 5);
        assert_eq!(left(&app.coordinator().get(me).await.ok()), 4);
        let anyone = app.anonymous();
        for network in [["198.51.100.1", "::ffff:198.51.100.1"], ["2001:db8:0:7::1", "2001:db8:0:7:ffff::1"]] {
            assert_eq!(left(&from(&anyone, network[0], DRESDEN).await.ok()), 4);
            assert_eq!(spent(async || from(&anyone, network[1], DRESDEN).await).await, 4);
        }
        assert_eq!(left(&from(&anyone, "2001:db8:0:8::1", DRESDEN).await.ok()), 4);
        // The client may have made up the addresses before the one that the proxy adds.
        assert_eq!(left(&from(&anyone, "192.0.2.1, 203.0.113.1", DRESDEN).await.ok()), 4);
        assert_eq!(left(&from(&anyone, "192.0.2.2, 203.0.113.1", DRESDEN).await.ok()), 3);
    }

    async fn not_modified_responses_do_not_consume_quota(app: TestApp) {
        let app = limited(&app, "4/1h");
        for caller in [app.anonymous(), app.reader()] {
            let tag = caller.get(DRESDEN).await.ok().tag();
            for _ in 0..10 {
                let request = caller.request(Method::GET, DRESDEN).header("If-None-Match", &tag);
                assert_eq!(left(&caller.send(request).await.expect(304)), 3);
            }
            let request = caller.request(Method::GET, DRESDEN).header("If-None-Match", "\"another\"");
            assert_eq!(left(&caller.send(request).await.ok()), 2);
            // A 304 costs nothing, but is refused as well when nothing is left.
            assert_eq!(spent(async || caller.get(DRESDEN).await).await, 2);
            let request = caller.request(Method::GET, DRESDEN).header("If-None-Match", &tag);
            caller.send(request).await.problem(429, "too_many_requests");
        }
    }

    async fn invalid_credentials_consume_the_quota_of_the_address(app: TestApp) {
        let app = limited(&app, "6/1h");
        let (anyone, staff) = (app.anonymous(), app.coordinator());
        let unknown_key = "vkp_aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        for (credentials, path, wanted) in [("x.y.z", DRESDEN, 5), (unknown_key, DRESDEN, 4), ("", "/api/v1/me", 3)] {
            let answer = anyone.with_token(credentials).get(path).await;
            assert_eq!(left(&answer), wanted);
            answer.problem(401, "invalid_token");
        }
        // The same where the server does not evaluate credentials.
        let stranger = anyone.with_token("x.y.z");
        for (path, wanted) in [("/api/v1/nowhere", 2), ("/docs/", 1), ("/", 0)] {
            assert_eq!(left(&stranger.get(path).await), wanted, "{path}");
        }
        for path in ["/api/v1/nowhere", "/docs/", "/", DRESDEN] {
            stranger.get(path).await.problem(429, "too_many_requests");
        }
        stranger.post("/api/v1/auth/token", &json!({})).await.problem(429, "too_many_requests");
        anyone.get(DRESDEN).await.problem(429, "too_many_requests");
        // Accounts are not affected.
        assert_eq!(left(&staff.get(DRESDEN).await.ok()), 5);
    }

    async fn health_checks_do_not_consume_quota(app: TestApp) {
        let app = limited(&app, "1/1h");
        let anyone = app.anonymous();
        for _ in 0..5 {
            for path in ["/health/live", "/health/ready"] {
                let answer = anyone.get(path).await.ok();
                assert!(answer.header("ratelimit").is_empty() && answer.header("ratelimit-policy").is_empty());
            }
        }
        assert_eq!(left(&anyone.get("/openapi.json").await.ok()), 0);
        for path in ["/openapi.json", "/docs/", "/", "/problems/not_found", "/nowhere", PARTNERSHIPS] {
            anyone.get(path).await.problem(429, "too_many_requests");
        }
        anyone.get("/health/ready").await.ok();
    }

    async fn rate_limited_requests_write_nothing(app: TestApp) {
        let limited = limited(&app, "2/1h");
        let staff = limited.coordinator();
        assert_eq!(spent(async || staff.get(DRESDEN).await).await, 2);
        assert_nothing_written(&app, async || {
            staff.post(UTILITIES, &municipal("Zu viel")).await.problem(429, "too_many_requests");
            staff.patch(DRESDEN, "*", &json!({"end": "2030"})).await.problem(429, "too_many_requests");
            staff.delete(DRESDEN, "*").await.problem(429, "too_many_requests");
        })
        .await;
    }

    async fn concurrent_requests_do_not_exceed_the_quota(app: TestApp) {
        let app = limited(&app, "20/1h");
        for caller in [app.anonymous(), app.reader()] {
            let answers = futures_util::future::join_all((0..50).map(|_| caller.get(DRESDEN))).await;
            let given: Vec<_> = answers.iter().filter(|answer| answer.status == 200).map(left).collect();
            assert_eq!(given.len(), 20);
            let distinct: std::collections::BTreeSet<_> = given.iter().collect();
            assert_eq!(distinct.len(), 20, "each is told another number");
        }
    }

    async fn without_a_limit_there_are_no_ratelimit_headers(app: TestApp) {
        let answer = app.anonymous().get(DRESDEN).await.ok();
        assert!(answer.header("ratelimit").is_empty() && answer.header("ratelimit-policy").is_empty());
    }
}
