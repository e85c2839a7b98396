//! TODO kernel::response

pub mod cached;
pub mod conditional;
pub mod download;
pub mod idempotency;
