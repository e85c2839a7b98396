//! The way to the mail server.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentDisposition, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use url::{Host, Url};
use vku_persistence::mail::delivery::Claimed;

/// How long a mail server may take over one mail.
const PATIENCE: Duration = Duration::from_secs(60);
/// What says of a recipient or of a mail that no other attempt will do (RFC 5321, section 4.2.3). Anything else, a wrong
/// password above all, may be mended.
const NEVER: [u16; 4] = [550, 551, 552, 553];

/// A mail server, and in whose name it is asked to send.
#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why a mail was not sent: a word or two, with nothing of the person in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is worth another attempt.
    Later(String),
    /// No attempt will do.
    Never(String),
}

/// It was written by a machine, so that no machine answers it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Smtp {
    /// The mail server of a URL: `smtps://user:password@host` (TLS), `smtp://user:password@host?tls=required`
    /// (STARTTLS), `smtp://host:25` (no TLS, and so no password, except on this machine).
    ///
    /// Errors: one sentence, without the password.
    pub fn new(url: &str, from: &str) -> Result<Self, String> {
        let wrong = || {
            "expected smtps://user:password@host, smtp://user:password@host?tls=required or smtp://host:25"
                .to_owned()
        };
        let parsed = Url::parse(url).map_err(|_| wrong())?;
        let encrypted = match (parsed.scheme(), parsed.query()) {
            ("smtps", None) | ("smtp", Some("tls=required")) => true,
            ("smtp", None) => false,
            _ => return Err(wrong()),
        };
        let here = match parsed.host().ok_or_else(wrong)? {
            // Of a scheme that it does not know, the library leaves addresses as names.
            Host::Domain(name) => {
                name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        if !encrypted && !here && (parsed.password().is_some() || !parsed.username().is_empty()) {
            return Err("a password requires TLS: use smtps://… or …?tls=required".into());
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| wrong())?;
        let from = from.parse().map_err(|_| {
            "the sender must be an address, or a name and an address: `Office <office@example.org>`"
                .to_owned()
        })?;
        Ok(Self { transport: transport.timeout(Some(PATIENCE)).build(), from })
    }

    /// Gives the mail to the mail server.
    ///
    /// Errors: why it did not take it.
    pub async fn send(&self, mail: &Claimed) -> Result<(), Refusal> {
        let message = self.message(mail).map_err(|_| Refusal::Never("not a mail".into()))?;
        match tokio::time::timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refusal(&error)),
            Err(_) => Err(Refusal::Later("no response in time".into())),
        }
    }

    fn message(&self, mail: &Claimed) -> Result<Message, Box<dyn std::error::Error>> {
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, mail.to.as_str().parse()?))
            .subject(mail.subject.as_str())
            .date(SystemTime::from(mail.created_at))
            // The same at every attempt: who gets it twice can tell.
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .header(AutoSubmitted);
        let Some(calendar) = &mail.calendar else {
            return Ok(message.header(ContentType::TEXT_PLAIN).body(mail.text.clone())?);
        };
        let attached = SinglePart::builder()
            .header(ContentType::parse("text/calendar; charset=utf-8; method=PUBLISH")?)
            .header(ContentDisposition::attachment("session.ics"))
            .body(calendar.clone());
        let parts = MultiPart::mixed().singlepart(SinglePart::plain(mail.text.clone())).singlepart(attached);
        Ok(message.multipart(parts)?)
    }
}

/// What is kept of an error. What a mail server says is not: it tends to name the address.
fn refusal(error: &SmtpError) -> Refusal {
    match error.status().map(u16::from) {
        Some(code) if NEVER.contains(&code) => Refusal::Never(format!("refused ({code})")),
        Some(code) => Refusal::Later(format!("not accepted ({code})")),
        None if error.is_tls() => Refusal::Later("TLS failed".into()),
        None if error.is_timeout() => Refusal::Later("no response in time".into()),
        None if error.is_response() => Refusal::Later("response not understood".into()),
        None => Refusal::Later("no connection".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::Smtp;

    #[test]
    fn a_url_says_how_safe_the_way_is() {
        const FROM: &str = "Office <office@example.org>";
        for right in [
            "smtps://user:pass%40word@mail.example.org",
            "smtp://user:password@mail.example.org:587?tls=required",
            "smtp://mail.example.org:25",
            "smtp://user:password@127.0.0.1:1025",
            "smtp://localhost",
        ] {
            assert_eq!(Smtp::new(right, FROM).err(), None, "{right}");
        }
        for wrong in [
            "mail.example.org",
            "https://mail.example.org",
            "smtp://",
            "smtp://user:hunter2@mail.example.org",
            "smtp://user:hunter2@mail.example.org?tls=opportunistic",
            "smtp://user:hunter2@mail.example.org?tls=none",
        ] {
            let sentence = Smtp::new(wrong, FROM).err().unwrap();
            assert!(!sentence.contains("hunter2"), "{sentence}");
        }
        for wrong in ["", "office", "Office <office>", "a@b.example\r\nBcc: c@d.example"] {
            assert!(Smtp::new("smtp://localhost", wrong).is_err(), "{wrong}");
        }
    }
}
