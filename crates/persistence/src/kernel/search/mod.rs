//! Full text search in plain SQL, alike on both databases. `search_word` has every word once, `search_part` the keys it is looked up by,
//! `search_hit` where it stands. Parts of words and typos are looked up among the words, of which there are few; where
//! those stand is then looked up exactly.

mod index;
mod query;
mod rebuild;

pub(super) use self::index::write;
pub(super) use self::query::{FOUND, SCORE, join};
pub(super) use self::rebuild::build;

use sea_orm::DatabaseBackend;

/// A table made of a JSON array, so that a statement reads the same however much it is given: its column `value` is an
/// entry.
fn entries(backend: DatabaseBackend) -> &'static str {
    match backend {
        DatabaseBackend::Postgres => "jsonb_array_elements(CAST($1 AS jsonb))",
        _ => "json_each($1)",
    }
}
