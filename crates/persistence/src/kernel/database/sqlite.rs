//! The connections to SQLite.

use std::future::ready;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DatabaseBackend, SqlxSqliteConnector};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::cache_generation::CacheGeneration;
use super::connect_error::ConnectError;
use super::file_watch::{FileWatch, WritingConnection};
use super::sqlite_file::{self, FileLock};
use super::sqlite_readers::{MMAP_SIZE, SqliteReaders};
use super::statement_connections::StatementConnections;
use super::wal::{self, Log};
use super::write_slots::WriteSlots;
use super::writes::is_idle;
use super::{Database, EXPORT_IDLE, EXPORTS};

/// How long a request waits for a SQLite connection. SQLite is never unavailable, so a queue is no reason to
/// refuse.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);
/// The page cache of a connection that reads, as in `PRAGMA cache_size`: KiB, negative.
const CACHE_SIZE: &str = "-2000";
/// The same of the connection that writes. Large imports and groups of writes change many pages in a transaction; a
/// page that is written to the log before the commit, because the cache is full, is written again later.
const WRITER_CACHE_SIZE: &str = "-16000";
/// How many rows a connection reads ahead: all of a page, and of a part of an export. Each time it has to wait until a row
/// is taken, its thread and that of the caller wake each other.
const ROWS_AHEAD: usize = 256;
/// The maximum number of SQLite readers; each has its own small page cache.
const SQLITE_READERS: usize = 4;

impl Database {
    pub(super) async fn sqlite(path: &Path) -> Result<Self, ConnectError> {
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
            .pragma("mmap_size", MMAP_SIZE)
            .pragma("cache_size", CACHE_SIZE)
            .pragma("temp_store", "memory")
            // A page that many writes touch is checkpointed once for all of them; the log then takes 16 MiB.
            .pragma("wal_autocheckpoint", "4000")
            .pragma("journal_size_limit", wal::SIZE_LIMIT)
            .statement_cache_capacity(128)
            .row_buffer_size(ROWS_AHEAD)
            .optimize_on_close(true, None)
            .disable_statement_logging();
        let pool = || {
            SqlitePoolOptions::new()
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .test_before_acquire(false)
                .before_acquire(|connection, _| Box::pin(ready(Ok(is_idle(connection)))))
                .idle_timeout(None)
                .max_lifetime(None)
        };
        let readers = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, SQLITE_READERS);
        let sqlite_readers = Arc::new(SqliteReaders::new(path.clone(), readers));
        let readers = u32::try_from(readers).unwrap_or(2);
        // The writer first: it creates the file. Two processes that do so at the same time would fail,
        // because SQLite does not wait for a lock when it switches to WAL mode.
        let start_lock = FileLock::acquire(&path).await.map_err(locked)?;
        let connection = WritingConnection::default();
        let opened = connection.clone();
        let writing = pool().max_connections(1).after_connect(move |_, _| {
            opened.forget_version();
            Box::pin(ready(Ok(())))
        });
        let writing = writing.connect_with(options.clone().pragma("cache_size", WRITER_CACHE_SIZE)).await?;
        drop(start_lock);
        let reading = pool().max_connections(readers).connect_lazy_with(options.clone());
        let statements =
            pool().max_connections(readers).connect_lazy_with(options.clone().optimize_on_close(false, None));
        // Closed when idle: to optimize then would be a write for the others.
        let exporting = pool()
            .max_connections(EXPORTS)
            .idle_timeout(EXPORT_IDLE)
            .connect_lazy_with(options.clone().optimize_on_close(false, None));
        let slots = Arc::new(WriteSlots::new(1));
        let log = Log::new(sqlite_file::sibling(&path, "-wal"), options, slots.clone());
        Ok(Self {
            // On SQLite, locks are files, so no connections are reserved for them.
            locking: SqlxSqliteConnector::from_sqlx_sqlite_pool(exporting.clone()),
            exporting: SqlxSqliteConnector::from_sqlx_sqlite_pool(exporting),
            statements: Arc::new(StatementConnections::sqlite(statements)),
            sqlite_readers: Some(sqlite_readers),
            searching: SqlxSqliteConnector::from_sqlx_sqlite_pool(reading.clone()),
            reading: SqlxSqliteConnector::from_sqlx_sqlite_pool(reading),
            writing: SqlxSqliteConnector::from_sqlx_sqlite_pool(writing.clone()),
            backend: DatabaseBackend::Sqlite,
            file: Some(Arc::new((path, lock))),
            generation: Arc::new(CacheGeneration::with_polling(FileWatch::new(writing, connection))),
            slots,
            writes: Arc::default(),
            log: Some(log),
            listening: None,
            notifier: None,
        })
    }
}
