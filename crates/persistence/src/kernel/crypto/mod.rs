//! TODO kernel::crypto

pub mod encryption;
pub mod keyring;
pub(crate) mod signed_token;
