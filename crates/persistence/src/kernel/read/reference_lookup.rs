//! Looks up the summaries of referenced resources for a whole page at once.

use std::collections::{HashMap, HashSet};

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, LockType};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::{Key, ReferenceSummary};
use vku_domain::kernel::value::Slug;

use crate::kernel::codec::text;
use crate::kernel::database::error::failed;
use crate::kernel::id::{padded, padded_ids};
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::connection::Connection;
use crate::tables;

/// The alias of the table with the slugs.
const ASKED: &str = "asked";

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

/// Returns the summaries of these keys that the actor sees, locked against change until the end of the write: one
/// statement for all slugs, and one for all ids.
pub(crate) async fn by_key(
    tx: &Connection,
    actor: &Actor,
    resource: &'static str,
    keys: &[Key],
) -> Result<HashMap<Key, ReferenceSummary>, Error> {
    let table = AnyTable::find(resource)?;
    let visible = || {
        let mut select = table.select_summaries();
        select.and_where(table.column("deleted_at").is_null()).cond_where((table.visible_to)(actor));
        select.lock_with_tables(LockType::Share, [table.name()]).take()
    };
    let mut summaries = HashMap::with_capacity(keys.len());
    let ids: Vec<Uuid> =
        keys.iter().filter_map(|key| if let Key::Id(id) = key { Some(*id) } else { None }).collect();
    if !ids.is_empty() {
        let select = visible().and_where(table.column("id").is_in(padded(&ids).copied())).take();
        for row in tx.query_all(&select).await.map_err(failed)? {
            let summary = table.read_summary(&row)?;
            summaries.insert(Key::Id(summary.id), summary);
        }
    }
    let slugs: Vec<&Slug> =
        keys.iter().filter_map(|key| if let Key::Slug(slug) = key { Some(slug) } else { None }).collect();
    if !slugs.is_empty() {
        let (key, named) = table.named_after.unwrap_or(("id", resource));
        let mut select = visible();
        select
            .expr_as(Expr::col((ASKED, "slug")), "asked_slug")
            .join_as(
                JoinType::InnerJoin,
                "slug",
                ASKED,
                Expr::col((ASKED, "resource_id")).equals((table.name(), key)),
            )
            .and_where(Expr::col((ASKED, "resource")).eq(named))
            .and_where(Expr::col((ASKED, "slug")).is_in(padded(&slugs).map(|slug| slug.as_str())));
        for row in tx.query_all(&select).await.map_err(failed)? {
            let slug: String = row.try_get("", "asked_slug").map_err(failed)?;
            summaries.insert(Key::Slug(text(slug)?), table.read_summary(&row)?);
        }
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
