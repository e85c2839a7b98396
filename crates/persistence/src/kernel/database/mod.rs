//! Connections: one writer and a few readers on SQLite, a few of each on PostgreSQL.
//!
//! The bottom layer: imports nothing of the kernel.

pub mod backup;
pub(crate) mod batch;
pub mod cache_generation;
pub mod connect_error;
pub(crate) mod error;
mod file_watch;
pub(crate) mod job_lock;
pub(crate) mod json_rows;
pub(crate) mod log_watermark;
mod migrations;
mod pg_listener;
pub(crate) mod pg_notify;
mod planner_statistics;
mod postgres;
pub(crate) mod retry;
pub(crate) mod row;
pub mod seeding;
pub(crate) mod sqlite;
pub mod sqlite_file;
pub(crate) mod sqlite_readers;
mod sqlite_values;
pub(crate) mod statement_connections;
pub mod statement_tables;
pub(crate) mod table_set;
pub(crate) mod wal;
pub(crate) mod write_slots;
pub(crate) mod writes;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, Statement};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::SemaphorePermit;
use vku_domain::kernel::error::Error;

use self::cache_generation::CacheGeneration;
use self::connect_error::ConnectError;
use self::error::failed;
use self::pg_notify::Notifier;
use self::retry::retry_on_broken_connection;
use self::sqlite_file::FileLock;
use self::sqlite_readers::SqliteReaders;
use self::statement_connections::StatementConnections;
use self::table_set::TableSet;
use self::wal::Log;
use self::write_slots::WriteSlots;
use self::writes::Writes;

/// How many exports run at the same time: each holds a connection and its snapshot to the end. They have
/// their own connections, so that other requests do not wait for them.
pub(crate) const EXPORTS: u32 = 2;
/// After how long an idle export connection is closed.
const EXPORT_IDLE: Duration = Duration::from_secs(10);

/// The connections to the database.
#[derive(Clone, Debug)]
pub struct Database {
    reading: DatabaseConnection,
    /// On PostgreSQL: connections for searches, which are planned once.
    searching: DatabaseConnection,
    statements: Arc<StatementConnections>,
    /// On SQLite: the connections that read without a thread of their own.
    sqlite_readers: Option<Arc<SqliteReaders>>,
    writing: DatabaseConnection,
    exporting: DatabaseConnection,
    /// On PostgreSQL: connections for long-held advisory locks, so that writers do not wait for them.
    locking: DatabaseConnection,
    backend: DatabaseBackend,
    /// On SQLite: the file, locked while any clone is in use.
    file: Option<Arc<(PathBuf, FileLock)>>,
    generation: Arc<CacheGeneration>,
    slots: Arc<WriteSlots>,
    /// Whether writes have failed recently.
    writes: Arc<Writes>,
    /// On SQLite: the write-ahead log.
    log: Option<Arc<Log>>,
    /// On PostgreSQL: the options for the connection that listens.
    listening: Option<Arc<PgConnectOptions>>,
    /// On PostgreSQL: notifies other instances of writes.
    notifier: Option<Arc<Notifier>>,
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

    /// Checks that the database responds.
    ///
    /// Errors: the database is unavailable.
    pub async fn ping(&self) -> Result<(), Error> {
        let response = retry_on_broken_connection(|| self.reading.query_one_raw(self.statement("SELECT 1")));
        response.await.map(drop).map_err(failed)
    }

    fn statement(&self, sql: &'static str) -> Statement {
        Statement::from_string(self.backend, sql)
    }

    /// Calls back for every statement from now on, to count them.
    pub fn on_statement(&mut self, callback: impl Fn(&Statement) + Send + Sync + Clone + 'static) {
        let (other, export, search) = (callback.clone(), callback.clone(), callback.clone());
        self.searching.set_metric_callback(move |info| search(info.statement));
        self.exporting.set_metric_callback(move |info| export(info.statement));
        self.statements.on_statement(callback.clone());
        if let Some(readers) = &self.sqlite_readers {
            readers.on_statement(callback.clone());
        }
        self.reading.set_metric_callback(move |info| callback(info.statement));
        self.writing.set_metric_callback(move |info| other(info.statement));
    }

    /// Starts to listen for writes of other instances, until the runtime ends. Without it, PostgreSQL
    /// responses are not cached. SQLite does not need it.
    pub fn listen(&self) {
        if let (Some(options), Some(notifier)) = (&self.listening, &self.notifier) {
            let (options, me) = (options.as_ref().clone(), notifier.instance());
            tokio::spawn(pg_listener::run(options, self.generation.clone(), me));
        }
    }

    /// Whether writes have failed recently.
    pub(crate) fn writes(&self) -> &Writes {
        &self.writes
    }

    /// On SQLite: truncates the write-ahead log soon, if it is long.
    pub(crate) fn truncate_wal(&self) {
        if let Some(log) = &self.log {
            log.truncate();
        }
    }

    pub(crate) fn generation(&self) -> &Arc<CacheGeneration> {
        &self.generation
    }

    /// Notifies other instances of a write of these tables; `first` is the mark of its first change in the log.
    pub(crate) fn notify(&self, tables: TableSet, first: Option<String>) {
        if let Some(notifier) = &self.notifier {
            notifier.notify_soon(tables, first);
        }
    }

    /// Closes all connections; committed data is on disk.
    ///
    /// Errors: a connection could not be closed cleanly.
    pub async fn close(self) -> Result<(), DbErr> {
        if let Some(notifier) = &self.notifier {
            notifier.finish().await;
        }
        self.exporting.close().await?;
        self.locking.close().await?;
        self.searching.close().await?;
        if let Some(readers) = &self.sqlite_readers {
            readers.close();
        }
        self.statements.close().await?;
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

    /// The connections for searches.
    pub(crate) fn searching(&self) -> &DatabaseConnection {
        &self.searching
    }

    /// The connections for single statements that read.
    pub(crate) fn statements(&self) -> &Arc<StatementConnections> {
        &self.statements
    }

    /// On SQLite: the connections that read without a thread of their own.
    pub(crate) fn sqlite_readers(&self) -> Option<&Arc<SqliteReaders>> {
        self.sqlite_readers.as_ref()
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
        self.slots.acquire().await
    }

    /// Returns a write slot if one is free now.
    pub(crate) fn try_acquire_write_slot(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.try_acquire()
    }

    pub(crate) fn slots(&self) -> &WriteSlots {
        &self.slots
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
