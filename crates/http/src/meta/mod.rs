//! What the service says about itself: the entry point, health, the kinds of problems, public keys.

pub mod health;
pub mod index;
pub mod jwks;
pub mod problems;
pub mod security_txt;
