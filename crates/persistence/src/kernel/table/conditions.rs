//! Filters as SQL conditions.

use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, LikeExpr, Query, SelectStatement, SimpleExpr};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::list_filter::{Comparison, Criterion, ListFilter};
use vku_domain::kernel::resource::reference::Key;

use super::any::AnyTable;
use super::filter::{FilterSql, ParentFilter};
use super::has_child_row::{HasChildRow, child_column, count_up_to};
use super::{Table, column};
use crate::tables;

/// Converts a filter to SQL; a value that the actor does not see matches nothing.
pub(crate) fn filter_to_sql<T: Table>(filter: &T::Filter, actor: &Actor) -> FilterSql {
    let special = T::special_filter_to_sql(filter, actor);
    let (countries, mut criteria) = (T::country_filter(filter), filter.criteria());
    let index = T::COUNTRY_INDEX.filter(|_| !countries.is_empty());
    let by_country = index.map(|index| index.filter(T::NAME, countries, &mut criteria));
    criteria_to_sql(T::TABLE, criteria, special, by_country, actor)
}

/// Whether a filter asks for child rows, see [`FilterSql::child_rows`].
pub(crate) fn asks_for_child_rows<T: Table>(filter: &T::Filter) -> bool {
    let by_set = |criterion: &Criterion| matches!(criterion.comparison, Comparison::InSet(_));
    filter.criteria().iter().any(by_set) || !T::country_filter(filter).is_empty()
}

fn criteria_to_sql(
    table: &AnyTable,
    criteria: Vec<Criterion>,
    special: Condition,
    by_country: Option<HasChildRow>,
    actor: &Actor,
) -> FilterSql {
    let mut child_rows = Vec::from_iter(by_country);
    let (mut condition, mut columns) = (Condition::all(), Vec::new());
    for criterion in criteria {
        match criterion {
            Criterion { column, comparison: Comparison::InSet(words) } => {
                // A set has each value once.
                let is_unique = words.len() == 1;
                let of_set = |name| child_column(table.name(), "set", name);
                let condition =
                    Condition::all().add(of_set("field").eq(column)).add(of_set("value").is_in(words));
                child_rows.push(HasChildRow {
                    owner: table.name(),
                    kind: "set",
                    condition,
                    repeated: &[],
                    is_unique,
                });
            }
            criterion => {
                columns.push(criterion.column);
                condition = condition.add(comparison_to_sql(table, criterion, actor));
            }
        }
    }
    let is_expensive = child_rows.len() + special.len() > 1;
    let columns = special.is_empty().then_some(columns);
    let condition = condition.add_option((!special.is_empty()).then_some(special));
    FilterSql { condition, child_rows, is_expensive, columns }
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
        // A filter by a set is a `HasChildRow`.
        Comparison::InSet(_) => Expr::val(false),
        Comparison::Is(value) => column().eq(value),
        Comparison::Contains(part) => {
            let escaped = part.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
            column().like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
        }
        Comparison::From(day) => column().gte(day.to_string()),
        // Absent days, which are empty, are less than any day: no part of the range that an index reads.
        Comparison::To(day) => column().lte(day.to_string()).and(column().gt("")),
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

/// Selects the ids of the resources with these keys that the actor sees.
pub(crate) fn ids_of_keys(table: &AnyTable, keys: &[Key], actor: &Actor) -> SelectStatement {
    let (mut ids, mut slugs) = (Vec::new(), Vec::new());
    for key in keys {
        match key {
            Key::Id(id) => ids.push(*id),
            Key::Slug(slug) => slugs.push(slug.to_string()),
        }
    }
    // With a list that is empty, SQLite would read the whole table.
    let has_id = (!ids.is_empty() || slugs.is_empty()).then(|| table.column("id").is_in(ids));
    let has_slug = (!slugs.is_empty()).then(|| has_slug(table, slugs));
    let has_key = Condition::any().add_option(has_id).add_option(has_slug);
    table.visible_ids(actor).cond_where(has_key).take()
}

/// Selects the ids of the parents of a filter that the actor sees, all of them.
pub(crate) fn ids_of_parents(parents: &AnyTable, filter: &ParentFilter, actor: &Actor) -> SelectStatement {
    parents_by(parents, filter, actor, HasChildRow::of_all)
}

/// The same for [`is_among`], which looks up one of them.
pub(crate) fn parents_of_each(parents: &AnyTable, filter: &ParentFilter, actor: &Actor) -> SelectStatement {
    parents_by(parents, filter, actor, HasChildRow::of_each)
}

fn parents_by(
    parents: &AnyTable,
    filter: &ParentFilter,
    actor: &Actor,
    child_row: fn(&HasChildRow) -> SimpleExpr,
) -> SelectStatement {
    let mut ids = match filter.keys.as_slice() {
        [] => parents.visible_ids(actor),
        keys => ids_of_keys(parents, keys, actor),
    };
    if let Some(filter) = &filter.filter {
        ids.cond_where(of_living(filter(actor)).into_condition(child_row));
    }
    ids
}

/// The filter of resources that are not deleted, which have indexes of their own.
fn of_living(filter: FilterSql) -> FilterSql {
    let child_rows = filter.child_rows.into_iter().map(HasChildRow::of_living).collect();
    FilterSql { child_rows, ..filter }
}

/// Whether the row of a table with this id is among those of a statement. It is looked up, while SQLite would select all
/// rows of the statement first for an `IN`.
pub(crate) fn is_among(table: &AnyTable, mut ids: SelectStatement, id: SimpleExpr) -> SimpleExpr {
    Expr::exists(ids.clear_selects().expr(Expr::val(1)).and_where(table.column("id").eq(id)).take())
}

/// Counts the parents of a filter in several ways, each up to a limit, and each without some of its conditions: if one
/// finds few, few match.
pub(crate) fn counts_of_parents(
    parents: &AnyTable,
    filter: &ParentFilter,
    actor: &Actor,
    limit: u64,
) -> Vec<SelectStatement> {
    let Some(filter) = &filter.filter else { return Vec::new() };
    let FilterSql { condition, child_rows, .. } = of_living(filter(actor));
    let mut counts: Vec<_> = child_rows.iter().map(|child_row| child_row.count_up_to(limit)).collect();
    if !condition.is_empty() {
        let ids = Query::select()
            .column("id")
            .from(parents.name())
            .and_where(parents.column("deleted_at").is_null())
            .cond_where(condition)
            .take();
        counts.push(count_up_to(ids, limit));
    }
    counts
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

/// The status is one of the `visible` ones of `all`. Said by the others, because SQLite would read all rows of an index that
/// have one of these, and sort them for each page.
pub(crate) fn is_visible_by_status<T: Resource>(
    all: &[&'static str],
    visible: &[&'static str],
) -> SimpleExpr {
    let hidden = all.iter().copied().filter(|status| !visible.contains(status));
    column::<T>("status").is_not_in(hidden)
}
