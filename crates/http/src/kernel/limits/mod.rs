//! Limits: the rate limit of requests, and the throttles of failed sign-ins and of e-mails.
//!
//! May import the domain only.

pub mod client_ip;
pub mod login_throttle;
pub mod mail_throttle;
pub mod rate_limit;
pub mod token_bucket;
