//! Ids of rows, and lists of them in statements.

use uuid::Uuid;

/// Returns the ids, padded as by [`padded`].
pub(crate) fn padded_ids(ids: &[Uuid]) -> impl Iterator<Item = Uuid> {
    padded(ids).copied()
}

/// Returns the values of a list in a statement, padded with the last one to a power of two, so that only a few different
/// statements are prepared.
pub(crate) fn padded<T>(values: &[T]) -> impl Iterator<Item = &T> {
    let padding = values.len().next_power_of_two() - values.len();
    values.iter().chain(values.last().into_iter().cycle().take(padding))
}

/// A new id: UUIDv7 (RFC 9562), so that ids sort by their time.
#[expect(clippy::disallowed_methods, reason = "the only place that creates ids")]
pub(crate) fn new_id() -> Uuid {
    Uuid::now_v7()
}
