//! TODO auth

pub mod account;
pub mod authenticate;
pub mod login;
pub(crate) mod password_reset;
