//! `serve`: the server announces its address, shuts down after the requests that are running, and several can start at
//! once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::server::{CLOSE, Server, answer};
use super::{Home, RunOutcome, on_empty};
use crate::api::fixtures::merged;
use crate::harness::Backend;

const CREDENTIALS: &str = r#"{"email": "reader@demo.example", "password": "demo-partnerships"}"#;

on_empty! {
    /// At any log level, the log has no personal data.
    fn the_log_has_no_personal_data(home: Home) {
        let server = Server::start(&home, &["--demo", "--log", "debug"]);
        let sign_in = json!({"email": "coordinator@demo.example", "password": "demo-partnerships"});
        let signed_in = server.write("POST /api/v1/auth/token", "", &sign_in);
        let body: Value = serde_json::from_str(signed_in.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let token = body["access_token"].as_str().unwrap().to_owned();
        let bearer = format!("Authorization: Bearer {token}\r\n");
        let contacts = "/api/v1/members/hamburg-wasser/contacts";
        let person = json!({
            "given_name": "Zxqgiven", "family_name": "Zxqfamily", "email": "zxqmail@zxq.example", "language": "de",
            "phone": "+49 40 7777777"
        });
        let post = |more: Value| server.write(&format!("POST {contacts}"), &bearer, &merged(&person, &more));
        assert!(post(json!({})).starts_with("HTTP/1.1 201"));
        assert!(post(json!({"email": "zxqmail at zxq"})).starts_with("HTTP/1.1 422"));
        assert!(post(json!({"Zxqmember": "Zxqvalue"})).starts_with("HTTP/1.1 422"));
        assert!(post(json!({"is_primary": true})).starts_with("HTTP/1.1 409"));
        let found = answer(server.send(&format!("GET {contacts}?name=Zxqgiven"), &format!("{bearer}{CLOSE}")));
        assert!(found.contains("Zxqfamily"), "{found}");
        let refused = server.write("POST /api/v1/auth/token", "", &json!({"email": "zxqmail@zxq.example", "password": "Zxqpass"}));
        assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");

        server.signal("-TERM");
        let (_, _, log) = server.ended(Duration::from_secs(20));
        assert!(log.matches(contacts).count() >= 5 && log.contains("primary_exists"), "{log}");
        let lower = log.to_lowercase();
        for personal in ["zxq", "7777777", "demo.example", "demo-partnerships", &token.to_lowercase()] {
            assert!(!lower.contains(personal), "{personal}: {log}");
        }
    }

    /// Anybody can send malformed requests. They are refused, but are no errors of the server.
    fn malformed_requests_are_not_logged_as_errors(home: Home) {
        let huge = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(200_000));
        let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(200_000));
        let wrong: &[(&str, &str)] = &[
            ("nonsense\r\n\r\n", "400"),
            ("GET / HTTP/9.9\r\nHost: x\r\n\r\n", "400"),
            ("GET /\u{1} HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost x\r\n\r\n", "400"),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", "400"),
            (&huge, "431"),
            (&long, "431"),
        ];
        for (level, is_logged) in [("info", false), ("info,actix_http=debug", true)] {
            let server = Server::start(&home, &["--log", level]);
            for (text, status) in wrong {
                let mut stream = TcpStream::connect(&server.address).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                // The server may close the connection before everything is sent.
                let _ = stream.write_all(text.as_bytes());
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer);
                let answer = String::from_utf8_lossy(&answer);
                assert!(answer.is_empty() || answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
            }
            server.signal("-TERM");
            let (_, _, log) = server.ended(Duration::from_secs(20));
            assert_eq!(log.contains("stream error"), is_logged, "{level}: {log}");
            assert_eq!(log.contains(r#""level":"ERROR""#), is_logged, "{level}: {log}");
        }
    }

    fn a_running_request_is_answered_before_the_shutdown(home: Home) {
        let server = Server::start(&home, &["--demo"]);
        let (first, rest) = CREDENTIALS.split_at(20);
        let length = CREDENTIALS.len();
        let headers = format!(
            "Content-Type: application/json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n{CLOSE}"
        );
        let mut running = server.send("POST /api/v1/auth/token", &headers);
        // The server says so once it has received the head.
        let mut expected = *b"HTTP/1.1 100 Continue\r\n\r\n";
        running.read_exact(&mut expected).unwrap();
        assert_eq!(&expected, b"HTTP/1.1 100 Continue\r\n\r\n");
        running.write_all(first.as_bytes()).unwrap();

        server.signal("-TERM");
        let late = || {
            TcpStream::connect(&server.address).and_then(|mut stream| {
                stream.set_read_timeout(Some(Duration::from_secs(1)))?;
                stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
                stream.read(&mut [0; 16])
            })
        };
        let signalled = Instant::now();
        while matches!(late(), Ok(1..)) {
            assert!(signalled.elapsed() < Duration::from_secs(10), "new requests are still taken");
        }
        running.write_all(rest.as_bytes()).unwrap();
        let answered = answer(running);
        assert!(answered.starts_with("HTTP/1.1 200") && answered.contains("access_token"), "{answered}");

        let (code, _, log) = server.ended(Duration::from_secs(10));
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains(r#""message":"stopped""#), "{log}");
        assert!(!log.contains("demo-partnerships") && !log.contains("reader@demo.example"), "{log}");
    }

    fn an_idle_connection_does_not_delay_the_shutdown(home: Home) {
        let server = Server::start(&home, &[]);
        let mut idle = server.send("GET /health/live", "");
        assert!(idle.read(&mut [0; 1024]).unwrap() > 0);
        server.signal("-INT");
        let (code, took, log) = server.ended(Duration::from_secs(60));
        assert_eq!(code, Some(0), "{log}");
        assert!(took < Duration::from_secs(8), "it took {took:?}");
    }

    fn a_database_with_demo_accounts_is_served_only_locally(home: Home) {
        let server = Server::start(&home, &["--demo"]);
        server.signal("-TERM");
        assert_eq!(server.ended(Duration::from_secs(10)).0, Some(0));
        let err = home.run(&["serve", "--bind", "0.0.0.0:0"]).fails();
        assert!(err.contains("demo accounts"), "{err}");
        // A second start uses the existing data.
        let log = home.changes().len();
        let server = Server::start(&home, &["--demo"]);
        server.signal("-TERM");
        assert_eq!(server.ended(Duration::from_secs(10)).0, Some(0));
        assert_eq!(home.changes().len(), log);
    }

    fn a_signal_right_after_the_announcement_ends_the_server(home: Home) {
        // Without waiting for a response: the signal is sent as early as possible.
        for _ in 0..10 {
            let server = Server::spawn(&home, &[]).announced();
            server.signal("-TERM");
            let (code, _, log) = server.ended(Duration::from_secs(10));
            assert_eq!(code, Some(0), "{log}");
            assert!(log.contains(r#""message":"stopped""#), "{log}");
        }
    }

    fn several_servers_can_start_at_once_on_an_empty_database(home: Home) {
        // One of them has to create the secret too.
        std::fs::remove_file(home.path("data/secret")).unwrap();
        let servers: Vec<_> = (0..4).map(|_| Server::spawn(&home, &[])).collect();
        for server in servers.into_iter().map(Server::announced) {
            assert!(server.get("/health/ready").starts_with("HTTP/1.1 200"));
            assert!(server.get("/api/v1/partnerships").starts_with("HTTP/1.1 200"));
        }
        let out = home.run(&["check-config"]).ok();
        assert!(out.contains("schema up to date"), "{out}");
    }

    fn the_health_command_reports_readiness(home: Home) {
        let server = Server::start(&home, &[]);
        let port = server.address.rsplit(':').next().unwrap();
        assert_eq!(home.run(&["health", "--bind", &server.address]).ok(), "The server is ready.\n");
        home.run(&["health", "--bind", &format!("0.0.0.0:{port}")]).ok();
        let address = server.address.clone();
        server.kill();
        let err = home.run(&["health", "--bind", &address]).fails();
        assert!(err.contains(&format!("no server is running on {address}")), "{err}");
    }

    fn security_txt_names_the_configured_contact(home: Home) {
        let server = Server::start(&home, &[]);
        assert!(server.get("/.well-known/security.txt").starts_with("HTTP/1.1 404"));
        let contact = ["--security-contact", "mailto:security@example.org"];
        let server = Server::start(&home, &contact);
        let text = server.get("/.well-known/security.txt");
        assert!(text.contains("\nContact: mailto:security@example.org\n"), "{text}");
        // `Canonical` has to be an https URL, and the server has none.
        assert!(!text.contains("Canonical"), "{text}");
    }
}

/// One server creates the database file. SQLite does not wait while a file is being created.
#[test]
fn several_servers_can_create_one_database_file() {
    for _ in 0..5 {
        let home = Home::new();
        let servers: Vec<_> = (0..6).map(|_| Server::spawn(&home, &[])).collect();
        servers.into_iter().map(Server::announced).for_each(Server::kill);
    }
}

/// The health check reports a server that is not ready, and one that is not HTTP.
#[test]
fn the_health_command_fails_without_a_ready_server() {
    Home::run_test(Backend::Sqlite, |home| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        for (response, message) in [
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", "is not ready (status 503)"),
            ("SSH-2.0-OpenSSH_9.2", "the response is not HTTP"),
        ] {
            let asking = home.command(&["health", "--bind", &address]).spawn().unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(response.as_bytes()).unwrap();
            let err = RunOutcome::finished(asking).fails();
            assert!(err.contains(message), "{err}");
        }
    });
}
