//! How responses are made: conditional requests, the response cache, downloads, idempotency keys.
//!
//! May import `request`, `cache` and what these import.

pub mod cached;
pub mod conditional;
pub mod download;
pub(crate) mod export_tag;
pub mod idempotency;
pub mod static_document;
