//! Cryptography: the secret of `VKU_SECRET_FILE`, encryption with it, the keys that all instances share, and
//! signed tokens.
//!
//! May import `database`, in which the keys are stored.

pub mod encryption;
pub mod keyring;
pub(crate) mod signed_token;
