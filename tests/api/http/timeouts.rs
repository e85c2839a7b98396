//! Timeouts of request heads, bodies and responses, and when connections are closed.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::oneshot;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::partnership::Partnership;
use vku_http::kernel::config::{HttpConfig, Timeouts};

use crate::api::changes::write;
use crate::api::fixtures::{DRESDEN, assert_nothing_written};
use crate::harness::contract::{Contract, Sent};
use crate::harness::{Response, TestApp, on_both};

const SHORT: Duration = Duration::from_millis(300);
/// The shortest useful timeout where actix's cached clock is used, which advances twice a second.
const FEW: Duration = Duration::from_secs(2);
/// Longer than anything takes on a busy machine, so that this timeout never fires.
const LONG: Duration = Duration::from_secs(60);

fn patient() -> Timeouts {
    Timeouts {
        request_head: LONG,
        request_body: LONG,
        response: LONG,
        keep_alive: LONG,
        disconnect: FEW,
        download: LONG,
        heartbeat: LONG,
        event: LONG,
    }
}

fn with(app: &TestApp, timeouts: Timeouts) -> TestApp {
    app.another_instance(HttpConfig { timeouts, ..HttpConfig::default() })
}

/// Opens a connection and sends the text.
fn sent(app: &TestApp, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

fn post(headers: &str) -> String {
    format!(
        "POST /api/v1/auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\r\n"
    )
}

/// Reads until the server closes the connection, which may happen while the test is still sending.
fn until_closed(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    match stream.read_to_end(&mut text) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("it is not closed: {error}"),
        _ => String::from_utf8(text).unwrap(),
    }
}

/// The body of a problem with this status and code, after which the connection is closed.
#[track_caller]
fn problem(text: &str, status: u16, code: &str) -> Value {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
    let head = head.to_lowercase();
    assert!(head.starts_with(&format!("http/1.1 {status} ")), "{head}");
    for line in
        ["content-type: application/problem+json", "connection: close", "x-content-type-options: nosniff"]
    {
        assert!(head.contains(&format!("\r\n{line}")), "{line}: {head}");
    }
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["code"], code);
    assert!(head.contains(&format!("x-request-id: {}", body["request_id"].as_str().unwrap())), "{head}");
    body
}

