//! Files in and out: the engines of imports and exports, for the API and for the command line.
//!
//! May use `domain` and `persistence`; knows no web framework.

pub mod export;
pub mod format;
pub mod import;
