//! The words of a resource before and after a write.

use uuid::Uuid;
use vku_domain::kernel::resource::{Resource, search_index};
use vku_domain::kernel::search::Index;

/// The words of a resource before and after a write.
pub(crate) struct Reindexed {
    pub(crate) resource: &'static str,
    pub(crate) id: Uuid,
    pub(crate) before: Index,
    pub(crate) after: Index,
}

impl Reindexed {
    /// Makes the entry of a written resource; `before` is `None` if it is not indexed yet.
    pub(crate) fn of<T: Resource>(id: Uuid, before: Option<&T>, after: &T) -> Self {
        let before = before.map(search_index).unwrap_or_default();
        Self { resource: T::NAME, id, before, after: search_index(after) }
    }

    /// Makes the entry of a resource that is removed.
    pub(crate) fn removed<T: Resource>(id: Uuid, before: &T) -> Self {
        Self { resource: T::NAME, id, before: search_index(before), after: Index::new() }
    }
}
