//! An SMTP server (RFC 5321) on a port of its own that keeps the e-mails it receives.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How long a test waits for e-mails or callers.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How the server treats its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SinkBehavior {
    /// Accepts every e-mail.
    Accept,
    /// Answers every recipient with this line.
    Reject(&'static str),
    /// Accepts the connection, but does not send a greeting.
    NoGreeting,
    /// Accepts the e-mail, but does not reply to it.
    AcceptWithoutReply,
    /// Accepts the e-mail, but replies only after the behavior has been changed.
    AcceptAfterChange,
}

/// A received mail: its envelope and its data.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) data: String,
}

#[derive(Default)]
struct State {
    behavior: Option<SinkBehavior>,
    callers: usize,
    mails: Vec<Received>,
}

/// The SMTP server. Its thread ends with the process.
#[derive(Clone)]
pub(crate) struct Sink {
    address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Sink {
    pub(crate) fn start(behavior: SinkBehavior) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<(Mutex<State>, Condvar)>::default();
        let sink = Self { address, state };
        sink.set_behavior(behavior);
        let accepting = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, sink) = (stream.unwrap(), accepting.clone());
                std::thread::spawn(move || sink.talk(stream));
            }
        });
        sink
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Changes the behavior for new connections, and releases the replies that `AcceptAfterChange` holds back.
    pub(crate) fn set_behavior(&self, behavior: SinkBehavior) {
        self.change(|state| state.behavior = Some(behavior));
    }

    /// Waits until there are at least this many e-mails, and returns all of them.
    #[track_caller]
    pub(crate) fn mails(&self, count: usize) -> Vec<Received> {
        self.until(|state| state.mails.len() >= count);
        self.state.0.lock().unwrap().mails.clone()
    }

    /// Waits until there were at least this many connections.
    #[track_caller]
    pub(crate) fn called(&self, count: usize) {
        self.until(|state| state.callers >= count);
    }

    #[track_caller]
    fn until(&self, enough: impl Fn(&State) -> bool) {
        let (state, changed) = &*self.state;
        let guard = state.lock().unwrap();
        let (guard, waited) = changed.wait_timeout_while(guard, TIMEOUT, |state| !enough(state)).unwrap();
        assert!(!waited.timed_out(), "{} callers, {:#?}", guard.callers, guard.mails);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.0.lock().unwrap());
        self.state.1.notify_all();
    }

    /// Serves one connection until the client closes it.
    fn talk(&self, mut stream: TcpStream) {
        let behavior = self.state.0.lock().unwrap().behavior.unwrap();
        self.change(|state| state.callers += 1);
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let mut say = |line: &str| stream.write_all(format!("{line}\r\n").as_bytes()).is_ok();
        if behavior == SinkBehavior::NoGreeting {
            lines.for_each(drop);
            return;
        }
        let mut mail = Received { from: String::new(), to: Vec::new(), data: String::new() };
        say("220 sink.example ESMTP");
        while let Some(line) = lines.next() {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let path = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            let spoken = match verb.as_str() {
                "EHLO" | "HELO" => say("250-sink.example") && say("250 8BITMIME"),
                "MAIL" => {
                    mail.from = path();
                    say("250 OK")
                }
                "RCPT" => match behavior {
                    SinkBehavior::Reject(answer) => say(answer),
                    _ => {
                        mail.to.push(path());
                        say("250 OK")
                    }
                },
                "DATA" => {
                    say("354 go on");
                    let data: Vec<_> = lines.by_ref().take_while(|line| line != ".").collect();
                    mail.data = data.join("\n");
                    let taken = mail.clone();
                    self.change(|state| state.mails.push(taken));
                    if behavior == SinkBehavior::AcceptAfterChange {
                        self.until(|state| state.behavior != Some(SinkBehavior::AcceptAfterChange));
                    }
                    behavior == SinkBehavior::AcceptWithoutReply || say("250 taken")
                }
                "QUIT" => {
                    say("221 bye");
                    return;
                }
                "RSET" | "NOOP" => say("250 OK"),
                _ => say("502 what?"),
            };
            if !spoken {
                return;
            }
        }
    }
}

impl Received {
    /// The value of a header, unfolded.
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.data.split("\n\n").next().unwrap().replace("\n ", " ");
        let mut values = head.lines().filter_map(|line| line.split_once(": "));
        let found = values.find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    }

    /// The decoded body.
    pub(crate) fn text(&self) -> String {
        let (_, body) = self.data.split_once("\n\n").unwrap();
        match self.header("Content-Transfer-Encoding").as_str() {
            "quoted-printable" => unquoted(body),
            "base64" => {
                use base64::Engine;
                let body = body.replace('\n', "");
                let bytes = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
                String::from_utf8(bytes).unwrap()
            }
            _ => body.to_owned(),
        }
    }

    /// The first URL in the body.
    pub(crate) fn link(&self) -> String {
        let text = self.text();
        let link = text.split_whitespace().find(|word| word.starts_with("http"));
        link.unwrap_or_else(|| panic!("no link: {text}")).to_owned()
    }
}

/// Decodes quoted-printable (RFC 2045, 6.7).
fn unquoted(text: &str) -> String {
    let text = text.replace("=\n", "");
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'=', [high, low, tail @ ..]) => {
                let code = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&code).unwrap(), 16).unwrap());
                tail
            }
            (byte, tail) => {
                bytes.push(*byte);
                tail
            }
        };
    }
    String::from_utf8(bytes).unwrap()
}
