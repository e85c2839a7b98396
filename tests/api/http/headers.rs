//! The headers that every response has for browsers and caches.

use std::collections::HashSet;

use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use vku_http::kernel::config::HttpConfig;
use vku_http::kernel::limits::rate_limit::RateLimiter;

use super::path::{METHODS, paths};
use super::vary;
use crate::api::fixtures::DRESDEN;
use crate::harness::{Response, on_both};

/// Headers of every response.
const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "interest-cohort=()"),
    // Because the public URL is an https one.
    ("strict-transport-security", "max-age=31536000"),
];

#[track_caller]
fn assert_security_headers(answer: &Response, place: &str) {
    for (name, value) in ALWAYS {
        let told: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(told, [value], "{place}: {name}");
    }
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{place}: {policy}");
    }
    let scripts = policy.contains("script-src 'self'");
    assert_eq!(scripts, place.contains(" /docs/"), "{place}: {policy}");
    assert!(answer.header("server").is_empty() && answer.header("x-powered-by").is_empty(), "{place}");
    let varied = vary(answer);
    assert!(varied.contains(&"accept-encoding".into()), "{place}: {varied:?}");
    let distinct: HashSet<_> = varied.iter().collect();
    assert_eq!(distinct.len(), varied.len(), "{place}: {varied:?}");
    if answer.header("content-type") == "application/problem+json" {
        assert!(varied.contains(&"accept-language".into()), "{place}: {varied:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{place}");
    } else if (answer.status == 200 || answer.status == 304)
        && answer.header("cache-control") == "public, no-cache"
        && place.contains(" /api/")
    {
        assert!(varied.contains(&"authorization".into()), "{place}: {varied:?}");
    }
}

on_both! {
    async fn every_path_and_method_has_the_security_headers(app: TestApp) {
        let limit = RateLimiter::of("1000000/1h".parse().unwrap());
        let app = app.another_instance(HttpConfig { limit, ..HttpConfig::default() });
        let mut ids = HashSet::new();
        let mut statuses = HashSet::new();
        let mut paths = paths(&app).await;
        // The client would follow the redirect. The next test checks it.
        paths.retain(|(path, _)| path != "/docs");
        let beside = ["/nowhere", "/docs/swagger-ui.css", "/docs/nothing.js", "/docs/index.html", "/api/v1/partnerships?format=csv", "/api/v1/partnerships?format=ndjson", "/api/v1/partnerships?limit=0", DRESDEN];
        paths.extend(beside.map(|path| (path.to_owned(), ["GET".to_owned()].into())));
        for (role, caller) in [("public", app.anonymous()), ("admin", app.admin()), ("wrong", app.anonymous().with_token("x"))] {
            // Logout comes last, because it ends the login.
            paths.sort_by_key(|(path, _)| path.ends_with("/logout"));
            for (path, _) in &paths {
                for method in METHODS {
                    let place = format!("{role} {method} {path}");
                    let request = caller.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
                    let answer = caller.send(request.header("Accept-Encoding", "gzip")).await;
                    assert_security_headers(&answer, &place);
                    statuses.insert(answer.status.as_u16());
                    assert!(ids.insert(answer.header("x-request-id")), "{place}");
                    let counted = !path.starts_with("/health/");
                    for name in ["ratelimit", "ratelimit-policy"] {
                        assert_eq!(answer.header(name).starts_with("\"default\";"), counted, "{place}: {name}");
                    }
                }
            }
        }
        for seen in [200, 204, 400, 401, 404, 405, 415, 428] {
            assert!(statuses.contains(&seen), "{seen} of {statuses:?}");
        }
    }

    async fn special_responses_have_the_security_headers(app: TestApp) {
        let anyone = app.anonymous();
        for path in [DRESDEN, "/openapi.json", "/api/v1/partnerships"] {
            for coding in ["gzip", "identity"] {
                let request = || anyone.request(Method::GET, path).header("Accept-Encoding", coding);
                let tag = anyone.send(request()).await.ok().tag();
                let same = anyone.send(request().header("If-None-Match", tag)).await.expect(304);
                assert_security_headers(&same, &format!("304 {path}"));
            }
        }
        let nothing = anyone.request(Method::GET, DRESDEN).header("Accept-Encoding", "br;q=0, identity;q=0, *;q=0");
        assert_security_headers(&anyone.send(nothing).await.expect(406), "406");
        let coded = anyone.request(Method::POST, "/api/v1/auth/token").header("Content-Encoding", "gzip").body("x");
        assert_security_headers(&anyone.send(coded).await.expect(415), "415");
        let large = anyone.request(Method::POST, "/api/v1/auth/token").header("Content-Type", "application/json");
        assert_security_headers(&anyone.send(large.body(" ".repeat(1 << 21))).await.expect(413), "413");
        let preflight = anyone.request(Method::OPTIONS, DRESDEN).header("Origin", "https://a.example");
        let preflight = preflight.header("Access-Control-Request-Method", "GET");
        assert_security_headers(&anyone.send(preflight).await.expect(204), "preflight");

        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let moved = client.get(format!("http://{}/docs", app.address)).send().await.unwrap();
        let moved = Response { status: moved.status(), headers: moved.headers().clone(), body: Vec::new() };
        assert_security_headers(&moved.expect(301), "301");
    }
}
