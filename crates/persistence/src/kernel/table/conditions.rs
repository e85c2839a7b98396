//! Filters as SQL conditions.

use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, LikeExpr, Query, SelectStatement, SimpleExpr};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::lifecycle::{State, StatusFilter};
use vku_domain::kernel::resource::reference::Key;

use super::{Table, column};

/// The column is one of the values; `None` if there are none.
pub(crate) fn one_of<T: Resource, W: ToString>(name: &'static str, values: &[W]) -> Option<SimpleExpr> {
    (!values.is_empty()).then(|| column::<T>(name).is_in(values.iter().map(W::to_string)))
}

/// The text occurs in the column, which holds folded text.
pub(crate) fn contains<T: Resource>(name: &'static str, part: &str) -> SimpleExpr {
    let escaped = part.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    column::<T>(name).like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
}

/// The status is one of these, or unknown; `None` if there are none.
pub(crate) fn in_status<T: Resource, S: State>(statuses: &[StatusFilter<S>]) -> Option<Condition> {
    (!statuses.is_empty()).then(|| {
        let known = statuses.iter().filter_map(|StatusFilter(status)| status.map(|status| status.word()));
        let unknown = statuses.contains(&StatusFilter(None)).then(|| column::<T>("status").is_null());
        Condition::any().add(column::<T>("status").is_in(known)).add_option(unknown)
    })
}

/// A column of the row that the foreign key refers to.
pub(crate) fn column_of<T: Resource>(
    key: &'static str,
    table: &'static str,
    name: &'static str,
) -> SimpleExpr {
    let target = Query::select()
        .expr(Expr::col((Alias::new(table), Alias::new(name))))
        .from(table)
        .and_where(Expr::col((Alias::new(table), Alias::new("id"))).eq(column::<T>(key)))
        .take();
    SimpleExpr::SubQuery(None, Box::new(target.into()))
}

/// One of the values is in the set of the resource; `None` if there are none.
pub(crate) fn in_set<T: Resource, W: ToString>(field: &'static str, values: &[W]) -> Option<SimpleExpr> {
    (!values.is_empty()).then(|| {
        let words = Expr::col("value").is_in(values.iter().map(W::to_string));
        has::<T>("set", Condition::all().add(Expr::col("field").eq(field)).add(words))
    })
}

/// The resource has a child row (`set`, `party`) that matches the condition.
///
/// The condition is evaluated for each row in the order of the list until the page is full, which is fast if
/// many rows match, regardless of the size of the table. If few rows match, select their ids first instead.
pub(crate) fn has<T: Resource>(links: &str, condition: Condition) -> SimpleExpr {
    let table = Alias::new(format!("{}_{links}", T::NAME));
    let of_this = Expr::col((table.clone(), Alias::new("owner_id"))).eq(column::<T>("id"));
    Expr::exists(
        Query::select().expr(Expr::val(1)).from(table).and_where(of_this).cond_where(condition).take(),
    )
}

/// Selects the ids of the resources with these keys that the actor sees.
pub(crate) fn named<T: Table>(keys: &[Key], actor: &Actor) -> SelectStatement {
    let ids = keys.iter().filter_map(|key| match key {
        Key::Id(id) => Some(*id),
        Key::Slug(_) => None,
    });
    let slugs: Vec<_> = keys.iter().filter(|key| matches!(key, Key::Slug(_))).map(Key::to_string).collect();
    let by_slug = by_slug::<T>(slugs);
    Query::select()
        .column("id")
        .from(T::NAME)
        .cond_where(Condition::any().add(column::<T>("id").is_in(ids)).add(by_slug))
        .and_where(column::<T>("deleted_at").is_null())
        .cond_where(T::row_filter(actor))
        .take()
}

/// The resource has one of these slugs, current or former; or the resource that it is named after has.
pub(crate) fn by_slug<T: Table>(slugs: impl IntoIterator<Item = String>) -> SimpleExpr {
    let (key, resource) = T::NAMED_AFTER.unwrap_or(("id", T::NAME));
    let target = Query::select()
        .column("resource_id")
        .from("slug")
        .and_where(Expr::col("resource").eq(resource))
        .and_where(Expr::col("slug").is_in(slugs))
        .take();
    column::<T>(key).in_subquery(target)
}

/// The visibility is one that the actor sees without being a participant.
pub(crate) fn seen_by_visibility<T: Resource>(actor: &Actor) -> SimpleExpr {
    column::<T>("visibility").is_in(actor.visible_levels().iter().map(|visibility| visibility.as_str()))
}
