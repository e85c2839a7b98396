//! Looks up the summaries of referenced resources for a whole page at once.

use std::collections::{HashMap, HashSet};

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, LockType, Query};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::{Key, ReferenceSummary};

use crate::kernel::codec::text;
use crate::kernel::database::error::failed;
use crate::kernel::id::padded_ids;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::connection::Connection;
use crate::tables;

/// Returns the summaries of these ids without checking their visibility: for references of a visible row.
pub(crate) async fn by_id(
    tx: &Connection,
    resource: &str,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, ReferenceSummary>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let table = AnyTable::find(resource)?;
    let select = table.select_summaries().and_where(table.column("id").is_in(padded_ids(ids))).take();
    let mut summaries = HashMap::with_capacity(ids.len());
    for row in tx.query_all(&select).await.map_err(failed)? {
        let summary = table.read_summary(&row)?;
        summaries.insert(summary.id, summary);
    }
    Ok(summaries)
}

/// Returns the summaries of these keys that the actor sees, locked against change until the end of the write.
pub(crate) async fn by_key(
    tx: &Connection,
    actor: &Actor,
    resource: &'static str,
    keys: &[Key],
) -> Result<HashMap<Key, ReferenceSummary>, Error> {
    let table = AnyTable::find(resource)?;
    let (key, named) = table.named_after.unwrap_or(("id", resource));
    let slugs: Vec<_> = keys.iter().filter(|key| matches!(key, Key::Slug(_))).map(Key::to_string).collect();
    let mut targets: HashMap<Key, Uuid> = HashMap::with_capacity(slugs.len());
    if !slugs.is_empty() {
        let select = Query::select()
            .columns(["slug", "resource_id"])
            .from("slug")
            .and_where(Expr::col("resource").eq(named))
            .and_where(Expr::col("slug").is_in(slugs))
            .take();
        for row in tx.query_all(&select).await.map_err(failed)? {
            let slug: String = row.try_get("", "slug").map_err(failed)?;
            targets.insert(Key::Slug(text(slug)?), row.try_get("", "resource_id").map_err(failed)?);
        }
    }
    let ids = keys.iter().filter_map(|key| match key {
        Key::Id(id) => Some(*id),
        Key::Slug(_) => None,
    });
    let matches_key = Condition::any()
        .add(table.column("id").is_in(ids))
        .add(table.column(key).is_in(targets.values().copied()));
    let select = table
        .select_summaries()
        .cond_where(matches_key)
        .and_where(table.column("deleted_at").is_null())
        .cond_where((table.visible_to)(actor))
        .lock(LockType::Share)
        .take();
    let mut summaries = HashMap::with_capacity(keys.len());
    for row in tx.query_all(&select).await.map_err(failed)? {
        let summary = table.read_summary(&row)?;
        let means = |key: &&Key| match key {
            Key::Id(id) => *id == summary.id,
            Key::Slug(_) => targets.get(*key) == Some(&summary.named_after.unwrap_or(summary.id)),
        };
        summaries.extend(keys.iter().filter(means).map(|key| (key.clone(), summary.clone())));
    }
    Ok(summaries)
}

/// How many ids one statement asks for: databases limit the number of bound values.
const CHUNK: usize = 10_000;

/// Returns those of these ids that the actor sees now, with one query per kind of resource and chunk of ids.
pub(crate) async fn filter_visible(
    tx: &Connection,
    actor: &Actor,
    ids: &HashSet<Uuid>,
) -> Result<HashSet<Uuid>, Error> {
    let ids: Vec<_> = ids.iter().copied().collect();
    let mut found = HashSet::with_capacity(ids.len());
    for table in tables().iter().filter(|table| table.is_read_by(actor)) {
        let mut select = table.visible_ids(actor);
        if let (Some(key), Some(parent)) = (table.parent_column(), table.parent) {
            select.and_where(table.column(key).in_subquery(parent.visible_ids(actor)));
        }
        for chunk in ids.chunks(CHUNK) {
            let select = select.clone().and_where(table.column("id").is_in(chunk.iter().copied())).take();
            for row in tx.query_all(&select).await.map_err(failed)? {
                found.insert(row.try_get("", "id").map_err(failed)?);
            }
        }
    }
    Ok(found)
}
