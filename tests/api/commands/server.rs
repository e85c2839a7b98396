//! A server as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Home;
use crate::harness::contract::{Contract, Sent};
use crate::harness::{Caller, Response};

/// A running server, killed when it is dropped.
pub(super) struct Server {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    pub(super) address: String,
}

impl Server {
    /// Starts a server.
    pub(super) fn spawn(home: &Home, arguments: &[&str]) -> Self {
        // `--bind` may be given only once.
        let bind: &[&str] = if arguments.contains(&"--bind") { &[] } else { &["--bind", "127.0.0.1:0"] };
        Self::run(home.command(&[&["serve"], bind, arguments].concat()))
    }

    /// Starts a server by this command.
    pub(super) fn run(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        Self { log: BufReader::new(child.stderr.take().unwrap()), child, address: String::new() }
    }

    /// Starts a server that ignores a signal, and waits until it serves.
    pub(super) fn ignoring(home: &Home, arguments: &[&str], signal: &str) -> Self {
        let serve = home.command(&[&["serve", "--bind", "127.0.0.1:0"], arguments].concat());
        let (mut shell, script) = (Command::new("/bin/sh"), format!("trap '' {signal}; exec \"$@\""));
        shell.args(["-c", &script, "serve"]).arg(serve.get_program());
        shell.args(serve.get_args()).current_dir(serve.get_current_dir().unwrap()).env_clear();
        shell.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self::run(shell).announced()
    }

    /// Waits until the server announces that it serves.
    pub(super) fn announced(mut self) -> Self {
        self.log_until_serving();
        self
    }

    /// Waits until the server announces that it serves, and returns its log until then.
    pub(super) fn log_until_serving(&mut self) -> String {
        let (lines, serving) = self.log_until("serving");
        self.address = serving["address"].as_str().unwrap().to_owned();
        lines
    }

    /// Waits until the server logs this message, and returns its log until then, and the entry.
    pub(super) fn log_until(&mut self, message: &str) -> (String, Value) {
        let mut lines = String::new();
        while self.log.read_line(&mut lines).unwrap() > 0 {
            let line = serde_json::from_str::<Value>(lines.lines().last().unwrap()).unwrap_or_default();
            if line["message"] == message {
                return (lines, line);
            }
        }
        panic!("it does not log {message:?}: {lines}");
    }

    /// Starts a server and waits until it serves.
    pub(super) fn start(home: &Home, arguments: &[&str]) -> Self {
        let server = Self::spawn(home, arguments).announced();
        // The announcement comes just before serving, so wait for a response.
        assert!(answer(server.send("GET /health/ready", CLOSE)).starts_with("HTTP/1.1 200"));
        server
    }

    /// The response to a `GET`.
    pub(super) fn get(&self, path: &str) -> String {
        let target = format!("GET {path}");
        let text = answer(self.send(&target, CLOSE));
        Contract::served().check(&Sent::of_target(&target, "", None), &Response::from_text(&text));
        text
    }

    /// The response to a request with a JSON body.
    pub(super) fn write(&self, target: &str, headers: &str, body: &Value) -> String {
        let text = answer(self.begin(target, headers, body));
        let sent = Sent::of_target(target, "application/json", Some(&body.to_string()));
        Contract::served().check(&sent, &Response::from_text(&text));
        text
    }

    /// Sends a request with a JSON body without reading the response.
    pub(super) fn begin(&self, target: &str, headers: &str, body: &Value) -> TcpStream {
        let body = body.to_string();
        let length = body.len();
        let headers =
            format!("{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n{CLOSE}");
        let mut stream = self.send(target, &headers);
        stream.write_all(body.as_bytes()).unwrap();
        stream
    }

    /// A client of the server with this access token.
    pub(super) fn caller(&self, token: Option<String>) -> Caller {
        Caller::new(self.address.parse().unwrap(), token)
    }

    /// Kills the server, as a power cut would.
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

    /// Waits for the end of the server. Returns the exit code, the duration and the rest of the log.
    pub(super) fn ended(mut self, limit: Duration) -> (Option<i32>, Duration, String) {
        let begun = Instant::now();
        while begun.elapsed() < limit {
            if let Some(status) = self.child.try_wait().unwrap() {
                let took = begun.elapsed();
                let rest = std::io::read_to_string(&mut self.log).unwrap();
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
        if std::thread::panicking() {
            let rest = std::io::read_to_string(&mut self.log).unwrap_or_default();
            eprintln!("the rest of the server's log:\n{rest}");
        }
    }
}

pub(super) const CLOSE: &str = "Connection: close\r\n";

pub(super) fn answer(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}
