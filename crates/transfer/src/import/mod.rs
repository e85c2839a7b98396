//! Files in: CSV, XLSX, NDJSON and JSON are read on a thread of their own, and written row by row.

pub mod charset;
mod csv;
mod deferred;
mod encoding;
mod engine;
mod format;
mod json;
mod lines;
mod mojibake;
mod reader;
mod row;
mod survey;
mod table;
mod xlsx;

pub use charset::Charset;
pub use engine::{Plan, ProgressFn, run};
pub use format::ImportFormat;
