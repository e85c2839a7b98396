//! Background work, in the same process as the server.

pub mod mail;
pub mod smtp;
pub mod webhook;
