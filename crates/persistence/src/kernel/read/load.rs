//! Reads rows with their child rows, references and derived fields, and converts them to resources.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::{Condition, ExprTrait, LockType, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::any::{AnyList, AnyStored};
use vku_domain::kernel::resource::reference::Key;

use crate::kernel::database::error::failed;
use crate::kernel::database::row::Columns;
use crate::kernel::table::any::{AnyQuery, AnyTable};
use crate::kernel::table::conditions::{has_slug, ids_of_parents, is_among, parents_of_each};
use crate::kernel::table::filter::ParentFilter;
use crate::kernel::table::{Table, column};
use crate::kernel::transaction::Reader;
use crate::kernel::transaction::staging::staged_at;

/// Selects all columns of all rows, with everything that the resources are made of.
pub(crate) fn select(table: &AnyTable, reader: &Reader<'_>) -> SelectStatement {
    let backend = reader.tx().get_database_backend();
    let mut select = table.select(backend);
    for (name, column) in table.typed.derived_from(reader.actor(), backend) {
        select.expr_as(column, name);
    }
    select
}

/// The parents whose sub-resources are selected.
#[derive(Clone, Copy)]
pub(crate) enum Parents<'a> {
    /// All that the actor sees; also for a resource without a parent.
    Visible,
    /// The one with this id, which the actor is known to see.
    Id(Uuid),
    /// The one with this key, if the actor sees it.
    Key(&'a Key),
    /// Those of the filter that the actor sees, looked up for each row, in the order of the list until the page is full:
    /// fast if most match.
    Matching(&'a ParentFilter),
    /// The same, selected before the rows: fast if few match, or if all rows are counted.
    SelectedFirst(&'a ParentFilter),
}

impl<'a> Parents<'a> {
    /// Makes the parent of a request.
    ///
    /// Errors: 404 if the resource has parents, and the request names none.
    pub(crate) fn of_request(table: &AnyTable, key: Option<&'a Key>) -> Result<Self, Error> {
        match table.parent {
            Some(_) => key.map(Self::Key).ok_or_else(Error::not_found),
            None => Ok(Self::Visible),
        }
    }

    /// Makes the parents of a list: the one with this id, which the actor is known to see, or those of the filter.
    pub(crate) fn of_list(query: &'a AnyQuery, id: Option<Uuid>, selected_first: bool) -> Self {
        match id {
            Some(id) => Self::Id(id),
            None if selected_first || !query.parents.keys.is_empty() => Self::SelectedFirst(&query.parents),
            None => Self::Matching(&query.parents),
        }
    }

    /// Makes the parent with this id, which the actor sees; all parents without an id.
    pub(crate) fn with_id(id: Option<Uuid>) -> Self {
        id.map_or(Self::Visible, Self::Id)
    }
}

/// Selects the rows that the actor sees, with these parents.
pub(crate) fn visible_rows(
    table: &AnyTable,
    reader: &Reader<'_>,
    parents: Parents<'_>,
    deleted: bool,
) -> SelectStatement {
    select(table, reader).cond_where(visible(table, reader.actor(), parents, deleted)).take()
}

/// The condition of [`visible_rows`].
pub(crate) fn visible(table: &AnyTable, actor: &Actor, parents: Parents<'_>, deleted: bool) -> Condition {
    let condition = visible_itself(table, actor, deleted);
    let Some((name, parent)) = table.parent_column().zip(table.parent) else { return condition };
    let column = table.column(name);
    condition.add(match parents {
        Parents::Visible => is_among(parent, parent.visible_ids(actor), column),
        Parents::Matching(filter) => is_among(parent, parents_of_each(parent, filter, actor), column),
        Parents::SelectedFirst(filter) => column.in_subquery(ids_of_parents(parent, filter, actor)),
        Parents::Id(id) => column.eq(id),
        Parents::Key(key) => {
            column.in_subquery(parent.visible_ids(actor).and_where(has_key(parent, key)).take())
        }
    })
}

/// The same, whatever the parents are.
pub(crate) fn visible_itself(table: &AnyTable, actor: &Actor, deleted: bool) -> Condition {
    let deleted_at = table.column("deleted_at");
    Condition::all().add((table.visible_to)(actor)).add(match deleted {
        // Staged rows of an import are not deleted, they do not exist yet.
        true => deleted_at.clone().is_not_null().and(deleted_at.ne(staged_at())),
        false => deleted_at.is_null(),
    })
}

/// Returns the resource with this key, if the actor sees it.
///
/// Errors: 404 if there is none, or the actor does not see it.
pub(crate) fn by_key<'a>(
    table: &'static AnyTable,
    reader: &'a Reader<'_>,
    key: &'a Key,
    parents: Parents<'a>,
    deleted: bool,
    lock: Option<LockType>,
) -> LocalBoxFuture<'a, Result<Box<dyn AnyStored>, Error>> {
    async move {
        let mut select = visible_rows(table, reader, parents, deleted).and_where(has_key(table, key)).take();
        if let Some(lock) = lock {
            select.lock(lock);
        }
        one(load(table, reader, &select).await?)
    }
    .boxed_local()
}