on_both! {
    async fn a_body_that_does_not_arrive_gets_408(app: TestApp) {
        let hasty = with(&app, Timeouts { request_body: SHORT, ..patient() });
        assert_nothing_written(&app, async || {
            for (headers, begun) in [
                ("Content-Length: 100\r\n", "{\"email\": "),
                ("Content-Length: 100\r\n", ""),
                ("Transfer-Encoding: chunked\r\n", "5\r\n{\"ema\r\n"),
                ("Transfer-Encoding: chunked\r\n", ""),
                ("Accept-Language: de\r\nContent-Length: 100\r\n", "{"),
            ] {
                let answer = until_closed(sent(&hasty, &(post(headers) + begun)));
                let told = problem(&answer, 408, "request_timeout");
                let target = Sent::of_target("POST /api/v1/auth/token", "application/json", None);
                Contract::served().check(&target, &Response::from_text(&answer));
                let german = told["detail"] == "Der Body kam nicht rechtzeitig an.";
                assert_eq!(german, headers.contains("de"), "{told:#}");
            }
        })
        .await;
        hasty.anonymous().get(DRESDEN).await.ok();
    }

    async fn a_body_that_arrives_too_slowly_gets_408(app: TestApp) {
        let hasty = with(&app, Timeouts { request_body: SHORT, ..patient() });
        let mut stream = sent(&hasty, &post("Content-Length: 1000000\r\n"));
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let (begun, mut first) = (Instant::now(), [0; 1]);
        // Sends a byte at a time until there is a response.
        while stream.read(&mut first).is_err() {
            assert!(begun.elapsed() < LONG, "it is still waited for");
            stream.write_all(b" ").unwrap();
        }
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        problem(&format!("H{}", until_closed(stream)), 408, "request_timeout");
    }

    async fn a_body_without_end_gets_413(app: TestApp) {
        let app = with(&app, patient());
        let mut stream = sent(&app, &post("Transfer-Encoding: chunked\r\n"));
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        // The server may stop reading at any time.
        let all = (0..40).try_for_each(|_| stream.write_all(chunk.as_bytes()));
        assert!(all.is_ok() || all.is_err_and(|error| error.kind() != ErrorKind::WouldBlock));
        problem(&until_closed(stream), 413, "payload_too_large");
        app.anonymous().get(DRESDEN).await.ok();
    }

    async fn an_unread_body_closes_the_connection(app: TestApp) {
        let app = with(&app, patient());
        for headers in ["Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"] {
            let nowhere = post(headers).replace("/api/v1/auth/token", "/nowhere");
            // The server does not wait for the body, so it has to close the connection.
            problem(&until_closed(sent(&app, &nowhere)), 404, "not_found");
        }
    }

    // RFC 9110, 7.8: the server may ignore `Upgrade`. Java's client offers HTTP/2 this way, and sends its next request
    // on the same connection unless the response says that it is closed.
    async fn an_offered_upgrade_is_ignored_and_the_connection_closed(app: TestApp) {
        let app = with(&app, patient());
        let offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n";
        let body = r#"{"email":"a@b.example","password":"wrong-password"}"#;
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{offer}\r\n");
        for (request, status) in [
            (get("/api/v1/reference/sectors"), 200),
            (get("/api/v1/partnerships?format=ndjson"), 200),
            (get("/nowhere"), 404),
            (post(&format!("{offer}Content-Length: {}\r\n", body.len())) + body, 401),
        ] {
            let answer = until_closed(sent(&app, &request)).to_lowercase();
            assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        }
    }

    async fn a_response_that_takes_too_long_gets_503_and_writes_nothing(app: TestApp) {
        let hasty = with(&app, Timeouts { response: Duration::from_secs(1), ..patient() });
        let before = app.anonymous().get(DRESDEN).await.ok();
        let (begun, begins) = oneshot::channel();
        let (end, ends) = oneshot::channel::<()>();
        let store = app.store.clone();
        let busy = tokio::task::LocalSet::new();
        busy.run_until(async {
            let holding = tokio::task::spawn_local(async move {
                let key: Key = DRESDEN.rsplit('/').next().unwrap().parse().unwrap();
                write(&store, InputSource::Request, async |writer| {
                    let body = json!({"end": "2031"});
                    writer.patch::<Partnership>(&key, None, &Precondition::Any, body).await?;
                    begun.send(()).unwrap();
                    ends.await.unwrap();
                    Err::<(), _>(Error::new(Code::Internal, Code::Internal.title()))
                })
                .await
                .unwrap_err();
            });
            begins.await.unwrap();
            let staff = hasty.coordinator();
            let answer = staff.patch(DRESDEN, "*", &json!({"end": "2030"})).await;
            assert_eq!(answer.header("retry-after"), "2");
            for (name, value) in [("x-frame-options", "DENY"), ("cache-control", "no-store"), ("content-language", "en")] {
                assert_eq!(answer.header(name), value);
            }
            assert_eq!(answer.problem(503, "timed_out")["instance"], DRESDEN);
            // Other requests are not delayed.
            hasty.anonymous().get("/health/live").await.ok();
            end.send(()).unwrap();
            holding.await.unwrap();
        })
        .await;
        // The request that timed out has written nothing and holds no lock.
        let after = app.anonymous().get(DRESDEN).await.ok();
        assert_eq!(after.tag(), before.tag());
        app.coordinator().patch(DRESDEN, &after.tag(), &json!({"end": "2030"})).await.ok();
    }

    async fn a_request_head_that_does_not_arrive_gets_408(app: TestApp) {
        let app = with(&app, Timeouts { request_head: FEW, ..patient() });
        for begun in ["GET /api/v1/part", "GET / HTTP/1.1\r\nHost: localhost\r\n"] {
            let answer = until_closed(sent(&app, begun)).to_lowercase();
            assert!(answer.starts_with("http/1.1 408 "), "{answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        }
    }

    async fn an_idle_connection_is_closed(app: TestApp) {
        let app = with(&app, Timeouts { keep_alive: FEW, ..patient() });
        let answer = until_closed(sent(&app, "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("{\"status\":\"ok\"}"), "{answer}");
    }

    async fn malformed_and_oversized_request_heads_are_refused(app: TestApp) {
        let app = with(&app, patient());
        for (head, status) in [
            ("nonsense\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(), 400),
            (format!("GET /{} HTTP/1.1\r\nHost: a\r\nX: {}", "a".repeat(100), "a".repeat(1 << 18)), 431),
        ] {
            let answer = until_closed(sent(&app, &head));
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        }
        app.anonymous().get(DRESDEN).await.ok();
    }
}
