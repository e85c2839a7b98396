//! The JSON of resources beside their rows, in the table `resource_json`: reading it takes a small part of the time that
//! it takes to put a resource together.
//!
//! Stored JSON counts only for the version of the row that it was made from. A change of anything else that it was made
//! from marks it as outdated, in the same transaction (`write::outdated_json`). A request that creates a resource also
//! stores its JSON. Where JSON is missing or outdated, the resource is read from its rows, and `store::json_writer` writes
//! the JSON soon.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use sea_orm::DatabaseBackend;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, SelectStatement, SqliteQueryBuilder};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;

use crate::kernel::database::error::failed;
use crate::kernel::database::row::{Columns, Row};
use crate::kernel::database::statement_tables::StatementTables;
use crate::kernel::database::table_set::TableSet;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::json_row::{BUILD, JSON, TABLE};
use crate::tables;

/// The version of JSON that is outdated.
pub(crate) const OUTDATED: i64 = 0;

/// JSON as it is stored, or the ids of resources whose JSON is not.
pub(crate) enum StoredJson<T> {
    Found(T),
    Missing(Vec<Uuid>),
}

/// Whether the actor may get the stored JSON of such resources: it shows all members.
pub(crate) fn is_stored_for(table: &AnyTable, actor: &Actor) -> bool {
    table.stores_json && actor.hidden_fields(table.resource).iter().all(|hidden| hidden.is_empty())
}

/// Adds the JSON of the resource with this id and version to a select; null if it is not stored.
pub(crate) fn join(select: &mut SelectStatement, id: Expr, version: Expr, actor: &Actor) {
    let column = |name: &'static str| Expr::col((TABLE, name));
    let day = column("day");
    let current = column("resource_id")
        .eq(id)
        .and(column("version").eq(version))
        .and(column("build").eq(BUILD))
        .and(day.clone().is_null().or(day.eq(actor.today().to_string())));
    select.expr_as(column(JSON), JSON).join(JoinType::LeftJoin, TABLE, current);
}

/// Returns the JSON of all rows, or the ids of those without JSON.
pub(crate) fn of_rows(mut rows: Vec<Row>) -> Result<StoredJson<Vec<String>>, Error> {
    let (mut found, mut missing) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &mut rows {
        match row.take_text(JSON).map_err(failed)? {
            Some(json) => found.push(json),
            None => missing.push(row.get("id").map_err(failed)?),
        }
    }
    Ok(if missing.is_empty() { StoredJson::Found(found) } else { StoredJson::Missing(missing) })
}

/// The tables that the JSON of such resources is made from.
pub(crate) fn tables_of(table: &AnyTable) -> TableSet {
    static TABLES: LazyLock<HashMap<&str, TableSet>> = LazyLock::new(|| {
        let stored = tables().iter().filter(|table| table.stores_json);
        stored.map(|table| (table.name(), read_by_select(table))).collect()
    });
    TABLES.get(table.name()).copied().unwrap_or(TableSet::ALL)
}

fn read_by_select(table: &AnyTable) -> TableSet {
    let mut select = table.select(DatabaseBackend::Sqlite);
    let actor = Actor::operator(DateTime::<Utc>::UNIX_EPOCH);
    for (name, column) in table.typed.derived_from(&actor, DatabaseBackend::Sqlite) {
        select.expr_as(column, name);
    }
    StatementTables::of(&select.to_string(SqliteQueryBuilder)).read
}
