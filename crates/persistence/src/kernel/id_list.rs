//! Lists of ids in statements.

use uuid::Uuid;

/// The ids, with the last one repeated up to a power of two: there are a few statements to prepare, not one for each
/// number of ids.
pub(crate) fn padded_ids(ids: &[Uuid]) -> impl Iterator<Item = Uuid> {
    let more = ids.len().next_power_of_two() - ids.len();
    ids.iter().chain(ids.last().into_iter().cycle().take(more)).copied()
}
