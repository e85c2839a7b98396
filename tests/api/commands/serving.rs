//! `serve`: it says where it is, and ends when it is asked to, after the requests that are running.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Home, on_empty};

/// A server of its own, killed when a test fails.
struct Server {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    address: String,
}

impl Server {
    /// Starts it and waits until it says that it serves.
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut child =
            home.command(&[&["serve", "--bind", "127.0.0.1:0"], arguments].concat()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (mut server, mut lines) = (Self { child, log, address: String::new() }, String::new());
        while server.log.read_line(&mut lines).unwrap() > 0 {
            let line: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
            if line["message"] == "serving" {
                server.address = line["address"].as_str().unwrap().to_owned();
                // It has told that it is about to serve; whoever has an answer knows that it does.
                assert!(answer(server.send("GET /health/ready", CLOSE)).starts_with("HTTP/1.1 200"));
                return server;
            }
        }
        panic!("it does not serve: {lines}");
    }

    /// Sends the head of a request.
    fn send(&self, target: &str, headers: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "{target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").unwrap();
        stream
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits for its end; answers the exit code, how long it took and the rest of the log.
    fn ended(mut self, limit: Duration) -> (Option<i32>, Duration, String) {
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

const CLOSE: &str = "Connection: close\r\n";

fn answer(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

const CREDENTIALS: &str = r#"{"email": "reader@demo.example", "password": "demo-partnerships"}"#;

on_empty! {
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
        assert!(log.contains(r#""message":"ended""#), "{log}");
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
}
