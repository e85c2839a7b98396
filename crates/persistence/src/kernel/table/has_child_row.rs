//! Filters by child rows, which are found in two ways.

use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Query, SelectStatement, SimpleExpr};

/// A filter for the resources with a child row that matches a condition.
#[derive(Clone)]
pub struct HasChildRow {
    /// The resource.
    pub(crate) owner: &'static str,
    /// `set`, `party` or `country`.
    pub(crate) kind: &'static str,
    /// The condition, with columns of the child table.
    pub(crate) condition: Condition,
    /// The columns of the resource that the child rows repeat; if there are any, also `version` and `deleted_at`.
    pub(crate) repeated: &'static [&'static str],
    /// Whether at most one child row of each resource matches.
    pub(crate) is_unique: bool,
}

impl HasChildRow {
    fn child_rows(&self) -> SelectStatement {
        let table = Alias::new(format!("{}_{}", self.owner, self.kind));
        Query::select().from(table).cond_where(self.condition.clone()).take()
    }

    /// Looks for a child row of each row, in the order of the list until the page is full: fast if many rows match,
    /// regardless of the size of the table.
    pub(crate) fn of_each(&self) -> SimpleExpr {
        let owner_id = Expr::col((Alias::new(self.owner), Alias::new("id")));
        let of_this = Expr::col("owner_id").eq(owner_id);
        Expr::exists(self.child_rows().expr(Expr::val(1)).and_where(of_this).take())
    }

    /// Selects the ids of all rows first: fast if few rows match, or if all have to be counted.
    pub(crate) fn of_all(&self) -> SimpleExpr {
        let owners = self.child_rows().column("owner_id").take();
        Expr::col((Alias::new(self.owner), Alias::new("id"))).in_subquery(owners)
    }

    /// Selects the id and the repeated columns of the resources: in place of their table, if no other column is needed.
    pub(crate) fn as_owners(&self) -> SelectStatement {
        let mut owners =
            self.child_rows().expr_as(Expr::col("owner_id"), "id").columns(["version", "deleted_at"]).take();
        owners.columns(self.repeated.iter().copied());
        if !self.is_unique {
            owners.distinct();
        }
        owners
    }

    /// The same for resources that are not deleted.
    pub(crate) fn of_living(mut self) -> Self {
        if !self.repeated.is_empty() {
            self.condition = self.condition.add(Expr::col("deleted_at").is_null());
        }
        self
    }

    /// Counts the matching child rows up to a limit.
    pub(crate) fn count_up_to(&self, limit: u64) -> SelectStatement {
        count_up_to(self.child_rows().column("owner_id").take(), limit)
    }
}

/// Counts the rows of a statement up to a limit.
pub(crate) fn count_up_to(mut rows: SelectStatement, limit: u64) -> SelectStatement {
    rows.limit(limit);
    Query::select().expr(Expr::cust("count(*)")).from_subquery(rows, "some").take()
}
