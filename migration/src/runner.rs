//! Finds and runs the migrations that are due.
//!
//! The table of applied migrations is the one of sea-orm-migration, so `sea-orm-cli` can read it. The library itself is
//! not used: it compiles the discovery of schemas, roll-backs and a log filter, which we do not need.

use std::collections::HashSet;

use sea_orm::sea_query::{ColumnDef, Expr, Query, Table};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, TransactionTrait};

use crate::MIGRATIONS;
use crate::manager::{SchemaManager, Steps};

/// The table of applied migrations.
const APPLIED: &str = "seaql_migrations";

/// A change of the schema.
pub struct Migration {
    /// The name of its file, under which it is recorded.
    pub name: &'static str,
    pub(crate) steps: for<'a> fn(&'a SchemaManager<'a>) -> Steps<'a>,
}

/// Returns the migrations that have not been applied, in their order. Changes nothing, so it works without the right to
/// create tables.
///
/// # Errors
/// The database is unavailable, or a newer version has migrated it.
pub async fn pending(database: &DatabaseConnection) -> Result<Vec<&'static Migration>, DbErr> {
    let mut applied = applied(database).await?;
    let pending = MIGRATIONS.iter().filter(|migration| !applied.remove(migration.name)).collect();
    match applied.into_iter().next() {
        Some(unknown) => {
            Err(DbErr::Custom(format!("unknown migration `{unknown}`: a newer version applied it")))
        }
        None => Ok(pending),
    }
}

/// Applies all pending migrations, each in its own transaction. Two processes must not do so at the same time.
///
/// # Errors
/// The database is unavailable, a newer version has migrated it, or a migration failed (it is rolled back).
pub async fn up(database: &DatabaseConnection) -> Result<(), DbErr> {
    for migration in pending(database).await? {
        let transaction = database.begin().await?;
        let manager = SchemaManager(&transaction);
        create_table_of_applied(&manager).await?;
        (migration.steps)(&manager).await?;
        record(&manager, migration).await?;
        transaction.commit().await?;
    }
    Ok(())
}

async fn applied(database: &DatabaseConnection) -> Result<HashSet<String>, DbErr> {
    let backend = database.get_database_backend();
    let exists = match backend {
        DbBackend::Postgres => format!("SELECT 1 WHERE to_regclass('{APPLIED}') IS NOT NULL"),
        _ => format!("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '{APPLIED}'"),
    };
    if database.query_one_raw(Statement::from_string(backend, exists)).await?.is_none() {
        return Ok(HashSet::new());
    }
    let versions = Statement::from_string(backend, format!("SELECT version FROM {APPLIED}"));
    database.query_all_raw(versions).await?.iter().map(|row| row.try_get("", "version")).collect()
}

async fn create_table_of_applied(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(APPLIED)
        .if_not_exists()
        .col(ColumnDef::new("version").string().not_null().primary_key())
        .col(ColumnDef::new("applied_at").big_integer().not_null())
        .take();
    manager.create_table(table).await
}

async fn record(manager: &SchemaManager<'_>, migration: &Migration) -> Result<(), DbErr> {
    let now = match manager.get_database_backend() {
        DbBackend::Postgres => "CAST(extract(epoch FROM now()) AS bigint)",
        _ => "unixepoch()",
    };
    let row = Query::insert()
        .into_table(APPLIED)
        .columns(["version", "applied_at"])
        .values_panic([Expr::val(migration.name), Expr::cust(now)])
        .take();
    manager.execute(row).await
}
