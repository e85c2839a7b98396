//! The total of a list.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, JoinType, Query, SelectStatement};
use vku_domain::kernel::access::actor::Actor;

use super::load::{Parents, visible, visible_itself};
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::conditions::scalar_subquery;

/// The column with the number of rows in the list.
pub(super) const TOTAL: &str = "total";

/// The rows of a list, selected in the way that suits the total.
pub(super) struct Counted {
    pub(super) rows: SelectStatement,
    /// The column of `rows` with the id of the resource.
    pub(super) id: Expr,
    /// The rows that `rows` has too many, because the actor does not see them: usually few, so that both are counted in
    /// less time than if each row was looked up. They have the id of the resource in the column of its table.
    pub(super) hidden: Option<SelectStatement>,
    /// Whether these are all resources that the actor sees.
    pub(super) is_whole: bool,
}

impl Counted {
    /// Selects a total of the rows: `count` makes it of rows and the column with the ids of their resources.
    pub(super) fn total(
        &self,
        table: &AnyTable,
        count: impl Fn(SelectStatement, Expr) -> SelectStatement,
    ) -> SelectStatement {
        let hidden = self.hidden.clone().map(|hidden| count(hidden, table.column("id")));
        difference(count(self.rows.clone(), self.id.clone()), hidden)
    }
}

/// Selects the rows that the actor does not see. What is unknown, because a column is null, is not visible.
pub(super) fn hidden_rows(table: &AnyTable, actor: &Actor) -> SelectStatement {
    let is_visible = Expr::case(visible(table, actor, Parents::Visible, false), 1).finally(0);
    Query::select().from(table.name()).and_where(Expr::val(0).eq(is_visible)).take()
}

/// Selects the rows of parents that the actor does not see; `None` if the resource has no parent.
pub(super) fn rows_of_hidden_parents(
    table: &AnyTable,
    actor: &Actor,
    deleted: bool,
) -> Option<SelectStatement> {
    let (column, parents) = table.parent_column().zip(table.parent)?;
    let hidden = hidden_rows(parents, actor)
        .join(JoinType::CrossJoin, table.name(), Condition::all())
        .and_where(table.column(column).eq(parents.column("id")))
        .cond_where(visible_itself(table, actor, deleted))
        .take();
    Some(hidden)
}

/// Selects the difference of two totals.
pub(super) fn difference(of_all: SelectStatement, of_hidden: Option<SelectStatement>) -> SelectStatement {
    let Some(of_hidden) = of_hidden else { return of_all };
    let shown = scalar_subquery(of_all).sub(scalar_subquery(of_hidden));
    Query::select().expr_as(shown, TOTAL).take()
}
