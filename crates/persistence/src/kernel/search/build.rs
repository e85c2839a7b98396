//! Filling the tables of the search for what is there already: once, and again when texts are cut another way.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use uuid::Uuid;
use vku_domain::kernel::error::Error;

use super::super::connect::{Database, passing_over_broken};
use super::super::error::failed;
use super::super::link;
use super::super::row::Row;
use super::super::table::{Table, column};
use super::write::{Reindexed, WORDS_LOCK, write};
use crate::{Visitor, collections, visit};

/// To be raised when texts are cut into words, or looked up, another way.
const VERSION: i64 = 1;

/// How many rows are read at a time.
const BATCH: u64 = 500;

/// Fills the tables if they do not hold all rows as of this version.
pub(crate) async fn build(database: &Database) -> Result<(), Error> {
    if passing_over_broken(|| is_built(database.reading())).await.map_err(failed)? {
        return Ok(());
    }
    let options = TransactionOptions {
        isolation_level: None,
        access_mode: None,
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
    };
    let tx = database.writing().begin_with_options(options).await.map_err(failed)?;
    if database.backend() == DatabaseBackend::Postgres {
        // Who comes second waits as long as the first one needs.
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

/// Keeps the words of all rows of a resource, deleted ones too.
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
            let rows = select.all(self.0).await.map_err(failed)?;
            let rows: Vec<_> = rows.into_iter().map(Row::split).collect();
            let ids: Vec<Uuid> = rows.iter().map(|(meta, _)| meta.id).collect();
            let Some(end) = ids.last() else { return Ok(()) };
            last = *end;
            let mut links = link::load::<T>(self.0, &ids).await?;
            let mut indexed = Vec::with_capacity(rows.len());
            for (meta, columns) in rows {
                let data = T::read(columns, links.remove(&meta.id).unwrap_or_default())?;
                indexed.push(Reindexed::of::<T>(meta.id, None, &data));
            }
            write(self.0, indexed).await?;
        }
    }
}
