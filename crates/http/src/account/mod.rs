//! Signing in and out, the caller's own account, and API keys.

pub mod api_key;
pub mod auth;
pub mod login;
pub mod me;
pub mod password_reset;
