//! Full-text search in plain SQL, the same on both databases. `search_word` has every word once,
//! `search_part` the keys by which a word is found, and `search_hit` the resources in which it occurs.
//! Partial words and typos are matched against the words, of which there are few; the hits of the matching
//! words are then looked up exactly.
//!
//! May import `table` and everything below it.

mod index;
pub(crate) mod names;
mod query;
mod rebuild;

pub(super) use self::index::{begin, write};
pub(crate) use self::query::matching;
pub(super) use self::query::{FOUND, SCORE, join, join_matching};
pub(super) use self::rebuild::build;

use super::database::json_rows::entries;
