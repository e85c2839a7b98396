//! The HTTP settings: the rate limit, CORS, the disk space of exports and the targets of webhooks, which the operator configures, and the
//! timeouts.

use std::time::Duration;

use vku_transfer::export::spool::SpoolSpace;

use super::cors::Origins;
use super::limits::rate_limit::RateLimiter;
use super::outbound::TargetPolicy;

/// The path prefix of the API.
pub const BASE: &str = "/api/v1";

/// The HTTP settings.
#[derive(Default)]
pub struct HttpConfig {
    /// The rate limit; `None` if requests are not limited.
    pub limit: Option<RateLimiter>,
    /// The origins whose pages may do more than read public data.
    pub origins: Origins,
    /// The timeouts.
    pub timeouts: Timeouts,
    /// How many streams of changes may be open.
    pub streams: StreamLimits,
    /// The disk space for what the clients of exports have not received yet.
    pub spool: SpoolSpace,
    /// Where webhooks may be sent to.
    pub webhook_targets: TargetPolicy,
}

/// How many streams of changes may be open at the same time.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// Of an account, an API key, or, without either, an address.
    pub per_caller: usize,
    /// Of all callers of an instance.
    pub in_all: usize,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { per_caller: 20, in_all: 1_000 }
    }
}

/// How long the server waits for its clients, and how long they wait for it. None of this is configurable; tests set
/// shorter times.
///
/// Other times that limit a request, or what is stored, are constants where they are used. Paths begin in `crates/`. How
/// long something may take:
///
/// - running requests after a shutdown was requested: `SHUTDOWN_SECONDS` in `http/src/lib.rs`; `stop_grace_period` in
///   `docker-compose.yml` has to be longer
/// - a request body, a download: `MIN_BYTES_PER_SECOND` in `http/src/kernel/middleware/body_deadline.rs` and
///   `http/src/kernel/response/download.rs` extends [`request_body`](Self::request_body) and
///   [`download`](Self::download)
/// - waiting for a connection: `ACQUIRE_TIMEOUT` in `persistence/src/kernel/database/postgres.rs` and `sqlite.rs`; 50 ms
///   by that in `file_watch.rs`, to see whether other processes have written; for the turn to write, nothing but
///   [`response`](Self::response)
/// - a statement: `statement_timeout` in `persistence/src/kernel/database/postgres.rs`; migrations, filling in the demo
///   data, rebuilding the search index and publishing an import set it to 0 for themselves
/// - waiting for a lock of SQLite: `busy_timeout` in `persistence/src/kernel/database/sqlite.rs` and `backup.rs`,
///   `BUSY_TIMEOUT` of checkpoints in `wal.rs`
/// - notifications of PostgreSQL: `HEARTBEAT_TIMEOUT` and `NOTICE_TIMEOUT` in
///   `persistence/src/kernel/database/pg_listener.rs`
/// - idle connections of exports and locks: `EXPORT_IDLE` in `persistence/src/kernel/database/mod.rs`
/// - waiting for other exports: `SLOT_TIMEOUT` in `persistence/src/kernel/store/stream.rs`, and for XLSX `MAX_WAIT` in
///   `transfer/src/export/xlsx.rs`
/// - the mail server: `TIMEOUT` in `server/src/worker/smtp.rs`
/// - a receiver of webhooks: `CONNECT_TIMEOUT` and `TIMEOUT` in `server/src/worker/webhook/client.rs`, and
///   `RESOLVE_TIMEOUT` in `http/src/kernel/outbound.rs`
/// - a health check: `TIMEOUT` in `http/src/meta/health.rs`; that of the command `health` in `server/src/health.rs`
///
/// How long something is valid or stored:
///
/// - logins and refresh tokens: `IDLE_TIMEOUT`, `LIFETIME`, `GRACE_PERIOD` and `RETENTION` in
///   `persistence/src/auth/login.rs`
/// - access tokens: `LIFETIME` in `http/src/kernel/auth/token/mod.rs`; their keys: `key_rotation.rs` beside it
/// - links to reset a password: `LIFETIME` in `persistence/src/auth/password_reset.rs`
/// - links to confirm an interest: `LIFETIME` and `RETENTION` in `persistence/src/interest/pending.rs`
/// - e-mails: `MAX_AGE`, `RETENTION` and the retries in `persistence/src/mail/delivery.rs`
/// - deliveries to webhooks: `PAUSES` and `PATIENCE` in `persistence/src/webhook/attempt.rs`, `RETENTION` in `log.rs`
///   beside it, and `OVERLAP` of secrets in `secret.rs`
/// - responses by `Idempotency-Key`: `RETENTION` in `persistence/src/kernel/store/idempotency/mod.rs`
/// - tickets for the stream of changes: `LIFETIME` in `persistence/src/feed/tickets.rs`
/// - files of imports: `RETENTION` in `persistence/src/import/retention.rs`
/// - failed attempts to sign in: `http/src/kernel/limits/login_throttle.rs`
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the head of the first request of a connection. Enforced by actix-web, which gets it in [`crate::server`].
    pub request_head: Duration,
    /// For a request body, from when it is first read; extended in proportion to the bytes received. Enforced by
    /// `BodyDeadline`, which `handle` in `http/src/kernel/middleware/mod.rs` sets; 408.
    pub request_body: Duration,
    /// For the response to begin, once the request has arrived. How long it then takes is up to the client. Enforced by
    /// `with_timeout` around the handler, in `http/src/kernel/middleware/mod.rs`; 503. It is not enforced for imports
    /// (`IMPORTS` there), and neither for what precedes the handler: authentication and the lookup in the cache
    /// (`cached::try_serve`).
    pub response: Duration,
    /// For the next request on a connection. Enforced by actix-web, which gets it in [`crate::server`].
    pub keep_alive: Duration,
    /// For the client to receive a response that was sent before its request was read to the end. Enforced by actix-web,
    /// which gets it in [`crate::server`].
    pub disconnect: Duration,
    /// For the client of an export to receive something; extended in proportion to the bytes received. Enforced by
    /// `TransferRate` in `http/src/kernel/response/download.rs`, which aborts the response.
    pub download: Duration,
    /// Between two comments in a stream of changes, by which proxies and clients see that it is alive; also how often its
    /// credentials are checked although nothing has changed them. Used by `Connection` in
    /// `http/src/feed/connection.rs`.
    pub heartbeat: Duration,
    /// For the client of a stream of changes to receive what was sent before. Enforced by `Connection` there, which ends
    /// the stream; the client resumes it.
    pub event: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request_head: Duration::from_secs(10),
            request_body: Duration::from_secs(20),
            response: Duration::from_secs(30),
            keep_alive: Duration::from_secs(75),
            disconnect: Duration::from_secs(5),
            download: Duration::from_secs(60),
            heartbeat: Duration::from_secs(15),
            event: Duration::from_secs(30),
        }
    }
}
