//! What is done beside the answering of requests, in the same process.

pub mod mail;
pub mod smtp;
