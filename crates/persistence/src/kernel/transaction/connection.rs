//! The connection through which a reader or a writer executes all of its statements. It records which tables they
//! read and write, so that a cached response depends on what it was read from, and a write invalidates what shows it.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, ExecResult, QueryResult, Statement,
    StatementBuilder,
};

use super::table_recorder::TableRecorder;
use crate::kernel::database::batch::together;
use crate::kernel::database::cache_generation::WriteLock;
use crate::kernel::database::row::Row;
use crate::kernel::database::sqlite_readers::SqliteReader;
use crate::kernel::database::statement_connections::StatementConnections;

/// The transaction of a reader or a writer, or a single statement, which needs none.
pub(crate) struct Connection {
    /// Declared before the transaction, so that it is dropped first: a rollback ends the lock.
    lock: Option<WriteLock>,
    access: Access,
    /// Whether others have begun the transaction, and will commit it.
    is_shared: bool,
    tables: TableRecorder,
}

enum Access {
    /// All statements see the same snapshot.
    Transaction(Arc<DatabaseTransaction>),
    /// One statement, on any connection; whether it has been executed.
    Statement(Arc<StatementConnections>, AtomicBool),
    /// A snapshot of SQLite, of which only rows are read, by [`Connection::rows`].
    Sqlite(SqliteReader),
}

impl Connection {
    fn of(access: Access, tables: TableRecorder) -> Self {
        Self { lock: None, access, is_shared: false, tables }
    }

    /// Wraps a transaction that reads.
    pub(crate) fn new(tx: DatabaseTransaction) -> Self {
        Self::of(Access::Transaction(Arc::new(tx)), TableRecorder::of_reader())
    }

    /// Wraps a transaction that writes, and holds the lock on SQLite.
    pub(crate) fn writing(tx: DatabaseTransaction, lock: Option<WriteLock>) -> Self {
        Self { lock, ..Self::of(Access::Transaction(Arc::new(tx)), TableRecorder::of_writer()) }
    }

    /// Wraps a transaction that others have begun, and will commit.
    pub(crate) fn joined(tx: Arc<DatabaseTransaction>) -> Self {
        Self { is_shared: true, ..Self::of(Access::Transaction(tx), TableRecorder::of_writer()) }
    }

    /// Wraps a transaction that others have left, to commit it.
    pub(crate) fn left_by_others(tx: Arc<DatabaseTransaction>, lock: Option<WriteLock>) -> Self {
        Self { lock, ..Self::of(Access::Transaction(tx), TableRecorder::of_writer()) }
    }

    /// Makes a connection for one statement that reads: it is a snapshot of its own, and takes no BEGIN and no ROLLBACK.
    /// A second statement would see another snapshot, so it fails.
    pub(crate) fn of_statement(connections: Arc<StatementConnections>) -> Self {
        let access = Access::Statement(connections, AtomicBool::new(false));
        Self::of(access, TableRecorder::of_reader())
    }

    /// Wraps a reader of SQLite.
    pub(crate) fn of_sqlite(reader: SqliteReader) -> Self {
        Self::of(Access::Sqlite(reader), TableRecorder::of_reader())
    }

    /// Whether others have begun the transaction, and will commit it.
    pub(crate) fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Ends the connection, but not its transaction, which others may join.
    ///
    /// Errors: it has none.
    pub(crate) fn into_shared(self) -> Result<(Arc<DatabaseTransaction>, Option<WriteLock>), DbErr> {
        match self.access {
            Access::Transaction(tx) => Ok((tx, self.lock)),
            Access::Statement(..) | Access::Sqlite(_) => Err(DbErr::Custom("no transaction".to_owned())),
        }
    }

    /// Returns the rows of a statement.
    ///
    /// Errors: those of the database.
    pub(crate) async fn rows(&self, statement: &impl StatementBuilder) -> Result<Vec<Row>, DbErr> {
        self.rows_raw(self.get_database_backend().build(statement)).await
    }

    /// The same for a statement that is written out.
    pub(crate) async fn rows_raw(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        if let Access::Sqlite(reader) = &self.access {
            self.tables.record(&statement);
            return reader.rows(statement).await;
        }
        Ok(self.query_all_raw(statement).await?.into_iter().map(Row::Sqlx).collect())
    }

    /// The tables that are read and written.
    pub(crate) fn tables(&self) -> &TableRecorder {
        &self.tables
    }

