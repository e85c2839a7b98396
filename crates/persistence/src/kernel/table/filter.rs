//! The filters of lists whose resource is known only at run time.

use std::sync::Arc;

use sea_orm::sea_query::{Condition, SimpleExpr};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::resource::reference::Key;

use super::has_child_row::HasChildRow;

/// A filter in SQL.
pub(crate) struct FilterSql {
    /// The condition, without that of the child rows.
    pub(crate) condition: Condition,
    /// The child rows that a row must have.
    pub(crate) child_rows: Vec<HasChildRow>,
    /// Whether each row takes several lookups in other tables.
    pub(crate) is_expensive: bool,
    /// The columns of the resource that the condition asks for; `None` if it asks for more than that.
    pub(crate) columns: Option<Vec<&'static str>>,
}

impl FilterSql {
    /// The whole filter as one condition, with this one for each of the child rows.
    pub(crate) fn into_condition(self, child_row: fn(&HasChildRow) -> SimpleExpr) -> Condition {
        let child_rows = self.child_rows.iter().map(child_row);
        child_rows.fold(self.condition, Condition::add)
    }
}

/// The filter of a list of any resource.
pub(crate) type AnyFilter = Arc<dyn Fn(&Actor) -> FilterSql + Send + Sync>;

/// The parents whose sub-resources are listed, if those of all parents are; by default, all that the actor sees.
#[derive(Clone, Default)]
pub(crate) struct ParentFilter {
    /// The ids or slugs, if only some parents are wanted.
    pub(crate) keys: Vec<Key>,
    /// The filter of the list of the parents, if any parameter of it is given.
    pub(crate) filter: Option<AnyFilter>,
}

impl ParentFilter {
    /// Whether it is for all parents that the actor sees.
    pub(crate) fn is_default(&self) -> bool {
        self.keys.is_empty() && self.filter.is_none()
    }
}
