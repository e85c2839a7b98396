//! The parameters of a list of any resource.

use std::sync::Arc;

use sea_orm::sea_query::Condition;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::parameters::sort::Direction;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::search::Search;

use super::any::AnyTable;
use super::conditions::filter_to_sql;
use super::{SortColumn, Table};

/// The filter of a list of any resource.
type AnyFilter = Arc<dyn Fn(&Actor) -> Condition + Send + Sync>;

/// The parameters of a list of any resource: a [`Query`] without its type.
#[derive(Clone)]
pub struct AnyQuery {
    /// The table of the resource.
    pub(crate) table: &'static AnyTable,
    /// Converts the filter to SQL.
    pub(crate) filter: AnyFilter,
    /// The search terms.
    pub(crate) search: Option<Search>,
    /// The sort order; empty if a search sorts by relevance.
    pub(crate) sort: Vec<(SortColumn, Direction)>,
    /// The position in the list.
    pub cursor: Option<String>,
    /// The page size.
    pub limit: u64,
    /// Whether to return the total number of rows.
    pub count: bool,
    /// Whether to list deleted rows, and only these.
    pub(crate) deleted: bool,
    /// The selected and expanded members.
    pub view: Projection,
    /// Filter and sort order as one text.
    pub(crate) fingerprint: String,
}

impl AnyQuery {
    /// Makes the query of a type.
    pub fn new<T: Table>(query: Query<T>) -> Self {
        let Query { filter, search, sort, cursor, limit, count, deleted, view, fingerprint } = query;
        Self {
            table: T::TABLE,
            filter: Arc::new(move |actor| filter_to_sql::<T>(&filter, actor)),
            search,
            sort: sort.into_iter().map(|(key, direction)| (T::sort_column(key), direction)).collect(),
            cursor,
            limit,
            count,
            deleted,
            view,
            fingerprint,
        }
    }
}
