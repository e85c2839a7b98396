//! A receiver of webhooks on a port of its own, which keeps the requests that it gets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::Value;

/// How long a test waits for requests.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What the receiver does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Answers with this status, headers and body.
    Answer(u16, &'static str, String),
    /// Reads the request, and says nothing.
    Hang,
    /// Closes the connection.
    Close,
    /// Answers with something that is not HTTP.
    Nonsense,
    /// Begins an answer, and never ends its body.
    Endless,
}

impl Reaction {
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, "", String::new())
    }
}

/// A request that was received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or_else(|| panic!("no {name}: {:?}", self.headers), |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether one of the signatures is that of the secret, by the specification.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        assert!((24..=64).contains(&key.len()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let tag = hmac::sign(&key, format!("{id}.{at}.{}", self.body).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(tag));
        self.header("webhook-signature").split(' ').any(|signature| signature == expected)
    }
}

#[derive(Default)]
struct State {
    /// The reactions to the next requests; 204 after them.
    reactions: Vec<Reaction>,
    usual: Option<Reaction>,
    received: Vec<Received>,
}

/// The receiver. Its thread ends with the process.
#[derive(Clone)]
pub(crate) struct Receiver {
    address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let accepting = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, receiver) = (stream.unwrap(), accepting.clone());
                std::thread::spawn(move || receiver.answer(stream));
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?from=zxq", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Sets the reactions to the next requests.
    pub(crate) fn react(&self, reactions: &[Reaction]) {
        self.state.0.lock().unwrap().reactions = reactions.to_vec();
    }

    /// Sets the reaction to all further requests.
    pub(crate) fn always(&self, reaction: Reaction) {
        self.state.0.lock().unwrap().usual = Some(reaction);
    }

    /// All requests so far.
    pub(crate) fn all(&self) -> Vec<Received> {
        self.state.0.lock().unwrap().received.clone()
    }

    /// Waits for this many requests, and returns all.
    pub(crate) fn wait(&self, count: usize) -> Vec<Received> {
        let (state, changed) = &*self.state;
        let state = state.lock().unwrap();
        let waiting = |state: &mut State| state.received.len() < count;
        let (state, timeout) = changed.wait_timeout_while(state, TIMEOUT, waiting).unwrap();
        assert!(!timeout.timed_out(), "{count} requests are expected, these came: {:#?}", state.received);
        state.received.clone()
    }

    /// Waits without blocking the runtime.
    pub(crate) async fn requests(&self, count: usize) -> Vec<Received> {
        let receiver = self.clone();
        tokio::task::spawn_blocking(move || receiver.wait(count)).await.unwrap()
    }

    fn answer(&self, stream: TcpStream) {
        let Some(received) = read(&stream) else { return };
        let (state, changed) = &*self.state;
        let reaction = {
            let mut state = state.lock().unwrap();
            state.received.push(received);
            changed.notify_all();
            match state.reactions.is_empty() {
                true => state.usual.clone().unwrap_or(Reaction::status(204)),
                false => state.reactions.remove(0),
            }
        };
        // The client may have closed the connection.
        let _ = react(stream, &reaction);
    }
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header =
        |line: &String| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    let headers: Vec<_> = lines.iter().skip(1).filter_map(header).collect();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Received { line: lines[0].clone(), headers, body: String::from_utf8(body).unwrap() })
}

fn react(mut stream: TcpStream, reaction: &Reaction) -> std::io::Result<()> {
    match reaction {
        Reaction::Answer(status, headers, body) => {
            let length = body.len();
            write!(stream, "HTTP/1.1 {status} Zxq\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
        }
        Reaction::Close => Ok(()),
        Reaction::Nonsense => stream.write_all(b"220 mail.zxq.example ESMTP\r\n"),
        Reaction::Hang => stream.read_to_end(&mut Vec::new()).map(drop),
        Reaction::Endless => {
            write!(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            loop {
                write!(stream, "400\r\n{}\r\n", "x".repeat(1_024))?;
            }
        }
    }
}
