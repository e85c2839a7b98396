//! Imports: a file is checked in a dry run, reviewed, and committed exactly as checked; or imported at once.

pub mod commit;
pub mod create;
pub mod read;
mod report;
mod request;
mod upload;
mod worker;
