//! What the caller sees of resources now.

use std::collections::HashMap;

use sea_orm::sea_query::{ExprTrait, Query};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use uuid::Uuid;
use vku_domain::kernel::error::Error;

use crate::kernel::database::error::failed;
use crate::kernel::id::padded_ids;
use crate::kernel::read::load::{Parents, visible};
use crate::kernel::read::stored_json;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Reader;
use crate::kernel::transaction::json_row::JSON;

/// The column with the id of the parent.
const PARENT: &str = "parent_id";

/// A resource as the caller sees it.
pub(super) struct CurrentState {
    pub(super) parent_id: Option<Uuid>,
    pub(super) slug: Option<String>,
    pub(super) version: i64,
    /// The representation, if it was asked for.
    pub(super) json: Option<Vec<u8>>,
}

impl CurrentState {
    fn read(row: &QueryResult, table: &AnyTable, has_json: bool) -> Result<(Uuid, Self), DbErr> {
        let json: Option<String> = if has_json { row.try_get("", JSON)? } else { None };
        let state = Self {
            parent_id: if table.resource.parent.is_some() { row.try_get("", PARENT)? } else { None },
            slug: if table.resource.has_slug { row.try_get("", "slug")? } else { None },
            version: row.try_get("", "version")?,
            json: json.map(String::into_bytes),
        };
        Ok((row.try_get("", "id")?, state))
    }
}

/// Adds those of these resources that the caller sees. Their JSON is read as it is stored, and made from the rows where
/// it is not.
pub(super) async fn read(
    reader: &Reader<'_>,
    table: &'static AnyTable,
    ids: &[Uuid],
    with_json: bool,
    found: &mut HashMap<Uuid, CurrentState>,
) -> Result<(), Error> {
    let actor = reader.actor();
    if ids.is_empty() || !table.is_read_by(actor) {
        return Ok(());
    }
    let is_stored = with_json && stored_json::is_stored_for(table, actor);
    let [id, version] = ["id", "version"].map(|name| table.column(name));
    let mut select = Query::select();
    select.expr_as(id.clone(), "id").expr_as(version.clone(), "version").from(table.name());
    if table.resource.has_slug {
        select.expr_as(table.column("slug"), "slug");
    }
    if let Some(parent) = table.parent_column() {
        select.expr_as(table.column(parent), PARENT);
    }
    if is_stored {
        stored_json::join(&mut select, id.clone(), version, actor);
    }
    select.cond_where(visible(table, actor, Parents::Visible, false)).and_where(id.is_in(padded_ids(ids)));
    let mut missing = Vec::new();
    for row in reader.tx().query_all(&select).await.map_err(failed)? {
        let (id, state) = CurrentState::read(&row, table, is_stored).map_err(failed)?;
        if with_json && state.json.is_none() {
            missing.push(id);
        }
        found.insert(id, state);
    }
    let list = reader.by_ids_any(table, &missing).await?;
    for stored in list.into_iter().flat_map(|list| list.into_items()) {
        if let Some(state) = found.get_mut(&stored.id()) {
            state.json = Some(stored.to_json()?);
        }
    }
    Ok(())
}
