//! TODO kernel::limits

pub mod client_ip;
pub mod login_throttle;
pub mod rate_limit;
pub mod token_bucket;
