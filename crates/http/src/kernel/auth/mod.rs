//! Passwords and access tokens.
//!
//! May import the domain and the keys in persistence only.

pub mod password;
pub mod token;
