//! Hooks: what a write of a resource reads or changes beyond its own row.

use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;

use super::Table;
use crate::kernel::transaction::Writer;

/// The hooks of a resource. A resource without hooks has `type Hooks = ()`, and one with hooks
/// `type Hooks = Self`: whether there are any follows from that.
pub trait WriteHooks<T: Table> {
    /// Whether there are hooks; only `()` has none.
    const HAS_HOOKS: bool = true;

    /// Runs before a write; may refuse or complete it. `parent` is the id of the locked parent; `before` is
    /// `None` for a new resource. Does not run before a deletion.
    fn before_write(
        _writer: &Writer<'_>,
        _parent: Option<Uuid>,
        _before: Option<&Stored<T>>,
        _after: &mut T,
    ) -> impl Future<Output = Result<(), Error>> {
        async { Ok(()) }
    }

    /// Runs after a write, in the same transaction. For a deleted resource, `after` has a `deleted_at`.
    fn after_write(
        _writer: &mut Writer<'_>,
        _before: Option<&Stored<T>>,
        _after: &Stored<T>,
    ) -> impl Future<Output = Result<(), Error>> {
        async { Ok(()) }
    }
}

impl<T: Table> WriteHooks<T> for () {
    const HAS_HOOKS: bool = false;
}
