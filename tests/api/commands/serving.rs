//! `serve`: it says where it is, and ends when it is asked to, after the requests that are running; several start at
//! once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Home, Ran, on_empty};
use crate::api::given::changed;
use crate::harness::contract::{Contract, Sent};
use crate::harness::{Answer, Backend, Caller};

/// A server of its own, killed when a test fails.
pub(super) struct Server {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    address: String,
}

impl Server {
    /// Starts it.
    pub(super) fn spawn(home: &Home, arguments: &[&str]) -> Self {
        // A flag may be given once.
        let bind: &[&str] = if arguments.contains(&"--bind") { &[] } else { &["--bind", "127.0.0.1:0"] };
        let mut child = home.command(&[&["serve"], bind, arguments].concat()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log, address: String::new() }
    }

    /// Starts it without that a signal ends it, and waits until it serves.
    pub(super) fn ignoring(home: &Home, arguments: &[&str], signal: &str) -> Self {
        let serve = home.command(&[&["serve", "--bind", "127.0.0.1:0"], arguments].concat());
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("trap '' {signal}; exec \"$@\""), "serve"]).arg(serve.get_program());
        shell.args(serve.get_args()).current_dir(serve.get_current_dir().unwrap()).env_clear();
        shell.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut child = shell.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log, address: String::new() }.announced()
    }

    /// Waits until it says that it serves.
    pub(super) fn announced(mut self) -> Self {
        self.told_until_serving();
        self
    }

    /// Waits until it says that it serves; answers the log until then.
    pub(super) fn told_until_serving(&mut self) -> String {
        let mut lines = String::new();
        while self.log.read_line(&mut lines).unwrap() > 0 {
            let line = serde_json::from_str::<Value>(lines.lines().last().unwrap()).unwrap_or_default();
            if line["message"] == "serving" {
                self.address = line["address"].as_str().unwrap().to_owned();
                return lines;
            }
        }
        panic!("it does not serve: {lines}");
    }

    /// Starts it and waits until it serves.
    pub(super) fn start(home: &Home, arguments: &[&str]) -> Self {
        let server = Self::spawn(home, arguments).announced();
        // It has told that it is about to serve; whoever has an answer knows that it does.
        assert!(answer(server.send("GET /health/ready", CLOSE)).starts_with("HTTP/1.1 200"));
        server
    }

    /// What it answers to a GET.
    pub(super) fn get(&self, path: &str) -> String {
        let target = format!("GET {path}");
        let text = answer(self.send(&target, CLOSE));
        Contract::served().check(&Sent::of_target(&target, "", None), &Answer::of_text(&text));
        text
    }

    /// What it answers to a JSON body.
    pub(super) fn write(&self, target: &str, headers: &str, body: &Value) -> String {
        let text = answer(self.begin(target, headers, body));
        let sent = Sent::of_target(target, "application/json", Some(&body.to_string()));
        Contract::served().check(&sent, &Answer::of_text(&text));
        text
    }

    /// Sends a JSON body, and leaves the answer unread.
    pub(super) fn begin(&self, target: &str, headers: &str, body: &Value) -> TcpStream {
        let body = body.to_string();
        let length = body.len();
        let headers =
            format!("{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n{CLOSE}");
        let mut stream = self.send(target, &headers);
        stream.write_all(body.as_bytes()).unwrap();
        stream
    }

    /// Somebody who calls it, and carries a token.
    pub(super) fn caller(&self, token: Option<String>) -> Caller {
        Caller::new(self.address.parse().unwrap(), token)
    }

    /// Ends it as a power cut would.
    pub(super) fn kill(self) {}

    /// Sends the head of a request.
    pub(super) fn send(&self, target: &str, headers: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "{target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").unwrap();
        stream
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits for its end; answers the exit code, how long it took and the rest of the log.
    pub(super) fn ended(mut self, limit: Duration) -> (Option<i32>, Duration, String) {
        let begun = Instant::now();
        while begun.elapsed() < limit {
            if let Some(status) = self.child.try_wait().unwrap() {
                let took = begun.elapsed();
                let mut rest = String::new();
                self.log.read_to_string(&mut rest).unwrap();
                return (status.code(), took, rest);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it still runs after {limit:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) const CLOSE: &str = "Connection: close\r\n";

pub(super) fn answer(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

const CREDENTIALS: &str = r#"{"email": "reader@demo.example", "password": "demo-partnerships"}"#;

on_empty! {
    /// Whatever is told of requests: not who they are about.
    fn persons_are_not_in_the_log(home: Home) {
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
        let post = |more: Value| server.write(&format!("POST {contacts}"), &bearer, &changed(&person, &more));
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

    /// Anybody can send what is no request: it is refused, and the log of errors is for errors of ours.
    fn what_is_no_request_is_no_error_of_ours(home: Home) {
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
        for (level, told) in [("info", false), ("info,actix_http=debug", true)] {
            let server = Server::start(&home, &["--log", level]);
            for (text, status) in wrong {
                let mut stream = TcpStream::connect(&server.address).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                // It may be refused before all of it is sent.
                let _ = stream.write_all(text.as_bytes());
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer);
                let answer = String::from_utf8_lossy(&answer);
                assert!(answer.is_empty() || answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
            }
            server.signal("-TERM");
            let (_, _, log) = server.ended(Duration::from_secs(20));
            assert_eq!(log.contains("stream error"), told, "{level}: {log}");
            assert_eq!(log.contains(r#""level":"ERROR""#), told, "{level}: {log}");
        }
    }

    fn a_running_request_is_answered_before_the_end(home: Home) {
        let server = Server::start(&home, &["--demo"]);
        let (first, rest) = CREDENTIALS.split_at(20);
        let headers = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", CREDENTIALS.len());
        let mut running = server.send("POST /api/v1/auth/token", &(headers + CLOSE));
        running.write_all(first.as_bytes()).unwrap();
        // The server has taken it once it answers another one that came later.
        assert!(answer(server.send("GET /health/ready", CLOSE)).starts_with("HTTP/1.1 200"));

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

    fn an_idle_connection_does_not_hold_it_up(home: Home) {
        let server = Server::start(&home, &[]);
        let mut idle = server.send("GET /health/live", "");
        assert!(idle.read(&mut [0; 1024]).unwrap() > 0);
        server.signal("-INT");
        let (code, took, log) = server.ended(Duration::from_secs(60));
        assert_eq!(code, Some(0), "{log}");
        assert!(took < Duration::from_secs(8), "it took {took:?}");
    }

    fn the_demo_stays_at_home(home: Home) {
        let server = Server::start(&home, &["--demo"]);
        server.signal("-TERM");
        assert_eq!(server.ended(Duration::from_secs(10)).0, Some(0));
        let err = home.run(&["serve", "--bind", "0.0.0.0:0"]).fails();
        assert!(err.contains("demo accounts"), "{err}");
        // A second start finds what is there.
        let log = home.changes().len();
        let server = Server::start(&home, &["--demo"]);
        server.signal("-TERM");
        assert_eq!(server.ended(Duration::from_secs(10)).0, Some(0));
        assert_eq!(home.changes().len(), log);
    }

    fn whoever_reads_that_it_serves_may_end_it(home: Home) {
        // Without waiting for an answer: the signal comes as early as anybody can know whom to send it to.
        for _ in 0..10 {
            let server = Server::spawn(&home, &[]).announced();
            server.signal("-TERM");
            let (code, _, log) = server.ended(Duration::from_secs(10));
            assert_eq!(code, Some(0), "{log}");
            assert!(log.contains(r#""message":"stopped""#), "{log}");
        }
    }

    fn several_start_at_once_on_an_empty_database(home: Home) {
        // With one secret to be made as well.
        std::fs::remove_file(home.path("data/secret")).unwrap();
        let servers: Vec<_> = (0..4).map(|_| Server::spawn(&home, &[])).collect();
        for server in servers.into_iter().map(Server::announced) {
            assert!(server.get("/health/ready").starts_with("HTTP/1.1 200"));
            assert!(server.get("/api/v1/partnerships").starts_with("HTTP/1.1 200"));
        }
        let out = home.run(&["check-config"]).ok();
        assert!(out.contains("schema up to date"), "{out}");
    }

    fn whether_it_is_ready_is_asked_from_a_container(home: Home) {
        let server = Server::start(&home, &[]);
        let port = server.address.rsplit(':').next().unwrap();
        assert_eq!(home.run(&["health", "--bind", &server.address]).ok(), "The server is ready.\n");
        home.run(&["health", "--bind", &format!("0.0.0.0:{port}")]).ok();
        let address = server.address.clone();
        server.kill();
        let err = home.run(&["health", "--bind", &address]).fails();
        assert!(err.contains(&format!("there is no server on {address}")), "{err}");
    }

    fn the_contact_for_security_is_whom_the_operator_names(home: Home) {
        let server = Server::start(&home, &[]);
        assert!(server.get("/.well-known/security.txt").starts_with("HTTP/1.1 404"));
        let contact = ["--security-contact", "mailto:security@example.org"];
        let server = Server::start(&home, &contact);
        let text = server.get("/.well-known/security.txt");
        assert!(text.contains("\nContact: mailto:security@example.org\n"), "{text}");
        // Its own URL is no https one, which alone may stand there.
        assert!(!text.contains("Canonical"), "{text}");
    }
}

/// The file is made by one of them, and SQLite does not wait for who makes it.
#[test]
fn many_make_one_file() {
    for _ in 0..5 {
        let home = Home::new();
        let servers: Vec<_> = (0..6).map(|_| Server::spawn(&home, &[])).collect();
        servers.into_iter().map(Server::announced).for_each(Server::kill);
    }
}

/// A server that is not ready says so to the health check.
#[test]
fn what_is_no_server_is_not_ready() {
    Home::run_test(Backend::Sqlite, |home| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        for (said, told) in [
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", "is not ready (status 503)"),
            ("SSH-2.0-OpenSSH_9.2", "the response is not HTTP"),
        ] {
            let asking = home.command(&["health", "--bind", &address]).spawn().unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(said.as_bytes()).unwrap();
            let err = Ran::finished(asking).fails();
            assert!(err.contains(told), "{err}");
        }
    });
}
