//! Accounts and their credentials: passwords and their reset, logins, and the authentication of requests.
//!
//! May import the kernel and `api_key`. Within the folder, `login` and `password_reset` may import `account`, and
//! `login` also `refresh_token_reuse`.

pub mod account;
pub mod authenticate;
pub mod login;
pub(crate) mod password_reset;
mod refresh_token_reuse;
