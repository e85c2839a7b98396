//! Converts rows to resources: child rows, references and derived fields are loaded for a whole page at
//! once.

use std::collections::HashMap;

use sea_orm::sea_query::{Condition, ExprTrait, LockType, SimpleExpr};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter, QueryResult,
    QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::{Key, ReferenceSummary};
use vku_domain::kernel::resource::{Resource, Stored, slug_of};

use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::table::conditions::by_slug;
use crate::kernel::table::row::Row;
use crate::kernel::table::{Parent, Table, child_rows, column};
use crate::kernel::transaction::Reader;
use crate::kernel::transaction::staging::staged_at;

/// Selects the rows that the actor sees; only those of `parent` if it is given.
pub(crate) fn visible_rows<T: Table>(
    reader: &Reader<'_>,
    parent: Option<Uuid>,
    deleted: bool,
) -> Select<T::Entity> {
    let mut condition = Condition::all().add(T::visible_to(reader.actor()));
    let deleted_at = column::<T>("deleted_at");
    condition = condition.add(match deleted {
        // Staged rows of an import are not deleted, they do not exist yet.
        true => deleted_at.clone().is_not_null().and(deleted_at.ne(staged_at())),
        false => deleted_at.is_null(),
    });
    if let Some(name) = T::Parent::column() {
        if let Some(ids) = T::Parent::visible_ids(reader.actor()) {
            condition = condition.add(column::<T>(name.clone()).in_subquery(ids));
        }
        if let Some(parent) = parent {
            condition = condition.add(column::<T>(name).eq(parent));
        }
    }
    T::Entity::find().filter(condition)
}

/// Returns the resource with this key, if the actor sees it.
///
/// Errors: 404 if there is none, or the actor does not see it.
pub(crate) async fn by_key<T: Table>(
    reader: &Reader<'_>,
    key: &Key,
    parent: Option<Uuid>,
    deleted: bool,
    lock: Option<LockType>,
) -> Result<Stored<T>, Error> {
    let named = match key {
        Key::Id(id) => column::<T>("id").eq(*id),
        Key::Slug(slug) => by_slug::<T>([slug.to_string()]),
    };
    let mut select = visible_rows::<T>(reader, parent, deleted).filter(named);
    if let Some(lock) = lock {
        select = select.lock(lock);
    }
    let tx = reader.tx();
    let rows = tx.query_all_raw(select.build(tx.get_database_backend())).await.map_err(failed)?;
    hydrate::<T>(reader, &rows).await?.pop().ok_or_else(Error::not_found)
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
    let tx = reader.tx();
    let select = T::Entity::find().filter(condition).filter(column::<T>("deleted_at").is_null());
    let rows = tx.query_all_raw(select.build(tx.get_database_backend())).await.map_err(failed)?;
    hydrate::<T>(reader, &rows).await
}

/// Converts rows to resources: at most two queries for child rows, one for each kind of reference, and those
/// of [`Table::derive`].
pub(crate) async fn hydrate<T: Table>(
    reader: &Reader<'_>,
    rows: &[QueryResult],
) -> Result<Vec<Stored<T>>, Error> {
    let tx = reader.tx();
    let rows = rows
        .iter()
        .map(|row| T::Row::from_query_result(row, "").map(Row::split))
        .collect::<Result<Vec<_>, _>>();
    let rows = rows.map_err(failed)?;
    let ids: Vec<Uuid> = rows.iter().map(|(meta, _)| meta.id).collect();
    let mut links = child_rows::load::<T>(tx, &ids).await?;
    let mut items = Vec::with_capacity(rows.len());
    let mut parents = Vec::new();
    for (meta, columns) in rows {
        let data = T::from_row(columns, links.remove(&meta.id).unwrap_or_default())?;
        parents.push(meta.parent);
        items.push(Stored {
            id: meta.id,
            parent: None,
            data,
            derived: T::Derived::default(),
            created_at: meta.created_at,
            updated_at: meta.updated_at,
            version: meta.version,
            deleted_at: meta.deleted_at,
        });
    }
    if let Some(name) = <T::Parent as Parent>::NAME {
        let mut parent_ids: Vec<Uuid> = parents.iter().copied().flatten().collect();
        parent_ids.sort_unstable();
        parent_ids.dedup();
        let summaries = super::reference_lookup::by_id(tx, name, &parent_ids).await?;
        for (item, parent) in items.iter_mut().zip(parents) {
            item.parent = parent.and_then(|id| summaries.get(&id)).map(|summary| (name, summary.clone()));
        }
    }
    attach_references(tx, &mut items).await?;
    T::derive(reader, &mut items).await?;
    Ok(items)
}

/// Fills in the summaries of all references that are known by id.
async fn attach_references<T: Resource>(
    tx: &DatabaseTransaction,
    items: &mut [Stored<T>],
) -> Result<(), Error> {
    let mut ids_by_resource: HashMap<&'static str, Vec<Uuid>> = HashMap::new();
    for item in items.iter_mut() {
        item.data.references(&mut |pending| {
            if let Key::Id(id) = pending.link.key {
                ids_by_resource.entry(pending.resource).or_default().push(id);
            }
        });
    }
    let mut summaries: HashMap<Uuid, ReferenceSummary> = HashMap::new();
    for (resource, mut ids) in ids_by_resource {
        ids.sort_unstable();
        ids.dedup();
        summaries.extend(super::reference_lookup::by_id(tx, resource, &ids).await?);
    }
    let mut missing = false;
    for item in items.iter_mut() {
        item.data.references(&mut |pending| {
            if let Key::Id(id) = pending.link.key {
                pending.link.summary = summaries.get(&id).cloned();
                missing |= pending.link.summary.is_none();
            }
        });
    }
    if missing { Err(Corrupt::from("a reference leads nowhere").into()) } else { Ok(()) }
}

/// Returns the reference summary of a resource that has just been read.
pub(crate) fn summary<T: Resource>(stored: &Stored<T>) -> ReferenceSummary {
    ReferenceSummary {
        id: stored.id,
        slug: slug_of(&stored.data),
        label: (T::NAME_FIELD, stored.data.label().to_owned()),
        kind: None,
        country: None,
        visibility: stored.data.visibility(),
        location: None,
        labels: None,
        named_after: None,
    }
}
