//! Filters as SQL conditions.

use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, LikeExpr, Query, SelectStatement, SimpleExpr};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::lifecycle::{State, StatusFilter};
use vku_domain::kernel::resource::reference::Key;

use super::{Table, column};

/// The column is one of the words; true when none is wanted.
pub(crate) fn one_of<T: Resource, W: ToString>(name: &'static str, wanted: &[W]) -> Option<SimpleExpr> {
    (!wanted.is_empty()).then(|| column::<T>(name).is_in(wanted.iter().map(W::to_string)))
}

/// The text is somewhere in the column, which holds folded text.
pub(crate) fn contains<T: Resource>(name: &'static str, part: &str) -> SimpleExpr {
    let escaped = part.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    column::<T>(name).like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
}

/// One of the states, or none known; true when none is wanted.
pub(crate) fn in_status<T: Resource, S: State>(wanted: &[StatusFilter<S>]) -> Option<Condition> {
    (!wanted.is_empty()).then(|| {
        let known = wanted.iter().filter_map(|StatusFilter(status)| status.map(|status| status.word()));
        let unknown = wanted.contains(&StatusFilter(None)).then(|| column::<T>("status").is_null());
        Condition::any().add(column::<T>("status").is_in(known)).add_option(unknown)
    })
}

/// A column of what the foreign key leads to.
pub(crate) fn column_of<T: Resource>(
    key: &'static str,
    table: &'static str,
    name: &'static str,
) -> SimpleExpr {
    let there = Query::select()
        .expr(Expr::col((Alias::new(table), Alias::new(name))))
        .from(table)
        .and_where(Expr::col((Alias::new(table), Alias::new("id"))).eq(column::<T>(key)))
        .take();
    SimpleExpr::SubQuery(None, Box::new(there.into()))
}

/// One of the words is in the resource's set; true when none is wanted.
pub(crate) fn in_set<T: Resource, W: ToString>(field: &'static str, wanted: &[W]) -> Option<SimpleExpr> {
    (!wanted.is_empty()).then(|| {
        let words = Expr::col("value").is_in(wanted.iter().map(W::to_string));
        has::<T>("set", Condition::all().add(Expr::col("field").eq(field)).add(words))
    })
}

/// A row of the resource's table of links (`set`, `party`) is such a one.
///
/// It is asked of each row in the order of the list, until the page is full: what many have costs the same however many
/// there are. What few have is better found first, by its ids.
pub(crate) fn has<T: Resource>(links: &str, such: Condition) -> SimpleExpr {
    let table = Alias::new(format!("{}_{links}", T::NAME));
    let of_this = Expr::col((table.clone(), Alias::new("owner_id"))).eq(column::<T>("id"));
    Expr::exists(Query::select().expr(Expr::val(1)).from(table).and_where(of_this).cond_where(such).take())
}

/// The ids of the resources that the keys name and the actor sees.
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

/// The slug, current or former, is one of these; its own, or that of what it is named after.
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

/// The visibility column holds one of what the actor sees without taking part.
pub(crate) fn seen_by_visibility<T: Resource>(actor: &Actor) -> SimpleExpr {
    column::<T>("visibility").is_in(actor.visible_levels().iter().map(|visibility| visibility.as_str()))
}
