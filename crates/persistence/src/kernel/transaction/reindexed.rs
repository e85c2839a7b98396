//! The words of a resource before and after a write.

use uuid::Uuid;
use vku_domain::kernel::resource::any::AnyResource;
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
    pub(crate) fn of(id: Uuid, before: Option<&dyn AnyResource>, after: &dyn AnyResource) -> Self {
        let before = before.map(|before| before.search_index()).unwrap_or_default();
        Self { resource: after.info().name, id, before, after: after.search_index() }
    }

    /// Makes the entry of a resource that is removed.
    pub(crate) fn removed(id: Uuid, before: &dyn AnyResource) -> Self {
        Self { resource: before.info().name, id, before: before.search_index(), after: Index::new() }
    }
}
