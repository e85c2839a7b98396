//! Connections: one writer and a few readers on SQLite, a few of each on PostgreSQL.
//!
//! The bottom layer: imports nothing of the kernel.

pub mod backup;
pub(crate) mod cache_generation;
pub(crate) mod error;
pub(crate) mod job_lock;
pub(crate) mod log_watermark;
pub(crate) mod pg_notify;
pub mod sqlite_file;
pub(crate) mod wal;
pub(crate) mod writes;

use std::future::ready;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, SqlxPostgresConnector,
    SqlxSqliteConnector, TransactionOptions, TransactionTrait,
};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::{Semaphore, SemaphorePermit};
use vku_domain::kernel::error::Error;
use vku_migration::{Migrator, MigratorTrait as _};

use self::cache_generation::CacheGeneration;
use self::error::{failed, is_broken};
use self::pg_notify::Notifier;
use self::sqlite_file::FileLock;
use self::wal::Log;
use self::writes::{Writes, is_idle};

/// How long a request waits for a PostgreSQL connection before it gets a 503. While the database is
/// unavailable, every request waits this long.
const ACQUIRE: Duration = Duration::from_secs(3);
/// How long a request waits for a SQLite connection. SQLite is never unavailable, so a queue is no reason to
/// refuse.
const TURN: Duration = Duration::from_secs(15);
/// The number of PostgreSQL connections that read: more would only wait for each other in the database.
const READING: u32 = 8;
/// The number of PostgreSQL connections that write.
const WRITING: u32 = 6;
/// The maximum number of SQLite readers; each has its own small page cache.
const SQLITE_READERS: usize = 4;
/// How many exports run at the same time: each holds a connection and its snapshot to the end. They have
/// their own connections, so that other requests do not wait for them.
pub(crate) const EXPORTS: u32 = 2;
/// After how long an idle export connection is closed.
const EXPORT_IDLE: Duration = Duration::from_secs(10);
/// The number of PostgreSQL connections that hold locks: for each running import, for a staged import, and
/// for the mail worker.
const LOCKING: u32 = 8;
/// The advisory lock for PostgreSQL migrations: several instances may start at the same time.
const MIGRATION_LOCK: i64 = 0x0076_6b75_5f6d_6967;

/// The advisory lock for seeding an empty database: several instances may start at the same time.
const FILLING_LOCK: i64 = 0x0076_6b75_5f66_696c;

/// How many broken connections of a pool are skipped: after a restart of the database all of them are broken.
const BROKEN_CONNECTIONS: u32 = 32;

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
            Err(error) if is_broken(&error) && tries < BROKEN_CONNECTIONS => tries += 1,
            result => return result,
        }
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

/// Why no connection could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The scheme of the URL is unknown.
    #[error(
        "the database URL must begin with `sqlite://` or `postgres://`; SQLite needs a file, without \
         parameters after `?`"
    )]
    Url,
    /// The database does not respond in time.
    #[error(
        "the database does not respond; check that the server is running and that the address is correct"
    )]
    Away,
    /// The URL is invalid, or the server refuses the connection.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] sqlx::Error),
    /// The SQLite file or its folder cannot be created.
    #[error("the folder of the database file, or the file itself, cannot be created: {0}")]
    Folder(#[from] std::io::Error),
    /// The lock files beside the SQLite file cannot be created or locked.
    #[error("the lock file next to {path} cannot be used: {source}")]
    Lock {
        /// The database file.
        path: PathBuf,
        /// The I/O error.
        source: std::io::Error,
    },
    /// The SQLite file is being restored.
    #[error("{0} is being restored; start again when the restore is finished")]
    Restoring(PathBuf),
}

