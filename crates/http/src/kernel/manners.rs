//! How the server treats whoever calls it: what the operator may configure of that, and how long it waits.

use std::time::Duration;

use super::cors::Origins;
use super::limit::Limit;

/// The manners.
#[derive(Default)]
pub struct Manners {
    /// How many requests somebody may make; `None` for as many as one likes.
    pub limit: Option<Limit>,
    /// Whose pages may do more than to read what is public.
    pub origins: Origins,
    /// How long it waits.
    pub patience: Patience,
}

/// How long the server waits, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the head of the first request of a connection.
    pub head: Duration,
    /// For a body, and more of it the more has come.
    pub body: Duration,
    /// For the answer to begin, once the request is there. How long it then takes is up to the client.
    pub answer: Duration,
    /// For the next request on a connection.
    pub idle: Duration,
    /// For the client to take an answer that was given before its request was read.
    pub linger: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(20),
            answer: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            linger: Duration::from_secs(5),
        }
    }
}
