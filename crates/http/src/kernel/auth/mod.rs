//! TODO kernel::auth

pub mod password;
pub mod token;
