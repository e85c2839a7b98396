//! Connections for single statements that read.
//!
//! sqlx's pool asks the database for a sign of life whenever a connection returns to it. For a short statement that is
//! a second message to the database, as expensive as the first. These connections never return to a pool: whoever has
//! executed a statement leaves the connection to the next one, and closes it after an error.

use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use sea_orm::{ConnAcquireErr, DatabaseBackend, DbErr, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, Connection, Pool, Postgres, Sqlite};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::retry::retry_on_broken_connection;

/// A few connections, each used for one statement at a time.
pub(crate) struct StatementConnections {
    connections: Connections,
    free: Semaphore,
    timeout: Duration,
    callback: OnceLock<Callback>,
}

/// Gets each statement.
type Callback = Box<dyn Fn(&Statement) + Send + Sync>;

enum Connections {
    Sqlite(Idle<Sqlite>),
    Postgres(Idle<Postgres>),
}

/// The connections that nobody uses, and the pool that opens more.
struct Idle<D: sqlx::Database> {
    opener: Pool<D>,
    idle: Mutex<Vec<D::Connection>>,
}

impl<D: sqlx::Database> Idle<D> {
    fn new(opener: Pool<D>) -> Self {
        Self { opener, idle: Mutex::default() }
    }

    fn with<R>(&self, change: impl FnOnce(&mut Vec<D::Connection>) -> R) -> R {
        change(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn take(&self) -> Result<D::Connection, DbErr> {
        match self.with(Vec::pop) {
            Some(connection) => Ok(connection),
            None => Ok(self.opener.acquire().await.map_err(not_acquired)?.detach()),
        }
    }

    /// Returns the rows of a statement. A connection that fails is dropped, and so is that of a caller who is gone.
    async fn query_all(&self, sql: AssertSqlSafe<&str>, values: SqlxValues) -> Result<Vec<QueryResult>, DbErr>
    where
        SqlxValues: sqlx::IntoArguments<D>,
        QueryResult: From<D::Row>,
        for<'c> &'c mut D::Connection: sqlx::Executor<'c, Database = D>,
    {
        let mut connection = self.take().await?;
        let rows = sqlx::query_with(sql, values).fetch_all(&mut connection).await.map_err(failed)?;
        self.with(|idle| idle.push(connection));
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    async fn close(&self) -> Result<(), DbErr> {
        self.opener.close().await;
        for connection in self.with(std::mem::take) {
            connection.close().await.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
        }
        Ok(())
    }
}

impl StatementConnections {
    /// Connections to SQLite, as many as the pool has.
    pub(super) fn sqlite(opener: Pool<Sqlite>) -> Self {
        let (size, timeout) = bounds(&opener);
        Self::new(Connections::Sqlite(Idle::new(opener)), size, timeout)
    }

    /// Connections to PostgreSQL, as many as the pool has.
    pub(super) fn postgres(opener: Pool<Postgres>) -> Self {
        let (size, timeout) = bounds(&opener);
        Self::new(Connections::Postgres(Idle::new(opener)), size, timeout)
    }

    fn new(connections: Connections, size: usize, timeout: Duration) -> Self {
        Self { connections, free: Semaphore::new(size), timeout, callback: OnceLock::new() }
    }

    /// Calls back for every statement from now on.
    pub(super) fn on_statement(&self, callback: impl Fn(&Statement) + Send + Sync + 'static) {
        // Only the first one counts.
        let _ = self.callback.set(Box::new(callback));
    }

    pub(crate) fn backend(&self) -> DatabaseBackend {
        match self.connections {
            Connections::Sqlite(_) => DatabaseBackend::Sqlite,
            Connections::Postgres(_) => DatabaseBackend::Postgres,
        }
    }

    /// Returns the rows of a statement that reads.
    ///
    /// Errors: those of the database; no connection is free in time.
    pub(crate) async fn query_all(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let _permit = self.acquire().await?;
        retry_on_broken_connection(|| async {
            let sql = AssertSqlSafe(statement.sql.as_str());
            let values = SqlxValues(statement.values.clone().unwrap_or_else(|| sea_orm::Values(Vec::new())));
            if let Some(callback) = self.callback.get() {
                callback(statement);
            }
            match &self.connections {
                Connections::Sqlite(idle) => idle.query_all(sql, values).await,
                Connections::Postgres(idle) => idle.query_all(sql, values).await,
            }
        })
        .await
    }

    async fn acquire(&self) -> Result<SemaphorePermit<'_>, DbErr> {
        if let Ok(permit) = self.free.try_acquire() {
            return Ok(permit);
        }
        match tokio::time::timeout(self.timeout, self.free.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)),
            Err(_) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
        }
    }

    /// Closes the connections that are not in use.
    ///
    /// Errors: a connection could not be closed cleanly.
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        match &self.connections {
            Connections::Sqlite(idle) => idle.close().await,
            Connections::Postgres(idle) => idle.close().await,
        }
    }
}

impl fmt::Debug for StatementConnections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StatementConnections").finish_non_exhaustive()
    }
}

fn bounds<D: sqlx::Database>(opener: &Pool<D>) -> (usize, Duration) {
    let options = opener.options();
    (usize::try_from(options.get_max_connections()).unwrap_or(1), options.get_acquire_timeout())
}

fn not_acquired(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
    }
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}
