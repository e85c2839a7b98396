//! Reading, and beginning a transaction, again on another connection if one broke while it was idle.

use sea_orm::{
    DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use super::error::is_broken;

/// How many broken connections of a pool are skipped: after a restart of the database all of them are broken.
const MAX_BROKEN_CONNECTIONS: u32 = 32;

/// Runs work that changes nothing: beginning a transaction, or reading. A connection that broke while idle in
/// the pool is noticed here, before anything has been done, so another one is tried. If the database is
/// unavailable, no connection can be acquired at all.
pub(crate) async fn retry_on_broken_connection<R, F>(work: impl Fn() -> F) -> Result<R, DbErr>
where
    F: Future<Output = Result<R, DbErr>>,
{
    let mut tries = 0;
    loop {
        match work().await {
            Err(error) if is_broken(&error) && tries < MAX_BROKEN_CONNECTIONS => tries += 1,
            result => return result,
        }
    }
}

/// The options of a transaction that writes. On SQLite, a deferred one would fail at its first write if another has
/// written since its first read.
pub(crate) fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}

/// Begins a transaction on a connection that works.
pub(crate) async fn begin(
    connections: &DatabaseConnection,
    options: TransactionOptions,
) -> Result<DatabaseTransaction, DbErr> {
    retry_on_broken_connection(|| async {
        if connections.get_database_backend() != DatabaseBackend::Postgres {
            return connections.begin_with_options(options).await;
        }
        // Spawned, so that BEGIN completes even if the request is aborted: otherwise the driver would not
        // know of the open transaction, and the next statement on the connection would become part of it.
        let connections = connections.clone();
        let task = tokio::spawn(async move { connections.begin_with_options(options).await });
        task.await.unwrap_or_else(|error| Err(DbErr::Custom(error.to_string())))
    })
    .await
}
