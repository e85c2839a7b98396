//! Sending e-mails over SMTP.

use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentDisposition, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use url::{Host, Url};
use vku_persistence::mail::delivery::Claimed;

/// The time that a mail server may take for one e-mail.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The replies that mean that another attempt will fail, too, because of the recipient or the e-mail (RFC 5321,
/// section 4.2.3). All other errors, above all a wrong password, may be temporary.
const PERMANENT_FAILURES: [u16; 4] = [550, 551, 552, 553];

/// A mail server, and the sender.
#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why an e-mail was not sent, in a few words without personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another attempt may succeed.
    Later(String),
    /// No attempt can succeed.
    Never(String),
}

/// The header `Auto-Submitted` (RFC 3834), so that automatic responders do not reply.
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
    /// Configures the mail server by a URL: `smtps://user:password@host` (TLS),
    /// `smtp://user:password@host?tls=required` (STARTTLS), `smtp://host:25` (no TLS, and so no password, except on
    /// this machine).
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
        let is_local = match parsed.host().ok_or_else(wrong)? {
            // The library parses the host of an unknown scheme as a name, even if it is an address.
            Host::Domain(name) => {
                name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        if !encrypted && !is_local && (parsed.password().is_some() || !parsed.username().is_empty()) {
            return Err("a password requires TLS: use smtps://… or …?tls=required".into());
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| wrong())?;
        let from = from.parse().map_err(|_| {
            "the sender must be an address, or a name and an address: `Office <office@example.org>`"
                .to_owned()
        })?;
        Ok(Self { transport: transport.timeout(Some(TIMEOUT)).build(), from })
    }

    /// Sends an e-mail.
    ///
    /// Errors: why the mail server did not accept it.
    pub async fn send(&self, mail: &Claimed) -> Result<(), Refusal> {
        let message = self.message(mail).map_err(|_| Refusal::Never("not a mail".into()))?;
        match tokio::time::timeout(TIMEOUT, self.transport.send(message)).await {
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
            // The same for every attempt, so that a duplicate can be recognised.
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

/// The part of an error that is stored. The text of the mail server is not, because it often contains the e-mail
/// address.
fn refusal(error: &SmtpError) -> Refusal {
    match error.status().map(u16::from) {
        Some(code) if PERMANENT_FAILURES.contains(&code) => Refusal::Never(format!("refused ({code})")),
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
    fn a_url_with_a_password_requires_tls_and_errors_do_not_quote_it() {
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
