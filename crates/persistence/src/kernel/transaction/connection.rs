//! The connection through which a reader or a writer executes all of its statements.

use std::pin::Pin;

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, ExecResult, QueryResult, Statement,
};

/// The transaction of a reader or a writer.
pub(crate) struct Connection {
    tx: DatabaseTransaction,
}

impl Connection {
    /// Wraps a transaction that has begun.
    pub(crate) fn new(tx: DatabaseTransaction) -> Self {
        Self { tx }
    }

    /// Commits the transaction.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.tx.commit().await
    }

    /// Rolls the transaction back.
    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        self.tx.rollback().await
    }
}

/// What a method of [`ConnectionTrait`] returns; written out, so that a future is not boxed twice.
type Execution<'f, T> = Pin<Box<dyn Future<Output = Result<T, DbErr>> + Send + 'f>>;

impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.tx.get_database_backend()
    }

    fn execute_raw<'s, 'f>(&'s self, statement: Statement) -> Execution<'f, ExecResult>
    where
        's: 'f,
        Self: 'f,
    {
        self.tx.execute_raw(statement)
    }

    fn execute_unprepared<'s, 't, 'f>(&'s self, sql: &'t str) -> Execution<'f, ExecResult>
    where
        's: 'f,
        't: 'f,
        Self: 'f,
    {
        self.tx.execute_unprepared(sql)
    }

    fn query_one_raw<'s, 'f>(&'s self, statement: Statement) -> Execution<'f, Option<QueryResult>>
    where
        's: 'f,
        Self: 'f,
    {
        self.tx.query_one_raw(statement)
    }

    fn query_all_raw<'s, 'f>(&'s self, statement: Statement) -> Execution<'f, Vec<QueryResult>>
    where
        's: 'f,
        Self: 'f,
    {
        self.tx.query_all_raw(statement)
    }
}
