//! Full-text search in plain SQL, the same on both databases. `search_word` has every word once,
//! `search_part` the keys by which a word is found, and `search_hit` the resources in which it occurs.
//! Partial words and typos are matched against the words, of which there are few; the hits of the matching
//! words are then looked up exactly.
//!
//! May import `table` and everything below it.

mod index;
mod query;
mod rebuild;

pub(super) use self::index::write;
pub(super) use self::query::{FOUND, SCORE, join};
pub(super) use self::rebuild::build;

use sea_orm::DatabaseBackend;

/// A table function over a JSON array, so that the statement text does not depend on the number of values;
/// each row has the entry in the column `value`.
fn entries(backend: DatabaseBackend) -> &'static str {
    match backend {
        DatabaseBackend::Postgres => "jsonb_array_elements(CAST($1 AS jsonb))",
        _ => "json_each($1)",
    }
}
