//! Filters by child rows, which are found in two ways.

use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, JoinType, Query, SelectStatement, SimpleExpr};

/// A filter for the resources with a child row that matches a condition.
#[derive(Clone)]
pub struct HasChildRow {
    /// The resource.
    pub(crate) owner: &'static str,
    /// `set`, `party` or `country`.
    pub(crate) kind: &'static str,
    /// The condition, with columns of the child table; see [`child_column`].
    pub(crate) condition: Condition,
    /// The columns of the resource that the child rows repeat; if there are any, also `version` and `deleted_at`.
    pub(crate) repeated: &'static [&'static str],
    /// Whether at most one child row of each resource matches.
    pub(crate) is_unique: bool,
}

impl HasChildRow {
    fn table(&self) -> Alias {
        Alias::new(format!("{}_{}", self.owner, self.kind))
    }

    /// Selects the child rows.
    pub(crate) fn child_rows(&self) -> SelectStatement {
        Query::select().from(self.table()).cond_where(self.condition.clone()).take()
    }

    /// The column of the child rows with the id of their resource.
    pub(crate) fn owner_id(&self) -> Expr {
        child_column(self.owner, self.kind, "owner_id")
    }

    /// Joins the child rows of resources that a statement selects.
    pub(crate) fn of_owners(&self, mut owners: SelectStatement) -> SelectStatement {
        let id = Expr::col((Alias::new(self.owner), Alias::new("id")));
        owners
            .join(JoinType::CrossJoin, self.table(), Condition::all())
            .and_where(self.owner_id().eq(id))
            .cond_where(self.condition.clone())
            .take()
    }

    /// Looks for a child row of each row, in the order of the list until the page is full: fast if many rows match,
    /// regardless of the size of the table.
    pub(crate) fn of_each(&self) -> SimpleExpr {
        let owner_id = Expr::col((Alias::new(self.owner), Alias::new("id")));
        Expr::exists(self.child_rows().expr(Expr::val(1)).and_where(self.owner_id().eq(owner_id)).take())
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
            self.condition = self.condition.add(child_column(self.owner, self.kind, "deleted_at").is_null());
        }
        self
    }

    /// Counts the matching child rows up to a limit.
    pub(crate) fn count_up_to(&self, limit: u64) -> SelectStatement {
        count_up_to(self.child_rows().column("owner_id").take(), limit)
    }
}

/// A column of a child table, with the name of the table: other tables of a statement may have such a column, too.
pub(crate) fn child_column(owner: &str, kind: &str, name: &'static str) -> Expr {
    Expr::col((Alias::new(format!("{owner}_{kind}")), Alias::new(name)))
}

/// Counts the rows of a statement up to a limit.
pub(crate) fn count_up_to(mut rows: SelectStatement, limit: u64) -> SelectStatement {
    rows.limit(limit);
    Query::select().expr(Expr::cust("count(*)")).from_subquery(rows, "some").take()
}