pub(crate) fn has_key(table: &AnyTable, key: &Key) -> SimpleExpr {
    match key {
        Key::Id(id) => table.column("id").eq(*id),
        Key::Slug(slug) => has_slug(table, vec![slug.to_string()]),
    }
}

/// Returns the id of the parent of a sub-resource, if the actor sees it. `None` for a main resource.
///
/// Errors: 404 if there is none, or the actor does not see it.
pub(crate) async fn parent_id(
    table: &AnyTable,
    reader: &Reader<'_>,
    key: Option<&Key>,
) -> Result<Option<Uuid>, Error> {
    let Some(parent) = table.parent else { return Ok(None) };
    let key = key.ok_or_else(Error::not_found)?;
    let select = parent.visible_ids(reader.actor()).and_where(has_key(parent, key)).take();
    let rows = reader.tx().rows(&select).await.map_err(failed)?;
    rows.first().ok_or_else(Error::not_found)?.get("id").map(Some).map_err(failed)
}

/// Returns the parent of a sub-resource, if the actor sees it; locked in a write. `None` for a main resource.
///
/// Errors: 404 if there is none, or the actor does not see it.
pub(crate) async fn open_parent(
    table: &AnyTable,
    reader: &Reader<'_>,
    key: Option<&Key>,
    lock: Option<LockType>,
) -> Result<Option<Box<dyn AnyStored>>, Error> {
    let Some(parent) = table.parent else { return Ok(None) };
    let key = key.ok_or_else(Error::not_found)?;
    by_key(parent, reader, key, Parents::Visible, false, lock).await.map(Some)
}

/// Returns the resource with this id without checking the visibility: for side effects of a write whose
/// result is not sent to the actor.
///
/// Errors: 404 if there is none, or it is deleted.
pub(crate) async fn by_id_unchecked<T: Table>(reader: &Reader<'_>, id: Uuid) -> Result<Stored<T>, Error> {
    let found = by_ids_unchecked::<T>(reader, column::<T>("id").eq(id)).await?;
    found.into_iter().next().ok_or_else(Error::not_found)
}

/// Returns the resources that match the condition and are not deleted, without checking the visibility.
pub(crate) async fn by_ids_unchecked<T: Table>(
    reader: &Reader<'_>,
    condition: SimpleExpr,
) -> Result<Vec<Stored<T>>, Error> {
    unchecked(T::TABLE, reader, condition).await?.downcast()
}

fn unchecked<'a>(
    table: &'static AnyTable,
    reader: &'a Reader<'_>,
    condition: SimpleExpr,
) -> LocalBoxFuture<'a, Result<Box<dyn AnyList>, Error>> {
    async move {
        let live = table.column("deleted_at").is_null();
        load(table, reader, &select(table, reader).and_where(condition).and_where(live).take()).await
    }
    .boxed_local()
}

/// Reads the rows of a statement as resources.
pub(crate) async fn load(
    table: &'static AnyTable,
    reader: &Reader<'_>,
    select: &SelectStatement,
) -> Result<Box<dyn AnyList>, Error> {
    let rows = reader.tx().query_all(select).await.map_err(failed)?;
    hydrate(table, reader, &rows).await
}

/// Returns the only resource of a list.
///
/// Errors: 404 if there is none.
pub(crate) fn one(list: Box<dyn AnyList>) -> Result<Box<dyn AnyStored>, Error> {
    list.into_items().pop().ok_or_else(Error::not_found)
}

/// Converts rows of [`select`] to resources, and fills in derived fields.
pub(crate) async fn hydrate(
    table: &'static AnyTable,
    reader: &Reader<'_>,
    rows: &[QueryResult],
) -> Result<Box<dyn AnyList>, Error> {
    let mut items = table.read_rows(rows)?;
    table.typed.derive(&mut *items, rows, reader.actor())?;
    if table.derives_by_queries && !rows.is_empty() {
        table.typed.derive_by_queries(reader, &mut *items).await?;
    }
    Ok(items)
}
