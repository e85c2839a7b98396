//! The connections to PostgreSQL.

use std::future::ready;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DatabaseBackend, SqlxPostgresConnector};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::cache_generation::CacheGeneration;
use super::connect_error::ConnectError;
use super::pg_notify::Notifier;
use super::statement_connections::StatementConnections;
use super::write_slots::WriteSlots;
use super::writes::{Writes, is_idle};
use super::{Database, EXPORT_IDLE, EXPORTS};

/// How long a request waits for a PostgreSQL connection before it gets a 503. While the database is
/// unavailable, every request waits this long.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// The number of PostgreSQL connections that read: more would only wait for each other in the database.
const READ_CONNECTIONS: u32 = 8;
/// The number of PostgreSQL connections that search.
const SEARCH_CONNECTIONS: u32 = 4;
/// The number of PostgreSQL connections that write.
const WRITE_CONNECTIONS: u32 = 6;
/// The number of PostgreSQL connections that hold locks: for each running import, for a staged import, and
/// for the mail worker.
const LOCK_CONNECTIONS: u32 = 8;

impl Database {
    pub(super) async fn postgres(url: &str) -> Result<Self, ConnectError> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("vku-partnerships")
            .options([
                ("statement_timeout", "30s"),
                ("timezone", "UTC"),
                // Both cost more than they save in short statements.
                ("jit", "off"),
                ("max_parallel_workers_per_gather", "0"),
            ])
            .statement_cache_capacity(256)
            .disable_statement_logging();
        let pool = |max| {
            PgPoolOptions::new()
                .max_connections(max)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .test_before_acquire(false)
        };
        let writes = Arc::<Writes>::default();
        let trusting = writes.clone();
        let writing = pool(WRITE_CONNECTIONS)
            .before_acquire(move |connection, of| Box::pin(ready(Ok(trusting.trusts(connection, &of)))));
        // Planning a statement of a write anew each time takes longer than the statement.
        let writing_options = options.clone().options([("plan_cache_mode", "force_generic_plan")]);
        let writing = writing.connect_with(writing_options).await.map_err(|error| match error {
            sqlx::Error::PoolTimedOut => ConnectError::Away,
            other => other.into(),
        })?;
        // Set once for a connection: set in each transaction, this would cost two more round trips.
        let snapshots = options.clone().options([
            ("default_transaction_isolation", "repeatable read"),
            ("default_transaction_read_only", "on"),
        ]);
        let reading =
            |max| pool(max).before_acquire(|connection, _| Box::pin(ready(Ok(is_idle(connection)))));
        let exporting = reading(EXPORTS).idle_timeout(EXPORT_IDLE).connect_lazy_with(snapshots.clone());
        let statements = reading(READ_CONNECTIONS).connect_lazy_with(snapshots.clone());
        // Planning a search takes longer than searching, and the plan does not depend on the words: they are one
        // parameter. A list is planned anew, because its filters and its limit decide which index is best.
        let searching = reading(SEARCH_CONNECTIONS)
            .connect_lazy_with(snapshots.clone().options([("plan_cache_mode", "force_generic_plan")]));
        let reading = reading(READ_CONNECTIONS).connect_lazy_with(snapshots);
        let locking = pool(LOCK_CONNECTIONS).idle_timeout(EXPORT_IDLE).connect_lazy_with(options.clone());
        let writing = SqlxPostgresConnector::from_sqlx_postgres_pool(writing);
        Ok(Self {
            exporting: SqlxPostgresConnector::from_sqlx_postgres_pool(exporting),
            statements: Arc::new(StatementConnections::postgres(statements)),
            sqlite_readers: None,
            reading: SqlxPostgresConnector::from_sqlx_postgres_pool(reading),
            searching: SqlxPostgresConnector::from_sqlx_postgres_pool(searching),
            locking: SqlxPostgresConnector::from_sqlx_postgres_pool(locking),
            notifier: Some(Notifier::new(writing.clone())),
            writing,
            backend: DatabaseBackend::Postgres,
            file: None,
            generation: Arc::new(CacheGeneration::with_notifications()),
            slots: Arc::new(WriteSlots::new(WRITE_CONNECTIONS as usize)),
            writes,
            log: None,
            listening: Some(Arc::new(options)),
        })
    }
}
