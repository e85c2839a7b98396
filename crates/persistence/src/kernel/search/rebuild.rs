//! Builds the search index for existing rows: once, and again when texts are folded or split differently. On
//! the way, existing rows are rewritten as a new write would store them: with cleaned texts and new sort
//! keys.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DatabaseBackend, DatabaseTransaction, EntityTrait,
    IntoActiveModel, Iterable, QueryFilter, QueryOrder, QuerySelect, SqliteTransactionMode,
    TransactionOptions, Value,
};
use uuid::Uuid;
use vku_domain::kernel::characters::{is_blank, visible};
use vku_domain::kernel::error::Error;

use super::super::database::Database;
use super::super::database::retry::{begin, retry_on_broken_connection};
use super::super::table::{Table, column};
use super::index::{WORDS_LOCK, write};
use crate::kernel::database::error::failed;
use crate::kernel::table::child_rows;
use crate::kernel::table::row::Row;
use crate::kernel::transaction::reindexed::Reindexed;
use crate::{Visitor, collections, visit};

/// Increase this when texts are cleaned, folded, split into words or looked up differently.
const VERSION: i64 = 2;

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
    let options = TransactionOptions {
        isolation_level: None,
        access_mode: None,
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
    };
    let tx = begin(database.writing(), options).await.map_err(failed)?;
    if database.backend() == DatabaseBackend::Postgres {
        // The second instance waits as long as the first one needs.
        let lock = format!("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({WORDS_LOCK})");
        tx.execute_unprepared(&lock).await.map_err(failed)?;
    }
    if is_built(&tx).await.map_err(failed)? {
        return tx.rollback().await.map_err(failed);
    }
    for table in ["search_state", "search_hit", "search_part", "search_word"] {
        tx.execute(&Query::delete().from_table(table).take()).await.map_err(failed)?;
    }
    for collection in collections() {
        visit(&collection, Fill(&tx)).await.transpose()?;
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

/// Indexes all rows of a resource, including deleted ones.
struct Fill<'a>(&'a DatabaseTransaction);

impl Visitor for Fill<'_> {
    type Answer = Result<(), Error>;

    async fn visit<T: Table>(self) -> Self::Answer {
        let mut last = Uuid::nil();
        loop {
            let select = T::Entity::find()
                .filter(column::<T>("id").gt(last))
                .order_by_asc(Expr::col("id"))
                .limit(BATCH);
            let mut rows = select.clone().all(self.0).await.map_err(failed)?;
            let mut any = false;
            for row in rows.iter().cloned() {
                any |= update::<T>(self.0, row, |_, value| cleaned(value)).await?;
            }
            if any {
                rows = select.all(self.0).await.map_err(failed)?;
            }
            let ids: Vec<Uuid> = rows.iter().map(|row| row.clone().split().0.id).collect();
            let Some(end) = ids.last() else { return Ok(()) };
            last = *end;
            let mut links = child_rows::load::<T>(self.0, &ids).await?;
            let mut indexed = Vec::with_capacity(rows.len());
            for row in rows {
                let (meta, columns) = row.clone().split();
                let data = T::from_row(columns, links.remove(&meta.id).unwrap_or_default())?;
                let Some(now) = T::Row::join(meta, T::to_row(&data)?.0) else { continue };
                let now = now.into_active_model();
                let folded = |column, value: &Value| match now.get(column) {
                    ActiveValue::Unchanged(new @ Value::String(_)) if new != *value => Some(new),
                    _ => None,
                };
                update::<T>(self.0, row, folded).await?;
                indexed.push(Reindexed::of::<T>(meta.id, None, &data));
            }
            write(self.0, indexed).await?;
        }
    }
}

/// Updates the columns of a row for which `new` returns a value; returns whether there are any.
async fn update<T: Table>(
    tx: &DatabaseTransaction,
    row: T::Row,
    new: impl Fn(<T::Entity as EntityTrait>::Column, &Value) -> Option<Value>,
) -> Result<bool, Error> {
    let id = row.clone().split().0.id;
    let mut row = row.into_active_model();
    for column in <T::Entity as EntityTrait>::Column::iter() {
        if let ActiveValue::Unchanged(value) = row.get(column)
            && let Some(new) = new(column, &value)
        {
            row.set(column, new);
        }
    }
    if !row.is_changed() {
        return Ok(false);
    }
    T::Entity::update_many().set(row).filter(column::<T>("id").eq(id)).exec(tx).await.map_err(failed)?;
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
