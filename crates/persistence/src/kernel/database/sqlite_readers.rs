//! Connections to SQLite that read without a thread of their own.
//!
//! sqlx executes the statements of a SQLite connection in a thread, which hands over the rows one by one. For a short
//! statement that takes longer than the statement. These connections execute a statement in the thread of the caller, or
//! in one that blocks, and return all rows at once. Each reader has a connection for itself, and one snapshot.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{OpenFlags, params_from_iter};
use sea_orm::{DbErr, Statement};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::row::{Row, SqliteRow};
use super::sqlite_values::bound;

/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 128;
/// How many bytes of the file a connection reads as memory, which costs no copy: all of a usual one.
pub(super) const MMAP_SIZE: &str = "1073741824";
/// The other settings of a connection; see `sqlite`.
const PRAGMAS: &str = "PRAGMA query_only = 1; PRAGMA cache_size = -2000; PRAGMA temp_store = memory";
/// How long a statement waits for a lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a reader waits for a connection.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Gets each statement.
type Callback = Box<dyn Fn(&Statement) + Send + Sync>;

/// The connections that nobody uses.
pub(crate) struct SqliteReaders {
    path: PathBuf,
    idle: Mutex<Vec<rusqlite::Connection>>,
    free: Arc<Semaphore>,
    callback: OnceLock<Callback>,
}

/// A connection, which one reader uses.
pub(crate) struct SqliteReader {
    readers: Arc<SqliteReaders>,
    /// Absent while a statement is executed.
    connection: Mutex<Option<rusqlite::Connection>>,
    has_read: AtomicBool,
    thread: Thread,
    _permit: OwnedSemaphorePermit,
}

/// Where a statement is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thread {
    /// In the thread of the caller: a single statement, which reads a few rows by a key. It is a snapshot of its own, and
    /// takes no BEGIN and no ROLLBACK.
    Caller,
    /// In a thread that may block.
    Blocking,
}

impl SqliteReaders {
    /// Up to `size` connections to this file.
    pub(super) fn new(path: PathBuf, size: usize) -> Self {
        Self { path, idle: Mutex::default(), free: Arc::new(Semaphore::new(size)), callback: OnceLock::new() }
    }

    /// Calls back for every statement from now on.
    pub(super) fn on_statement(&self, callback: impl Fn(&Statement) + Send + Sync + 'static) {
        // Only the first one counts.
        let _ = self.callback.set(Box::new(callback));
    }

    /// Takes a connection, and begins to read; `None` if none becomes free in time, or none can be opened.
    pub(crate) async fn take(self: &Arc<Self>, thread: Thread) -> Option<SqliteReader> {
        let permit = timeout(TIMEOUT, self.free.clone().acquire_owned()).await.ok()?.ok()?;
        let idle = self.with(Vec::pop);
        let connection = idle.map_or_else(|| self.open(), Ok).ok()?;
        if thread == Thread::Blocking {
            connection.execute_batch("BEGIN").ok()?;
        }
        Some(SqliteReader {
            readers: self.clone(),
            connection: Mutex::new(Some(connection)),
            has_read: AtomicBool::new(false),
            thread,
            _permit: permit,
        })
    }

    /// Closes the connections that are not in use.
    pub(super) fn close(&self) {
        self.free.close();
        self.with(Vec::clear);
    }