    /// Executes statements that write and do not read what the others write, as few as possible. Their tables are
    /// recorded one by one, because the text of many is not understood.
    pub(crate) async fn execute_all(&self, statements: Vec<Statement>) -> Result<(), DbErr> {
        statements.iter().for_each(|statement| self.tables.record(statement));
        let Access::Transaction(tx) = &self.access else { return read_only().await };
        for statement in together(tx.get_database_backend(), statements) {
            tx.execute_raw(statement).await?;
        }
        Ok(())
    }

    /// Commits the transaction.
    pub(crate) async fn commit(mut self) -> Result<(), DbErr> {
        self.lock.iter_mut().for_each(WriteLock::begin_commit);
        match self.access {
            Access::Transaction(tx) => alone(tx)?.commit().await,
            Access::Statement(..) | Access::Sqlite(_) => Ok(()),
        }
    }

    /// Rolls the transaction back.
    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        drop(self.lock);
        match self.access {
            Access::Transaction(tx) => alone(tx)?.rollback().await,
            Access::Statement(..) | Access::Sqlite(_) => Ok(()),
        }
    }
}

/// Returns a transaction that nobody else uses.
///
/// Errors: somebody does.
fn alone(tx: Arc<DatabaseTransaction>) -> Result<DatabaseTransaction, DbErr> {
    Arc::into_inner(tx).ok_or_else(|| DbErr::Custom("somebody else uses the transaction".to_owned()))
}

/// Notes that the single statement is executed now.
///
/// Errors: it has been executed already.
fn once(executed: &AtomicBool) -> Result<(), DbErr> {
    match executed.swap(true, Relaxed) {
        false => Ok(()),
        true => Err(DbErr::Custom("a second statement outside of a transaction".to_owned())),
    }
}

fn read_only<'f, T: Send + 'f>() -> Execution<'f, T> {
    Box::pin(ready(Err(DbErr::Custom("a write outside of a transaction".to_owned()))))
}

fn rows_only<'f, T: Send + 'f>() -> Execution<'f, T> {
    Box::pin(ready(Err(DbErr::Custom("only rows are read here".to_owned()))))
}

/// What a method of [`ConnectionTrait`] returns; written out, so that a future is not boxed twice.
type Execution<'f, T> = Pin<Box<dyn Future<Output = Result<T, DbErr>> + Send + 'f>>;

impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DatabaseBackend {
        match &self.access {
            Access::Transaction(tx) => tx.get_database_backend(),
            Access::Statement(connections, _) => connections.backend(),
            Access::Sqlite(_) => DatabaseBackend::Sqlite,
        }
    }

    fn execute_raw<'s, 'f>(&'s self, statement: Statement) -> Execution<'f, ExecResult>
    where
        's: 'f,
        Self: 'f,
    {
        self.tables.record(&statement);
        match &self.access {
            Access::Transaction(tx) => tx.execute_raw(statement),
            Access::Statement(..) | Access::Sqlite(_) => read_only(),
        }
    }

    fn execute_unprepared<'s, 't, 'f>(&'s self, sql: &'t str) -> Execution<'f, ExecResult>
    where
        's: 'f,
        't: 'f,
        Self: 'f,
    {
        self.tables.record_sql(sql, &[]);
        match &self.access {
            Access::Transaction(tx) => tx.execute_unprepared(sql),
            Access::Statement(..) | Access::Sqlite(_) => read_only(),
        }
    }

    fn query_one_raw<'s, 'f>(&'s self, statement: Statement) -> Execution<'f, Option<QueryResult>>
    where
        's: 'f,
        Self: 'f,
    {
        self.tables.record(&statement);
        match &self.access {
            Access::Transaction(tx) => tx.query_one_raw(statement),
            Access::Statement(connections, executed) => Box::pin(async move {
                once(executed)?;
                Ok(connections.query_all(&statement).await?.into_iter().next())
            }),
            Access::Sqlite(_) => rows_only(),
        }
    }

    fn query_all_raw<'s, 'f>(&'s self, statement: Statement) -> Execution<'f, Vec<QueryResult>>
    where
        's: 'f,
        Self: 'f,
    {
        self.tables.record(&statement);
        match &self.access {
            Access::Transaction(tx) => tx.query_all_raw(statement),
            Access::Statement(connections, executed) => Box::pin(async move {
                once(executed)?;
                connections.query_all(&statement).await
            }),
            Access::Sqlite(_) => rows_only(),
        }
    }
}
