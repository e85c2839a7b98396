//! Representations: content negotiation, formats, and headers for caches and browsers.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::json;

use super::{comparable_headers, vary};
use crate::api::fixtures::{DRESDEN, FUNDING, ORGANISATIONS, PARTNERSHIPS, PROGRAMMES, UTILITIES};
use crate::harness::{Caller, Response, on_both};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

async fn accepting(caller: &Caller, path: &str, accept: &str) -> Response {
    caller.send(caller.request(Method::GET, path).header("Accept", accept)).await
}

/// The media type without its parameters.
fn media_type(answer: &Response) -> String {
    answer.header("content-type").split(';').next().unwrap().to_owned()
}

on_both! {
    async fn head_matches_get_without_the_body(app: TestApp) {
        let staff = app.coordinator();
        let transitions = format!("{DRESDEN}/transitions");
        for path in [
            "/",
            "/docs",
            "/docs/",
            "/docs/swagger-ui.css",
            "/openapi.json",
            "/openapi-3.0.json",
            "/openapi.yaml",
            "/health/live",
            "/health/ready",
            "/problems/not_found",
            "/problems/nothing",
            "/api/v1/me",
            DRESDEN,
            PARTNERSHIPS,
            FUNDING,
            UTILITIES,
            ORGANISATIONS,
            PROGRAMMES,
            &transitions,
            "/api/v1/utilities/nothing",
            "/api/v1/partnerships?limit=0",
            "/api/v1/partnerships?format=csv",
            "/api/v1/partnerships?format=xlsx",
            "/api/v1/partnerships?format=geojson",
            "/api/v1/utilities?format=xlsx",
            "/api/v1/partnerships?limit=3&count=true",
            "/nowhere",
        ] {
            let (get, head) = (staff.get(path).await, staff.head(path).await);
            assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
            assert_eq!(comparable_headers(&head), comparable_headers(&get), "{path}");
        }
    }

    async fn the_best_acceptable_media_type_is_sent(app: TestApp) {
        let anyone = app.anonymous();
        for (accept, media) in [
            ("*/*", "application/json"),
            ("application/*", "application/json"),
            ("application/json", "application/json"),
            ("APPLICATION/JSON", "application/json"),
            ("text/csv", "text/csv"),
            ("text/*", "text/csv"),
            // JSON wins if several are equally acceptable.
            ("application/json, text/csv", "application/json"),
            ("text/csv, application/json", "application/json"),
            ("text/csv, */*", "application/json"),
            ("text/csv;q=0.5, application/json;q=0.5", "application/json"),
            ("application/x-ndjson, text/csv", "text/csv"),
            ("text/csv, */*;q=0.1", "text/csv"),
            ("text/csv, application/*;q=0.9", "text/csv"),
            ("text/csv;q=0.5, */*;q=0.1, application/json;q=0", "text/csv"),
            ("application/x-ndjson", "application/x-ndjson"),
            ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
            ("application/json;q=0.5, text/csv", "text/csv"),
            ("text/csv;q=0.4, application/x-ndjson;q=0.6", "application/x-ndjson"),
            ("text/csv;q=0, text/*, application/x-ndjson;q=0.1", "application/x-ndjson"),
            ("application/json;q=0, */*", "text/csv"),
            ("application/pdf, text/csv;q=0.001", "text/csv"),
        ] {
            let answer = accepting(&anyone, PARTNERSHIPS, accept).await.ok();
            assert_eq!(media_type(&answer), media, "{accept}");
            assert!(vary(&answer).contains(&"accept".into()));
        }
        for accept in
            ["application/pdf", "text/html", "application/json;q=0", "*/*;q=0", "image/*, text/plain"]
        {
            let problem = accepting(&anyone, PARTNERSHIPS, accept).await.problem(406, "not_acceptable");
            assert_eq!(
                problem["allowed"],
                json!([
                    "application/json", "text/csv", "application/x-ndjson", XLSX, "application/vnd.apache.parquet", "application/geo+json",
                    "application/xml"
                ]),
                "{accept}"
            );
        }
        let problem = accepting(&anyone, DRESDEN, "text/csv").await.problem(406, "not_acceptable");
        assert_eq!(problem["allowed"], json!(["application/json"]));
    }

    async fn the_format_parameter_overrides_accept(app: TestApp) {
        let anyone = app.anonymous();
        let titles = anyone.all(PARTNERSHIPS).await.len();
        for (format, media) in
            [("csv", "text/csv"), ("ndjson", "application/x-ndjson"), ("json", "application/json")]
        {
            let answer =
                accepting(&anyone, &format!("{PARTNERSHIPS}?format={format}"), "application/pdf").await.ok();
            assert_eq!(media_type(&answer), media);
            if format != "json" {
                assert!(answer.header("content-disposition").ends_with(&format!(".{format}\"")));
            }
        }
        let lines = anyone.get(&format!("{PARTNERSHIPS}?format=ndjson")).await.ok().text();
        let slugs = lines
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["slug"].clone());
        assert_eq!(slugs.count(), titles);
        let table = anyone.get(&format!("{PARTNERSHIPS}?format=csv")).await.ok();
        assert_eq!(csv::Reader::from_reader(&table.body[..]).records().map(Result::unwrap).count(), titles);
        assert_eq!(table.header("content-type"), "text/csv; charset=utf-8; header=present");
    }

    async fn the_best_acceptable_encoding_is_sent(app: TestApp) {
        let anyone = app.anonymous();
        for (accepted, coding) in [
            ("gzip", "gzip"),
            ("br, gzip;q=0.5", "gzip"),
            ("gzip;q=0", ""),
            ("identity", ""),
            ("br", ""),
            ("", ""),
        ] {
            // A URL that is not cached yet: cached responses are available in Brotli too.
            let first = format!("{DRESDEN}?{}", "&".repeat(accepted.len()));
            for path in [&first, "/api/v1/partnerships?format=csv"] {
                let request = anyone.request(Method::GET, path).header("Accept-Encoding", accepted);
                assert_eq!(anyone.send(request).await.ok().header("content-encoding"), coding, "{accepted}");
            }
        }
        let nothing = anyone.request(Method::GET, DRESDEN).header("Accept-Encoding", "br, identity;q=0");
        anyone.send(nothing).await.problem(406, "not_acceptable");
    }

    async fn cache_control_is_private_for_accounts(app: TestApp) {
        let export = format!("{PARTNERSHIPS}?format=csv");
        for path in [DRESDEN, PARTNERSHIPS, FUNDING, &export] {
            for (role, caller) in app.everybody() {
                let answer = caller.get(path).await.ok();
                let whose = if role == "public" { "public, no-cache" } else { "private, no-cache" };
                assert_eq!(answer.header("cache-control"), whose, "{role} {path}");
                for word in ["accept", "authorization"] {
                    assert!(vary(&answer).contains(&word.into()), "{role} {path}: {:?}", vary(&answer));
                }
            }
        }
        let (staff, anyone) = (app.coordinator(), app.anonymous());
        assert_eq!(staff.get("/api/v1/me").await.ok().header("cache-control"), "private, no-cache");
        for problem in ["/api/v1/utilities/nothing", "/api/v1/me", "/nowhere"] {
            assert_eq!(anyone.get(problem).await.header("cache-control"), "no-store");
        }
        let signing_in = json!({"email": "reader@demo.example", "password": "demo-partnerships"});
        let token = anyone.post("/api/v1/auth/token", &signing_in).await.ok();
        assert_eq!(token.header("cache-control"), "no-store");
    }

    async fn valid_request_ids_are_returned_and_others_replaced(app: TestApp) {
        let anyone = app.anonymous();
        let sent = async |id: &[u8]| {
            let request = anyone.request(Method::GET, "/api/v1/utilities/nothing").header("X-Request-Id", id);
            let answer = anyone.send(request).await;
            let told = answer.header("x-request-id");
            assert_eq!(answer.problem(404, "not_found")["request_id"], told);
            told
        };
        let longest = "a".repeat(64);
        for sane in ["abc-DEF_1.", "01234567", &longest] {
            assert_eq!(sent(sane.as_bytes()).await, sane);
        }
        let too_long = "a".repeat(65);
        for bad in [
            &b"short"[..],
            b"",
            b"white space",
            b"semi;colon",
            b"<script>alert",
            b"umlaut-\xc3\xa4\xc3\xa4",
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
            too_long.as_bytes(),
        ] {
            let made = sent(bad).await;
            assert!(uuid::Uuid::parse_str(&made).is_ok(), "{bad:?}: {made}");
        }
        assert_ne!(sent(b"").await, sent(b"").await);
    }

    async fn static_documents_are_compressed_for_clients_that_accept_it(app: TestApp) {
        let anyone = app.anonymous();
        for path in [
            "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/openapi.json", "/openapi.yaml", "/api/v1/reference",
            "/api/v1/reference/sdg-targets?lang=de",
        ] {
            let encoded = async |accepted| {
                let request = anyone.request(Method::GET, path).header("Accept-Encoding", accepted);
                anyone.send(request).await.ok()
            };
            let plain = encoded("identity").await;
            for (accepted, coding) in [("br, gzip", "br"), ("gzip", "gzip"), ("br;q=0.5, gzip", "gzip")] {
                let compressed = encoded(accepted).await;
                assert_eq!(compressed.header("content-encoding"), coding, "{path}");
                assert!(vary(&compressed).contains(&"accept-encoding".into()), "{path}");
                assert!(2 * compressed.body.len() < plain.body.len(), "{path}");
                let mut bytes = Vec::new();
                if coding == "br" {
                    brotli::BrotliDecompress(&mut &compressed.body[..], &mut bytes).unwrap();
                } else {
                    GzDecoder::new(&compressed.body[..]).read_to_end(&mut bytes).unwrap();
                }
                assert!(bytes == plain.body, "{path}");
                // The tag of the compressed document is known, too.
                let again = anyone.request(Method::GET, path).header("Accept-Encoding", accepted);
                anyone.send(again.header("If-None-Match", compressed.tag())).await.expect(304);
            }
            assert_eq!(plain.header("content-encoding"), "");
            assert!(vary(&plain).contains(&"accept-encoding".into()), "{path}");
            assert_eq!(encoded("gzip;q=0").await.body, plain.body, "{path}");
        }
    }

    async fn all_responses_have_security_headers(app: TestApp) {
        let anyone = app.anonymous();
        for path in [
            "/",
            "/docs/",
            "/openapi.json",
            "/health/live",
            DRESDEN,
            PARTNERSHIPS,
            "/nowhere",
            "/api/v1/me",
            "/api/v1/partnerships?limit=0",
        ] {
            let answer = anyone.get(path).await;
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("x-frame-options", "DENY"),
                ("cross-origin-opener-policy", "same-origin"),
            ] {
                assert_eq!(answer.header(name), value, "{path}");
            }
            let policy = answer.header("content-security-policy");
            assert!(
                policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
            assert!(answer.header("server").is_empty() && answer.header("x-powered-by").is_empty());
        }
    }
}
