//! Converts rows to resources: child rows, references and derived fields are loaded for a whole page at once.

use std::collections::HashMap;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::{Condition, ExprTrait, LockType, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::any::{AnyList, AnyStored};
use vku_domain::kernel::resource::reference::{Key, ReferenceSummary};

use super::reference_lookup;
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::conditions::has_slug;
use crate::kernel::table::{Table, child_tables, column};
use crate::kernel::transaction::Reader;
use crate::kernel::transaction::staging::staged_at;

/// Selects the rows that the actor sees; only those of `parent` if it is given.
pub(crate) fn visible_rows(
    table: &AnyTable,
    reader: &Reader<'_>,
    parent: Option<Uuid>,
    deleted: bool,
) -> SelectStatement {
    let deleted_at = table.column("deleted_at");
    let mut condition = Condition::all().add((table.visible_to)(reader.actor())).add(match deleted {
        // Staged rows of an import are not deleted, they do not exist yet.
        true => deleted_at.clone().is_not_null().and(deleted_at.ne(staged_at())),
        false => deleted_at.is_null(),
    });
    if let (Some(name), Some(owner)) = (table.parent_column(), table.parent) {
        let visible = owner.visible_ids(reader.actor());
        condition = condition.add(table.column(name.clone()).in_subquery(visible));
        if let Some(parent) = parent {
            condition = condition.add(table.column(name).eq(parent));
        }
    }
    table.select().cond_where(condition).take()
}

/// Returns the resource with this key, if the actor sees it.
///
/// Errors: 404 if there is none, or the actor does not see it.
pub(crate) fn by_key<'a>(
    table: &'static AnyTable,
    reader: &'a Reader<'_>,
    key: &'a Key,
    parent: Option<Uuid>,
    deleted: bool,
    lock: Option<LockType>,
) -> LocalBoxFuture<'a, Result<Box<dyn AnyStored>, Error>> {
    async move {
        let mut select = visible_rows(table, reader, parent, deleted).and_where(has_key(table, key)).take();
        if let Some(lock) = lock {
            select.lock(lock);
        }
        one(load(table, reader, &select).await?)
    }
    .boxed_local()
}

fn has_key(table: &AnyTable, key: &Key) -> SimpleExpr {
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
    let mut select = visible_rows(parent, reader, None, false).and_where(has_key(parent, key)).take();
    select.clear_selects().expr(parent.column("id"));
    let row = reader.tx().query_one(&select).await.map_err(failed)?.ok_or_else(Error::not_found)?;
    row.try_get("", "id").map(Some).map_err(failed)
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
    by_key(parent, reader, key, None, false, lock).await.map(Some)
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
        load(table, reader, &table.select().and_where(condition).and_where(live).take()).await
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

/// Converts rows to resources: one query for child rows, one for each kind of reference, and those
/// of [`Table::derive`].
pub(crate) async fn hydrate(
    table: &'static AnyTable,
    reader: &Reader<'_>,
    rows: &[QueryResult],
) -> Result<Box<dyn AnyList>, Error> {
    let metas = rows.iter().map(|row| table.read_meta(row)).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<Uuid> = metas.iter().map(|meta| meta.id).collect();
    let mut children = child_tables::load(reader.tx(), table, &ids).await?;
    let rows =
        metas.iter().zip(rows).map(|(meta, row)| (*meta, row, children.remove(&meta.id).unwrap_or_default()));
    let mut items = table.typed.read(rows.collect())?;
    if let Some(parent) = table.parent {
        let mut ids: Vec<Uuid> = metas.iter().filter_map(|meta| meta.parent).collect();
        ids.sort_unstable();
        ids.dedup();
        let summaries = reference_lookup::by_id(reader.tx(), parent.name(), &ids).await?;
        let mut metas = metas.into_iter();
        items.for_each(&mut |item| {
            let id = metas.next().and_then(|meta| meta.parent);
            let summary = id.and_then(|id| summaries.get(&id));
            item.set_parent(summary.map(|summary| (parent.name(), summary.clone())));
        });
    }
    attach_references(reader, &mut *items).await?;
    table.typed.derive(reader, &mut *items).await?;
    Ok(items)
}

/// Fills in the summaries of all references that are known by id.
async fn attach_references(reader: &Reader<'_>, items: &mut dyn AnyList) -> Result<(), Error> {
    let mut ids_by_resource: HashMap<&'static str, Vec<Uuid>> = HashMap::new();
    items.for_each(&mut |item| {
        item.data_mut().references(&mut |pending| {
            if let Key::Id(id) = pending.link.key {
                ids_by_resource.entry(pending.resource).or_default().push(id);
            }
        });
    });
    let mut summaries: HashMap<Uuid, ReferenceSummary> = HashMap::new();
    for (resource, mut ids) in ids_by_resource {
        ids.sort_unstable();
        ids.dedup();
        summaries.extend(reference_lookup::by_id(reader.tx(), resource, &ids).await?);
    }
    let mut missing = false;
    items.for_each(&mut |item| {
        item.data_mut().references(&mut |pending| {
            if let Key::Id(id) = pending.link.key {
                pending.link.summary = summaries.get(&id).cloned();
                missing |= pending.link.summary.is_none();
            }
        });
    });
    if missing { Err(Corrupt::from("a reference to a missing resource").into()) } else { Ok(()) }
}
