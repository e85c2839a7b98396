//! CORS: what pages of other origins may do in a browser.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use vku_http::kernel::config::HttpConfig;
use vku_http::kernel::cors::Origins;
use vku_http::kernel::limits::rate_limit::RateLimiter;

use super::path::paths;
use super::vary;
use crate::api::fixtures::{DRESDEN, PARTNERSHIPS, UTILITIES, municipal};
use crate::harness::{Caller, Response, TestApp, on_both};

const APP: &str = "https://app.example.org";
const STRANGER: &str = "https://stranger.example";

/// The same app with two allowed origins.
fn with_origins(app: &TestApp) -> TestApp {
    let origins = Origins::new(&["https://other.example.org".into(), APP.into()]);
    app.another_instance(HttpConfig { origins, ..HttpConfig::default() })
}

async fn ask(caller: &Caller, method: Method, path: &str, origin: &str) -> Response {
    caller.send(caller.request(method, path).header("Origin", origin)).await
}

async fn preflight(app: &TestApp, path: &str, method: &str, origin: &str) -> Response {
    let caller = app.anonymous();
    let request = caller.request(Method::OPTIONS, path).header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", method);
    caller.send(request.header("Access-Control-Request-Headers", "authorization")).await
}

fn words(answer: &Response, header: &str) -> BTreeSet<String> {
    answer.header(header).split(", ").filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

on_both! {
    async fn public_responses_are_open_to_every_origin(app: TestApp) {
        let with_origins = with_origins(&app);
        for (app, listing) in [(&app, false), (&with_origins, true)] {
            let anyone = app.anonymous();
            for path in [DRESDEN, PARTNERSHIPS, "/api/v1/partnerships?format=csv", "/openapi.json", "/docs/", "/nowhere", "/api/v1/me"] {
                for method in [Method::GET, Method::HEAD] {
                    for origin in [STRANGER, "null", ""] {
                        let answer = ask(&anyone, method.clone(), path, origin).await;
                        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path} {origin}");
                        assert!(answer.header("access-control-allow-credentials").is_empty());
                        assert!(words(&answer, "access-control-expose-headers").contains("ETag"));
                        assert_eq!(vary(&answer).contains(&"origin".into()), listing, "{path}");
                    }
                }
            }
            // Without `Origin` too, so that a cached response is valid for every origin.
            assert_eq!(anyone.get(DRESDEN).await.header("access-control-allow-origin"), "*");
        }
    }

    async fn responses_with_credentials_are_open_to_allowed_origins_only(app: TestApp) {
        let app = with_origins(&app);
        let (anyone, staff) = (app.anonymous(), app.coordinator());
        for origin in [
            STRANGER, "null", "http://app.example.org", "https://app.example.org:8443", "https://app.example.org.evil.example",
            "https://sub.app.example.org", "https://app.example", "HTTPS://APP.EXAMPLE.ORG",
        ] {
            for answer in [
                ask(&staff, Method::GET, DRESDEN, origin).await.ok(),
                ask(&staff, Method::GET, "/api/v1/nowhere", origin).await.expect(404),
                ask(&anyone.with_token("x"), Method::GET, DRESDEN, origin).await.expect(401),
                ask(&staff, Method::POST, UTILITIES, origin).await.expect(415),
                ask(&anyone, Method::POST, "/api/v1/auth/token", origin).await.expect(415),
            ] {
                for header in ["allow-origin", "allow-credentials", "expose-headers"] {
                    assert!(answer.header(&format!("access-control-{header}")).is_empty(), "{origin} {header}");
                }
                assert!(vary(&answer).contains(&"origin".into()));
            }
        }
        let utility = staff.request(Method::POST, UTILITIES).json(&municipal("Aus dem Browser")).header("Origin", APP);
        let tag = anyone.get(DRESDEN).await.ok().tag();
        let known = anyone.request(Method::GET, DRESDEN).header("If-None-Match", tag).header("Origin", APP);
        let exposed = [
            "Change-Token", "Content-Disposition", "Deprecation", "ETag", "Idempotency-Replayed", "Link", "Location",
            "RateLimit", "RateLimit-Policy", "Retry-After", "Sunset", "X-Request-Id",
        ];
        for answer in [
            staff.send(utility).await.expect(201),
            anyone.send(known).await.expect(304),
            ask(&staff, Method::GET, DRESDEN, APP).await.ok(),
            ask(&anyone, Method::GET, DRESDEN, APP).await.ok(),
            ask(&staff, Method::GET, "/api/v1/nowhere", APP).await.expect(404),
            ask(&anyone.with_token("x"), Method::GET, DRESDEN, APP).await.expect(401),
            ask(&anyone, Method::GET, "/docs/", "https://other.example.org").await.ok(),
        ] {
            assert!([APP, "https://other.example.org"].contains(&answer.header("access-control-allow-origin").as_str()));
            assert_eq!(answer.header("access-control-allow-credentials"), "true");
            assert_eq!(words(&answer, "access-control-expose-headers"), exposed.map(str::to_owned).into());
            assert!(vary(&answer).contains(&"origin".into()));
        }
    }

    async fn preflight_requests_list_methods_and_headers(app: TestApp) {
        let app = with_origins(&app);
        for (path, methods) in paths(&app).await {
            let told = preflight(&app, &path, "POST", APP).await.expect(204);
            assert_eq!(words(&told, "access-control-allow-methods"), methods, "{path}");
            assert_eq!(told.header("access-control-allow-origin"), APP);
            assert_eq!(told.header("access-control-allow-credentials"), "true");
            assert!(told.header("access-control-max-age").parse::<u32>().unwrap() > 0);
            let allowed = words(&told, "access-control-allow-headers");
            for header in ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id"] {
                assert!(allowed.contains(header), "{path}: {header}");
            }

            let told = preflight(&app, &path, "GET", STRANGER).await.expect(204);
            let reading: BTreeSet<_> = methods.into_iter().filter(|it| it == "GET" || it == "HEAD").collect();
            let anybody = if reading.is_empty() { "" } else { "*" };
            assert_eq!(told.header("access-control-allow-origin"), anybody, "{path}");
            assert_eq!(words(&told, "access-control-allow-methods"), reading, "{path}");
            assert!(told.header("access-control-allow-credentials").is_empty());
            let allowed = words(&told, "access-control-allow-headers");
            assert!(!allowed.contains("Authorization") && !allowed.contains("If-Match"), "{path}: {allowed:?}");
            assert_eq!(allowed.contains("If-None-Match"), !reading.is_empty());
            for header in ["origin", "accept-encoding"] {
                assert!(vary(&told).contains(&header.into()), "{path}: {header}");
            }
        }
        for path in ["/nowhere", "/api/v1/partnerships/"] {
            preflight(&app, path, "GET", APP).await.problem(404, "not_found");
        }
        // These are no preflight requests, because a header is missing.
        let caller = app.anonymous();
        for (name, value) in [("Origin", APP), ("Access-Control-Request-Method", "GET")] {
            let answer = caller.send(caller.request(Method::OPTIONS, DRESDEN).header(name, value)).await;
            answer.problem(405, "method_not_allowed");
        }
    }

    async fn preflight_requests_do_not_consume_quota(app: TestApp) {
        let limit = RateLimiter::of("1/1h".parse().unwrap());
        let app = app.another_instance(HttpConfig { limit, origins: Origins::new(&[APP.into()]), ..HttpConfig::default() });
        for _ in 0..3 {
            let told = preflight(&app, "/api/v1/auth/token", "POST", APP).await.expect(204);
            assert!(told.header("ratelimit").is_empty());
        }
        ask(&app.anonymous(), Method::GET, DRESDEN, APP).await.ok();
        // The page can read that it is rate-limited, and for how long.
        let refused = ask(&app.anonymous(), Method::GET, DRESDEN, APP).await;
        assert_eq!(refused.header("access-control-allow-origin"), APP);
        refused.problem(429, "too_many_requests");
        let utility = json!({});
        app.anonymous().post("/api/v1/auth/token", &utility).await.problem(429, "too_many_requests");
    }
}
