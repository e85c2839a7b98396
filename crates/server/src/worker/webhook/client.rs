//! The HTTP client for webhooks: one request on a connection of its own, to an address that was checked. There are no
//! redirects and no proxies, and both time and answer are bounded.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Host;
use vku_domain::webhook::{DeliveryFailure, Target, WebhookUrl};
use vku_http::kernel::outbound::{TargetFault, TargetPolicy};
use vku_persistence::webhook::attempt::Attempt;

/// How long it may take to connect, to all addresses together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an attempt may take in all.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How much of an answer is read, in bytes.
const MAX_READ: usize = 64 * 1_024;
/// How much of an answer is kept, in bytes.
const MAX_KEPT: usize = 1_024;
const AGENT: &str = concat!("vku-partnerships/", env!("CARGO_PKG_VERSION"));

/// Sends events to receivers.
pub struct Client {
    targets: TargetPolicy,
    timeout: Duration,
    tls: OnceLock<TlsConnector>,
}

/// A request to a receiver.
pub(super) struct Message<'a> {
    pub(super) id: &'a str,
    /// Seconds since 1970.
    pub(super) timestamp: i64,
    pub(super) signature: &'a str,
    pub(super) body: String,
}

/// An answer: its status, and the beginning of its body.
type Answer = (u16, Option<String>);

impl Client {
    /// Makes a client that sends to these targets.
    pub fn new(targets: TargetPolicy) -> Self {
        Self { targets, timeout: TIMEOUT, tls: OnceLock::new() }
    }

    /// The same with another time limit for an attempt, for tests.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sends an event.
    pub(super) async fn send(&self, url: &WebhookUrl, message: Message<'_>) -> Attempt {
        let begun = Instant::now();
        let answer = timeout(self.timeout, self.exchange(url, message)).await;
        let duration = begun.elapsed();
        match answer.unwrap_or(Err(DeliveryFailure::TimedOut)) {
            Ok((status, response)) => {
                let failure = match status {
                    200..=299 => None,
                    300..=399 => Some(DeliveryFailure::Redirect),
                    _ => Some(DeliveryFailure::Status),
                };
                Attempt { duration, status: Some(status), failure, response }
            }
            Err(failure) => Attempt { duration, status: None, failure: Some(failure), response: None },
        }
    }

    async fn exchange(&self, url: &WebhookUrl, message: Message<'_>) -> Result<Answer, DeliveryFailure> {
        let target = url.target().ok_or(DeliveryFailure::ForbiddenTarget)?;
        let addresses = self.targets.addresses(&target).await.map_err(|fault| match fault {
            TargetFault::Unresolvable => DeliveryFailure::Unresolvable,
            TargetFault::NotHttps | TargetFault::ForbiddenAddress => DeliveryFailure::ForbiddenTarget,
        })?;
        let connection = timeout(CONNECT_TIMEOUT, connect(&addresses)).await;
        let connection = connection.map_err(|_| DeliveryFailure::TimedOut)??;
        let request = Request::post(&target.path)
            .header(HOST, &target.authority)
            .header(USER_AGENT, AGENT)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp)
            .header("webhook-signature", message.signature)
            .body(Full::new(Bytes::from(message.body)))
            .map_err(|_| DeliveryFailure::ForbiddenTarget)?;
        if !target.is_https {
            return ask(connection, request).await;
        }
        let name = server_name(&target).ok_or(DeliveryFailure::TlsFailed)?;
        let connection = self.tls().connect(name, connection).await;
        ask(connection.map_err(|_| DeliveryFailure::TlsFailed)?, request).await
    }

    /// The certificates are loaded when the first event is sent.
    fn tls(&self) -> &TlsConnector {
        self.tls.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            // Without any certificate each handshake fails, which the log of deliveries shows.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
            let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&versions);
            let config = match config {
                Ok(config) => config.with_root_certificates(roots).with_no_client_auth(),
                Err(error) => unreachable!("ring has TLS 1.2 and 1.3: {error}"),
            };
            TlsConnector::from(Arc::new(config))
        })
    }
}

/// Connects to the first address that accepts.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, DeliveryFailure> {
    for address in addresses {
        if let Ok(connection) = TcpStream::connect(address).await {
            return Ok(connection);
        }
    }
    Err(DeliveryFailure::ConnectionFailed)
}

fn server_name(target: &Target) -> Option<ServerName<'static>> {
    match &target.host {
        Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned()).ok(),
        Host::Ipv4(address) => Some(ServerName::IpAddress((*address).into())),
        Host::Ipv6(address) => Some(ServerName::IpAddress((*address).into())),
    }
}

async fn ask(
    connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Answer, DeliveryFailure> {
    let failed = |_| DeliveryFailure::InvalidResponse;
    let (mut sender, connection) = http1::handshake(TokioIo::new(connection)).await.map_err(failed)?;
    // Ends with this function, whatever the receiver does.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = sender.send_request(request).await.map_err(failed)?;
    let status = response.status().as_u16();
    Ok((status, beginning(response).await?))
}

/// Reads an answer, as far as it is read, and returns the beginning.
async fn beginning(response: Response<Incoming>) -> Result<Option<String>, DeliveryFailure> {
    let (mut body, mut read, mut kept) = (response.into_body(), 0, Vec::new());
    while read < MAX_READ
        && let Some(frame) = body.frame().await
    {
        let frame = frame.map_err(|_| DeliveryFailure::InvalidResponse)?;
        let Ok(data) = frame.into_data() else { continue };
        read += data.len();
        kept.extend(data.iter().take(MAX_KEPT - kept.len()));
    }
    Ok(printed(&kept))
}

/// The text without control characters, which PostgreSQL does not store.
fn printed(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    // The last character may be cut.
    let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
    let shown = |letter: &char| !letter.is_control() || matches!(letter, '\n' | '\t');
    let text: String = text.chars().filter(shown).collect();
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_as_text() {
        assert_eq!(printed(b""), None);
        assert_eq!(printed(b" \r\n"), None);
        assert_eq!(printed(b"a\0b\x1b[0m\n").as_deref(), Some("ab[0m\n"));
        assert_eq!(printed(&"ü".as_bytes()[..1]), None);
        assert_eq!(printed(&"aü".as_bytes()[..2]).as_deref(), Some("a"));
    }
}
