//! How the server treats whoever calls it: what the operator may configure of that, and how long it waits.

use std::time::Duration;

use super::cors::Origins;
use super::rate_limit::RateLimiter;

/// The manners.
#[derive(Default)]
pub struct HttpConfig {
    /// How many requests somebody may make; `None` for as many as one likes.
    pub limit: Option<RateLimiter>,
    /// Whose pages may do more than to read what is public.
    pub origins: Origins,
    /// How long it waits.
    pub timeouts: Timeouts,
}

/// How long the server waits, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the head of the first request of a connection.
    pub request_head: Duration,
    /// For a body, and more of it the more has come.
    pub request_body: Duration,
    /// For the answer to begin, once the request is there. How long it then takes is up to the client.
    pub response: Duration,
    /// For the next request on a connection.
    pub keep_alive: Duration,
    /// For the client to take an answer that was given before its request was read.
    pub disconnect: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request_head: Duration::from_secs(10),
            request_body: Duration::from_secs(20),
            response: Duration::from_secs(30),
            keep_alive: Duration::from_secs(75),
            disconnect: Duration::from_secs(5),
        }
    }
}
