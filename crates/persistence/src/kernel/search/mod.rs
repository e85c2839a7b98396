//! Full text search in plain SQL, alike on both databases. `search_word` has every word once, `search_part` the keys it is looked up by,
//! `search_hit` where it stands. Parts of words and typos are looked up among the words, of which there are few; where
//! those stand is then looked up exactly.

mod build;
mod find;
mod write;

pub(super) use self::build::build;
pub(super) use self::find::{FOUND, SCORE, join};
pub(super) use self::write::{Reindexed, write};

use sea_orm::DatabaseBackend;

/// A table made of a JSON array, so that a statement reads the same however much it is given: its column `value` is an
/// entry.
fn entries(backend: DatabaseBackend) -> &'static str {
    match backend {
        DatabaseBackend::Postgres => "jsonb_array_elements(CAST($1 AS jsonb))",
        _ => "json_each($1)",
    }
}