    fn with<R>(&self, change: impl FnOnce(&mut Vec<rusqlite::Connection>) -> R) -> R {
        change(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn open(&self) -> rusqlite::Result<rusqlite::Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.execute_batch(PRAGMAS)?;
        connection.pragma_update(None, "mmap_size", MMAP_SIZE)?;
        Ok(connection)
    }
}

impl SqliteReader {
    /// Returns the rows of a statement.
    ///
    /// Errors: those of the database; a value that is not supported. The reader cannot be used any more then.
    pub(crate) async fn rows(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        if let Some(callback) = self.readers.callback.get() {
            callback(&statement);
        }
        if self.has_read.swap(true, Relaxed) && self.thread == Thread::Caller {
            return Err(failure(&"a second statement would see another snapshot"));
        }
        let taken = self.lock().take();
        let connection = taken.ok_or_else(|| failure(&"the connection is in use or has failed"))?;
        let (connection, rows) = match self.thread {
            Thread::Caller => execute(connection, &statement),
            Thread::Blocking => spawn_blocking(move || execute(connection, &statement))
                .await
                .map_err(|error| failure(&error))?,
        };
        let rows = rows?;
        *self.lock() = Some(connection);
        Ok(rows)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<rusqlite::Connection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SqliteReader {
    fn drop(&mut self) {
        let Some(connection) = self.lock().take() else { return };
        let has_ended = self.thread == Thread::Caller || connection.execute_batch("ROLLBACK").is_ok();
        if has_ended && !self.readers.free.is_closed() {
            self.readers.with(|idle| idle.push(connection));
        }
    }
}

fn execute(
    connection: rusqlite::Connection,
    statement: &Statement,
) -> (rusqlite::Connection, Result<Vec<Row>, DbErr>) {
    let rows = read(&connection, statement);
    (connection, rows)
}

fn read(connection: &rusqlite::Connection, statement: &Statement) -> Result<Vec<Row>, DbErr> {
    let values: &[_] = statement.values.as_ref().map_or(&[], |values| &values.0);
    let values: Option<Vec<Value>> = values.iter().map(bound).collect();
    let values = values.ok_or_else(|| failure(&"a value of an unsupported type"))?;
    let failed = |error: rusqlite::Error| failure(&error);
    let mut prepared = connection.prepare_cached(&statement.sql).map_err(failed)?;
    let names: Arc<[Box<str>]> = prepared.column_names().into_iter().map(Box::from).collect();
    let mut found = prepared.query(params_from_iter(values)).map_err(failed)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        let values =
            (0..names.len()).map(|index| row.get(index)).collect::<Result<_, _>>().map_err(failed)?;
        rows.push(Row::Sqlite(SqliteRow::new(names.clone(), values)));
    }
    Ok(rows)
}

fn failure(error: &dyn std::fmt::Display) -> DbErr {
    DbErr::Custom(error.to_string())
}

impl std::fmt::Debug for SqliteReaders {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SqliteReaders").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate, Utc};
    use sea_orm::{DatabaseBackend, Value};
    use uuid::Uuid;

    use super::super::Database;
    use super::super::row::Columns;
    use super::*;

    fn values() -> Vec<Value> {
        let at: DateTime<Utc> = "2026-11-30T08:00:00.123456Z".parse().unwrap();
        vec![
            true.into(),
            7_i32.into(),
            i64::MAX.into(),
            51_u64.into(),
            1.5_f64.into(),
            "Zürich's".into(),
            vec![0_u8, 255].into(),
            Uuid::from_u128(7).into(),
            NaiveDate::from_ymd_opt(2026, 1, 2).unwrap().into(),
            at.into(),
            Value::String(None),
            Value::Uuid(None),
        ]
    }

    /// The database of a test, and its readers.
    async fn opened(folder: &tempfile::TempDir) -> (Database, Arc<SqliteReaders>) {
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let database = Database::connect(&url).await.unwrap();
        let readers = database.sqlite_readers().unwrap().clone();
        (database, readers)
    }

    #[tokio::test]
    async fn values_are_bound_as_sqlx_binds_them() {
        let folder = tempfile::tempdir().unwrap();
        let (database, readers) = opened(&folder).await;
        for value in values() {
            let sql = "SELECT typeof($1) || quote($1) AS bound";
            let statement = Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql, [value.clone()]);
            let theirs = database.statements().query_all(&statement).await.unwrap();
            let theirs: String = theirs[0].get("bound").unwrap();
            for thread in [Thread::Caller, Thread::Blocking] {
                let reader = readers.take(thread).await.unwrap();
                let ours: String = reader.rows(statement.clone()).await.unwrap()[0].get("bound").unwrap();
                assert_eq!(ours, theirs, "{value:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_connection_is_used_again_unless_it_failed_and_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let (_database, readers) = opened(&folder).await;
        let ask = async |sql: &str| {
            let reader = readers.take(Thread::Caller).await.unwrap();
            reader.rows(Statement::from_string(DatabaseBackend::Sqlite, sql)).await
        };
        let idle = || readers.with(|idle| idle.len());
        assert_eq!(ask("SELECT 1 AS one").await.unwrap()[0].get::<i64>("one").unwrap(), 1);
        assert_eq!(idle(), 1);
        assert!(ask("SELECT missing").await.is_err());
        assert_eq!(idle(), 0);
        assert!(ask("CREATE TABLE zxq (id integer)").await.is_err());
        assert!(ask("SELECT 'text' AS one").await.unwrap()[0].get::<i64>("one").is_err());
        let reader = readers.take(Thread::Caller).await.unwrap();
        let one = || Statement::from_string(DatabaseBackend::Sqlite, "SELECT 1 AS one");
        assert!(reader.rows(one()).await.is_ok() && reader.rows(one()).await.is_err());
    }
}
