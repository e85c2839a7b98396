//! The HTTP settings: the rate limit, CORS and the disk space of exports, which the operator configures, and the
//! timeouts.

use std::time::Duration;

use vku_transfer::export::spool::SpoolSpace;

use super::cors::Origins;
use super::limits::rate_limit::RateLimiter;

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
    /// The disk space for what the clients of exports have not received yet.
    pub spool: SpoolSpace,
}

/// How long the server waits for its clients, and how long they wait for it. None of this is configurable; tests set
/// shorter times.
///
/// This is the list of all timeouts. The others are constants where they are used:
///
/// - shutdown, for requests that are still running: `SHUTDOWN_SECONDS` in `http/src/lib.rs`;
/// - PostgreSQL: `ACQUIRE_TIMEOUT` and `statement_timeout` in `persistence/src/kernel/database/postgres.rs`,
///   `HEARTBEAT_TIMEOUT` of notifications in `pg_notify.rs` beside it;
/// - SQLite, beside them: `ACQUIRE_TIMEOUT` and `busy_timeout` in `sqlite.rs`, `BUSY_TIMEOUT` of checkpoints in `wal.rs`,
///   and the `busy_timeout` of a backup in `backup.rs`;
/// - connections of exports and locks that nobody uses: `EXPORT_IDLE` in `persistence/src/kernel/database/mod.rs`;
/// - exports: `SLOT_TIMEOUT` in `persistence/src/kernel/store/stream.rs`; for XLSX, `MAX_WAIT` in
///   `transfer/src/export/xlsx.rs`; the minimum speed of a download in `response/download.rs`;
/// - request bodies: their minimum speed in `middleware/body_deadline.rs`;
/// - logins: `IDLE_TIMEOUT` in `persistence/src/auth/login.rs`; access tokens: `LIFETIME` in `auth/token/mod.rs`;
/// - SMTP: `TIMEOUT` in `server/src/worker/smtp.rs`;
/// - health checks: `TIMEOUT` in `http/src/meta/health.rs`, and in `server/src/health.rs` for the command `health`.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the head of the first request of a connection.
    pub request_head: Duration,
    /// For a request body; extended in proportion to the bytes received.
    pub request_body: Duration,
    /// For the response to begin, once the request has arrived. How long it then takes is up to the client.
    pub response: Duration,
    /// For the next request on a connection.
    pub keep_alive: Duration,
    /// For the client to receive a response that was sent before its request was read to the end.
    pub disconnect: Duration,
    /// For the client of an export to receive something; extended in proportion to the bytes received.
    pub download: Duration,
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
        }
    }
}
