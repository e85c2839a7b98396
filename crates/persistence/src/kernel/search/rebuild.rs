//! Builds the search index for existing rows: once, and again when texts are folded or split differently. On
//! the way, existing rows are rewritten as a new write would store them: with cleaned texts and new sort
//! keys.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult, Value};
use uuid::Uuid;
use vku_domain::kernel::characters::{is_blank, visible};
use vku_domain::kernel::error::Error;

use super::super::database::Database;
use super::super::database::retry::{begin, immediate, retry_on_broken_connection};
use super::super::table::any::AnyTable;
use super::super::table::country_index;
use super::index::{WORDS_LOCK, write};
use crate::kernel::database::error::failed;
use crate::kernel::transaction::connection::Connection;
use crate::kernel::transaction::reindexed::Reindexed;
use crate::tables;

/// Increase this when texts are cleaned, folded, split into words or looked up differently.
const VERSION: i64 = 3;

/// How many rows are read at a time.
const BATCH: u64 = 500;

/// Builds the index unless it is complete for this version. Boxed, so that it is compiled in this crate alone.
pub(crate) fn build(database: &Database) -> BoxFuture<'_, Result<(), Error>> {
    build_if_outdated(database).boxed()
}

async fn build_if_outdated(database: &Database) -> Result<(), Error> {
    if retry_on_broken_connection(|| is_built(database.reading())).await.map_err(failed)? {
        return Ok(());
    }
    let tx = Connection::new(begin(database.writing(), immediate()).await.map_err(failed)?);
    if database.backend() == DatabaseBackend::Postgres {
        // The second instance waits as long as the first one needs.
        let lock = format!("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({WORDS_LOCK})");
        tx.execute_unprepared(&lock).await.map_err(failed)?;
    }
    if is_built(&tx).await.map_err(failed)? {
        return tx.rollback().await.map_err(failed);
    }
    for table in ["search_state", "search_hit", "search_part", "search_word", "resource_json"] {
        tx.execute(&Query::delete().from_table(table).take()).await.map_err(failed)?;
    }
    for table in tables() {
        fill(table, &tx).await?;
    }
    let state =
        Query::insert().into_table("search_state").columns(["version"]).values_panic([VERSION.into()]).take();
    tx.execute(&state).await.map_err(failed)?;
    tx.commit().await.map_err(failed)
}

async fn is_built(database: &impl ConnectionTrait) -> Result<bool, sea_orm::DbErr> {
    let select = Query::select().column("version").from("search_state").take();
    let rows = database.query_all(&select).await?;
    let versions = rows.iter().map(|row| row.try_get::<i64>("", "version")).collect::<Result<Vec<_>, _>>()?;
    Ok(versions == [VERSION])
}

/// Indexes all rows of a table, including deleted ones.
async fn fill(table: &'static AnyTable, tx: &Connection) -> Result<(), Error> {
    let mut last = Uuid::nil();
    loop {
        let select = table
            .select(tx.get_database_backend())
            .and_where(table.column("id").gt(last))
            .order_by_expr(table.column("id"), sea_orm::Order::Asc)
            .limit(BATCH)
            .take();
        let mut rows = tx.query_all(&select).await.map_err(failed)?;
        let mut any = false;
        for row in &rows {
            let stored = table.typed.values(row)?;
            any |= update(table, tx, row, stored.iter().map(cleaned)).await?;
        }
        if any {
            rows = tx.query_all(&select).await.map_err(failed)?;
        }
        let Some(end) = rows.last() else { break };
        last = end.try_get("", "id").map_err(failed)?;
        let items = table.read_rows(&rows)?.into_items();
        let mut indexed = Vec::with_capacity(items.len());
        for (item, row) in items.iter().zip(&rows) {
            let (now, _) = table.typed.to_row(item.data())?;
            let stored = table.typed.values(row)?;
            let folded = now.into_iter().zip(&stored).map(|(now, stored)| match &now {
                Value::String(_) if now != *stored => Some(now),
                _ => None,
            });
            update(table, tx, row, folded).await?;
            indexed.push(Reindexed::of(item.id(), None, item.data()));
        }
        write(tx, indexed).await?;
    }
    country_index::replace_of(tx, table, &format!("SELECT id FROM \"{}\"", table.name()), &[]).await
}

/// Updates the columns of the feature for which there is a new value; returns whether there are any.
async fn update(
    table: &AnyTable,
    tx: &Connection,
    row: &QueryResult,
    new: impl Iterator<Item = Option<Value>>,
) -> Result<bool, Error> {
    let changed = table.own_columns().iter().zip(new);
    let changed: Vec<_> = changed.filter_map(|(name, value)| Some((*name, Expr::val(value?)))).collect();
    if changed.is_empty() {
        return Ok(false);
    }
    let id: Uuid = row.try_get("", "id").map_err(failed)?;
    let update =
        Query::update().table(table.name()).values(changed).and_where(table.column("id").eq(id)).take();
    tx.execute(&update).await.map_err(failed)?;
    Ok(true)
}

/// Returns the text without characters that are no longer allowed; `None` if it has none of them.
fn cleaned(value: &Value) -> Option<Value> {
    match value {
        Value::String(Some(text)) => clean(text).map(Value::from),
        Value::Json(Some(json)) => {
            let mut json = (**json).clone();
            clean_all(&mut json).then(|| json.into())
        }
        _ => None,
    }
}

/// Replaces a text without any visible character, because a text must not be blank.
const PLACEHOLDER: &str = "?";

fn clean(text: &str) -> Option<String> {
    match visible(text) {
        cleaned if cleaned == text && (cleaned.is_empty() || !cleaned.chars().all(is_blank)) => None,
        cleaned if cleaned.chars().all(is_blank) => Some(PLACEHOLDER.to_owned()),
        cleaned => Some(cleaned.into_owned()),
    }
}

fn clean_all(json: &mut serde_json::Value) -> bool {
    match json {
        serde_json::Value::String(text) => clean(text).map(|clean| *text = clean).is_some(),
        serde_json::Value::Array(items) => items.iter_mut().fold(false, |any, item| clean_all(item) | any),
        serde_json::Value::Object(members) => {
            members.values_mut().fold(false, |any, member| clean_all(member) | any)
        }
        _ => false,
    }
}