/// The lock for seeding an empty database; released when dropped.
#[must_use]
#[derive(Debug)]
pub struct SeedLock(#[allow(dead_code, reason = "it ends the lock when it is dropped")] SeedLockKind);

#[derive(Debug)]
enum SeedLockKind {
    File { _hold: FileLock },
    Transaction { _lock: DatabaseTransaction },
}

/// The connections to the database.
#[derive(Clone, Debug)]
pub struct Database {
    reading: DatabaseConnection,
    writing: DatabaseConnection,
    exporting: DatabaseConnection,
    /// On PostgreSQL: connections for long-held advisory locks, so that writers do not wait for them.
    locking: DatabaseConnection,
    backend: DatabaseBackend,
    /// On SQLite: the file, locked while any clone is in use.
    file: Option<Arc<(PathBuf, FileLock)>>,
    generation: Arc<CacheGeneration>,
    /// The write slots, granted in order of arrival: as many as there are connections that write.
    turns: Arc<Semaphore>,
    /// Whether writes have failed recently.
    writes: Arc<Writes>,
    /// On SQLite: the write-ahead log.
    log: Option<Arc<Log>>,
    /// On PostgreSQL: the options for the connection that listens.
    listening: Option<Arc<PgConnectOptions>>,
    /// On PostgreSQL: notifies other instances of writes.
    teller: Option<Arc<Notifier>>,
}

impl Database {
    /// Connects by URL: `sqlite://path/to/file.db` (created if missing) or `postgres://user@host/database`.
    ///
    /// Errors: an invalid URL, or a database that does not respond.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        match (sqlite_file::path_of(url), url.split_once("://")) {
            (Some(path), _) => Self::sqlite(path).await,
            (None, Some(("postgres" | "postgresql", _))) => Self::postgres(url).await,
            _ => Err(ConnectError::Url),
        }
    }

    async fn sqlite(path: &Path) -> Result<Self, ConnectError> {
        sqlite_file::make_folder(sqlite_file::folder_of(path))?;
        let path = sqlite_file::resolved(path)?;
        let locked = |source| ConnectError::Lock { path: path.clone(), source };
        let lock = FileLock::shared(&path).map_err(locked)?;
        let lock = lock.ok_or_else(|| ConnectError::Restoring(path.clone()))?;
        sqlite_file::keep_private(&path)?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A committed write survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .pragma("mmap_size", "134217728")
            .pragma("cache_size", "-2000")
            .pragma("temp_store", "memory")
            // A page that many writes touch is checkpointed once for all of them; the log then takes 16 MiB.
            .pragma("wal_autocheckpoint", "4000")
            .pragma("journal_size_limit", wal::USUAL)
            .statement_cache_capacity(128)
            .optimize_on_close(true, None)
            .disable_statement_logging();
        let pool = || {
            SqlitePoolOptions::new()
                .acquire_timeout(TURN)
                .test_before_acquire(false)
                .before_acquire(|connection, _| Box::pin(ready(Ok(is_idle(connection)))))
                .idle_timeout(None)
                .max_lifetime(None)
        };
        let readers = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, SQLITE_READERS);
        let readers = u32::try_from(readers).unwrap_or(2);
        // The writer first: it creates the file. Two processes that do so at the same time would fail,
        // because SQLite does not wait for a lock when it switches to WAL mode.
        let start_lock = FileLock::acquire(&path).await.map_err(locked)?;
        let writing = pool().max_connections(1).connect_with(options.clone()).await?;
        drop(start_lock);
        let reading = pool().max_connections(readers).connect_lazy_with(options.clone());
        let exporting =
            pool().max_connections(EXPORTS).idle_timeout(EXPORT_IDLE).connect_lazy_with(options.clone());
        let turns = Arc::new(Semaphore::new(1));
        let log = Log::new(sqlite_file::beside(&path, "-wal"), options.clone(), turns.clone());
        Ok(Self {
            // On SQLite, locks are files, so no connections are reserved for them.
            locking: SqlxSqliteConnector::from_sqlx_sqlite_pool(exporting.clone()),
            exporting: SqlxSqliteConnector::from_sqlx_sqlite_pool(exporting),
            reading: SqlxSqliteConnector::from_sqlx_sqlite_pool(reading),
            writing: SqlxSqliteConnector::from_sqlx_sqlite_pool(writing),
            backend: DatabaseBackend::Sqlite,
            file: Some(Arc::new((path, lock))),
            generation: Arc::new(CacheGeneration::looked(options)),
            turns,
            writes: Arc::default(),
            log: Some(log),
            listening: None,
            teller: None,
        })
    }

    async fn postgres(url: &str) -> Result<Self, ConnectError> {
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
            PgPoolOptions::new().max_connections(max).acquire_timeout(ACQUIRE).test_before_acquire(false)
        };
        let writes = Arc::<Writes>::default();
        let trusting = writes.clone();
        let writing = pool(WRITING)
            .before_acquire(move |connection, of| Box::pin(ready(Ok(trusting.trusts(connection, &of)))));
        let writing = writing.connect_with(options.clone()).await.map_err(|error| match error {
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
        let reading = reading(READING).connect_lazy_with(snapshots);
        let locking = pool(LOCKING).idle_timeout(EXPORT_IDLE).connect_lazy_with(options.clone());
        let writing = SqlxPostgresConnector::from_sqlx_postgres_pool(writing);
        Ok(Self {
            exporting: SqlxPostgresConnector::from_sqlx_postgres_pool(exporting),
            reading: SqlxPostgresConnector::from_sqlx_postgres_pool(reading),
            locking: SqlxPostgresConnector::from_sqlx_postgres_pool(locking),
            teller: Some(Notifier::new(writing.clone())),
            writing,
            backend: DatabaseBackend::Postgres,
            file: None,
            generation: Arc::new(CacheGeneration::told()),
            turns: Arc::new(Semaphore::new(WRITING as usize)),
            writes,
            log: None,
            listening: Some(Arc::new(options)),
        })
    }

    /// Brings the schema up to date, under a lock, so that several instances may start at the same time.
    ///
    /// Errors: the database is unavailable, or a migration failed (it is rolled back).
    pub(super) async fn migrate_schema(&self) -> Result<(), Error> {
        match (self.pending().await?, &self.file) {
            (0, _) => Ok(()),
            (_, None) => self.migrate_postgres().await,
            (_, Some(file)) => {
                let start_lock = FileLock::acquire(&file.0).await.map_err(Error::file)?;
                let migrated = Migrator::up(&self.writing, None).await.map_err(failed);
                drop(start_lock);
                migrated
            }
        }
    }

    async fn migrate_postgres(&self) -> Result<(), Error> {
        let lock = begin(&self.writing, TransactionOptions::default()).await.map_err(failed)?;
        // The second instance waits as long as the first one needs.
        let statement =
            format!("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
        lock.execute_unprepared(&statement).await.map_err(failed)?;
        let migrated = Migrator::up(&self.writing, None).await;
        // A migration may have changed rows.
        if let Some(notifier) = &self.teller {
            notifier.notify().await;
        }
        lock.rollback().await.map_err(failed)?;
        migrated.map_err(failed)
    }

    /// Waits until nobody else is seeding this database, in this process or another, so that two instances
    /// that start on an empty database do not both seed it.
    ///
    /// Errors: the database is unavailable.
    pub async fn lock_for_seeding(&self) -> Result<SeedLock, Error> {
        if let Some(file) = &self.file {
            let file_lock = FileLock::acquire(&file.0).await.map_err(Error::internal)?;
            return Ok(SeedLock(SeedLockKind::File { _hold: file_lock }));
        }
        let lock = begin(&self.locking, TransactionOptions::default()).await.map_err(failed)?;
        let statement =
            format!("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({FILLING_LOCK})");
        lock.execute_unprepared(&statement).await.map_err(failed)?;
        Ok(SeedLock(SeedLockKind::Transaction { _lock: lock }))
    }

    /// Returns the number of pending migrations.
    ///
    /// Errors: the database is unavailable.
    pub async fn pending(&self) -> Result<usize, Error> {
        match retry_on_broken_connection(|| Migrator::get_pending_migrations_read_only(&self.reading)).await {
            Ok(pending) => Ok(pending.len()),
            // An empty database has no migrations table yet.
            Err(error) if error::is_away(&error) => Err(failed(error)),
            Err(_) => Ok(Migrator::migrations().len()),
        }
    }

    /// Whether nothing has been written to the database except what its schema contains.
    ///
    /// Errors: the database is unavailable.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        let written = sea_orm::Statement::from_sql_and_values(
            self.backend,
            "SELECT 1 FROM change WHERE request_id <> $1 LIMIT 1",
            [crate::SCHEMA.into()],
        );
        let row = self.reading.query_one_raw(written).await;
        Ok(row.map_err(failed)?.is_none())
    }

    /// Checks that the database responds.
    ///
    /// Errors: the database is unavailable.
    pub async fn ping(&self) -> Result<(), Error> {
        let response = retry_on_broken_connection(|| self.reading.query_one_raw(self.statement("SELECT 1")));
        response.await.map(drop).map_err(failed)
    }

    fn statement(&self, sql: &'static str) -> sea_orm::Statement {
        sea_orm::Statement::from_string(self.backend, sql)
    }

    /// Calls back for every statement from now on, to count them.
    pub fn observe(&mut self, callback: impl Fn(&str) + Send + Sync + Clone + 'static) {
        let (other, export) = (callback.clone(), callback.clone());
        self.exporting.set_metric_callback(move |info| export(&info.statement.sql));
        self.reading.set_metric_callback(move |info| callback(&info.statement.sql));
        self.writing.set_metric_callback(move |info| other(&info.statement.sql));
    }

    /// Starts to listen for writes of other instances, until the runtime ends. Without it, PostgreSQL
    /// responses are not cached. SQLite does not need it.
    pub fn listen(&self) {
        if let Some(options) = &self.listening {
            tokio::spawn(pg_notify::spawn_listener(options.as_ref().clone(), self.generation.clone()));
        }
    }

    /// Updates the planner statistics. PostgreSQL would do so itself a minute later; until then its plans
    /// assume tables that were never analyzed, and index-only scans fetch the rows as well, because the
    /// visibility map is not set. Empty tables are skipped: a plan for an empty table would be kept while the
    /// table fills up.
    pub(crate) async fn analyze(&self) {
        if let Err(error) = self.refresh_generation().await {
            tracing::warn!(%error, "the database statistics could not be updated");
        }
    }

    async fn refresh_generation(&self) -> Result<(), DbErr> {
        if self.backend == DatabaseBackend::Sqlite {
            let statement = "PRAGMA analysis_limit = 1000; ANALYZE";
            return self.writing.execute_unprepared(statement).await.map(drop);
        }
        let filled = "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' \
                      AND relnamespace = current_schema()::regnamespace AND pg_relation_size(oid) > 0";
        for row in self.writing.query_all_raw(self.statement(filled)).await? {
            let table: String = row.try_get("", "name")?;
            // Skip tables that are already being vacuumed, and do not block writers.
            let statement = format!("VACUUM (ANALYZE, SKIP_LOCKED, TRUNCATE false) {table}");
            self.writing.execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    /// Whether writes have failed recently.
    pub(crate) fn writes(&self) -> &Writes {
        &self.writes
    }

    /// On SQLite: truncates the write-ahead log soon, if it is long.
    pub(crate) fn shorten_log(&self) {
        if let Some(log) = &self.log {
            log.shorten();
        }
    }

    pub(crate) fn generation(&self) -> &CacheGeneration {
        &self.generation
    }

    /// Notifies other instances of a write.
    pub(crate) fn notify(&self) {
        if let Some(notifier) = &self.teller {
            notifier.tell();
        }
    }

    /// Closes all connections; committed data is on disk.
    ///
    /// Errors: a connection could not be closed cleanly.
    pub async fn close(self) -> Result<(), DbErr> {
        if let Some(notifier) = &self.teller {
            notifier.finish().await;
        }
        self.exporting.close().await?;
        self.locking.close().await?;
        self.generation.close().await;
        self.reading.close().await?;
        self.writing.close().await
    }

    /// The name of the database system.
    pub fn kind(&self) -> &'static str {
        match self.backend {
            DatabaseBackend::Postgres => "PostgreSQL",
            _ => "SQLite",
        }
    }

    pub(crate) fn reading(&self) -> &DatabaseConnection {
        &self.reading
    }

    pub(super) fn locking(&self) -> &DatabaseConnection {
        &self.locking
    }

    pub(crate) fn exporting(&self) -> &DatabaseConnection {
        &self.exporting
    }

    /// Waits for a write slot; it is released when the permit is dropped. Waiting for other writers is no
    /// reason to refuse a request; waiting for a connection is, because then the database is unavailable.
    pub(crate) async fn acquire_write_slot(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// Returns a write slot if one is free now.
    pub(crate) fn try_acquire_write_slot(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.try_acquire().ok()
    }

    pub(crate) fn writing(&self) -> &DatabaseConnection {
        &self.writing
    }

    /// On SQLite: the path of the file.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(|file| file.0.as_path())
    }

    pub(crate) fn backend(&self) -> DatabaseBackend {
        self.backend
    }
}
