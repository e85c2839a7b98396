//! Filters as SQL conditions.

use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, LikeExpr, Query, SelectStatement, SimpleExpr};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::list_filter::{Comparison, Criterion, ListFilter};
use vku_domain::kernel::resource::reference::Key;

use super::any::{AnyTable, FilterSql};
use super::{Table, column};
use crate::tables;

/// Converts a filter to SQL; a value that the actor does not see matches nothing.
pub(crate) fn filter_to_sql<T: Table>(filter: &T::Filter, actor: &Actor) -> FilterSql {
    criteria_to_sql(T::TABLE, filter.criteria(), T::special_filter_to_sql(filter, actor), actor)
}

fn criteria_to_sql(
    table: &AnyTable,
    criteria: Vec<Criterion>,
    special: Condition,
    actor: &Actor,
) -> FilterSql {
    let in_set = |criterion: &&Criterion| matches!(criterion.comparison, Comparison::InSet(_));
    let lookups = criteria.iter().filter(in_set).count() + special.len();
    let ordinary = criteria
        .into_iter()
        .fold(Condition::all(), |all, criterion| all.add(comparison_to_sql(table, criterion, actor)));
    let condition = ordinary.add_option((!special.is_empty()).then_some(special));
    FilterSql { condition, is_expensive: lookups > 1 }
}

/// Converts the criterion of an ordinary filter to SQL.
fn comparison_to_sql(
    table: &AnyTable,
    Criterion { column: name, comparison }: Criterion,
    actor: &Actor,
) -> Condition {
    let column = || table.column(name);
    let met = match comparison {
        Comparison::OneOf { words, or_absent } => {
            let absent = or_absent.then(|| column().is_null());
            return Condition::any().add(column().is_in(words)).add_option(absent);
        }
        Comparison::InSet(words) => {
            let of_set = Condition::all().add(Expr::col("field").eq(name));
            child_row_exists(table.name(), "set", of_set.add(Expr::col("value").is_in(words)))
        }
        Comparison::Is(value) => column().eq(value),
        Comparison::Contains(part) => {
            let escaped = part.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
            column().like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
        }
        Comparison::From(day) => column().gte(day.to_string()),
        Comparison::To(day) => column().lte(day.to_string()).and(column().ne("")),
        Comparison::Since(since) => column().gte(since),
        Comparison::Reference(keys) => {
            let target = table.foreign_keys.iter().find(|(key, _)| *key == name);
            let target = target.and_then(|(_, target)| tables().iter().find(|it| it.name() == *target));
            // A filter on a column that is no foreign key finds nothing, which the tests refuse.
            target.map_or(Expr::val(false), |target| column().in_subquery(ids_of_keys(target, &keys, actor)))
        }
    };
    Condition::all().add(met)
}

/// A column of the row that a foreign key of a table refers to.
pub(crate) fn column_of(
    of: &AnyTable,
    key: &'static str,
    table: &'static str,
    name: &'static str,
) -> SimpleExpr {
    let target = Query::select()
        .expr(Expr::col((Alias::new(table), Alias::new(name))))
        .from(table)
        .and_where(Expr::col((Alias::new(table), Alias::new("id"))).eq(of.column(key)))
        .take();
    scalar_subquery(target)
}

/// The value of a statement that selects one column of one row.
pub(crate) fn scalar_subquery(select: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(select.into()))
}

/// The resource has a child row (`set`, `party`) that matches the condition.
///
/// The condition is evaluated for each row in the order of the list until the page is full, which is fast if
/// many rows match, regardless of the size of the table. If few rows match, select their ids first instead.
pub(crate) fn has_child_row<T: Resource>(links: &str, condition: Condition) -> SimpleExpr {
    child_row_exists(T::NAME, links, condition)
}

fn child_row_exists(owner: &'static str, links: &str, condition: Condition) -> SimpleExpr {
    let table = Alias::new(format!("{owner}_{links}"));
    let owner_id = Expr::col((Alias::new(owner), Alias::new("id")));
    let of_this = Expr::col((table.clone(), Alias::new("owner_id"))).eq(owner_id);
    Expr::exists(
        Query::select().expr(Expr::val(1)).from(table).and_where(of_this).cond_where(condition).take(),
    )
}

/// Selects the ids of the resources with these keys that the actor sees.
pub(crate) fn ids_of_keys(table: &AnyTable, keys: &[Key], actor: &Actor) -> SelectStatement {
    let ids = keys.iter().filter_map(|key| match key {
        Key::Id(id) => Some(*id),
        Key::Slug(_) => None,
    });
    let slugs = keys.iter().filter(|key| matches!(key, Key::Slug(_))).map(Key::to_string).collect();
    let has_key = Condition::any().add(table.column("id").is_in(ids)).add(has_slug(table, slugs));
    table.visible_ids(actor).cond_where(has_key).take()
}

/// The resource has one of these slugs, current or former; or the resource that it is named after has.
pub(crate) fn has_slug(table: &AnyTable, slugs: Vec<String>) -> SimpleExpr {
    let (key, resource) = table.named_after.unwrap_or(("id", table.name()));
    let target = Query::select()
        .column("resource_id")
        .from("slug")
        .and_where(Expr::col("resource").eq(resource))
        .and_where(Expr::col("slug").is_in(slugs))
        .take();
    table.column(key).in_subquery(target)
}

/// The visibility is one that the actor sees without being a participant.
pub(crate) fn is_visible_by_level<T: Resource>(actor: &Actor) -> SimpleExpr {
    column::<T>("visibility").is_in(actor.visible_levels().iter().map(|visibility| visibility.as_str()))
}
