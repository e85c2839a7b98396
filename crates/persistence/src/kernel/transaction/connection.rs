//! The connection through which a reader or a writer executes all of its statements.

use std::future::ready;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult,
    QueryResult, Statement,
};

use crate::kernel::database::retry::retry_on_broken_connection;

/// The transaction of a reader or a writer, or a single statement, which needs none.
pub(crate) struct Connection(Access);

enum Access {
    /// All statements see the same snapshot.
    Transaction(DatabaseTransaction),
    /// One statement, on any connection of the pool; whether it has been executed.
    Statement(DatabaseConnection, AtomicBool),
}

impl Connection {
    /// Wraps a transaction that has begun.
    pub(crate) fn new(tx: DatabaseTransaction) -> Self {
        Self(Access::Transaction(tx))
    }

    /// Makes a connection for one statement that reads: it is a snapshot of its own, and takes no BEGIN and no ROLLBACK.
    /// A second statement would see another snapshot, so it fails.
    pub(crate) fn of_statement(connections: DatabaseConnection) -> Self {
        Self(Access::Statement(connections, AtomicBool::new(false)))
    }

    /// Commits the transaction.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        match self.0 {
            Access::Transaction(tx) => tx.commit().await,
            Access::Statement(..) => Ok(()),
        }
    }

    /// Rolls the transaction back.
    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        match self.0 {
            Access::Transaction(tx) => tx.rollback().await,
            Access::Statement(..) => Ok(()),
        }
    }
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

/// What a method of [`ConnectionTrait`] returns; written out, so that a future is not boxed twice.
type Execution<'f, T> = Pin<Box<dyn Future<Output = Result<T, DbErr>> + Send + 'f>>;

impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DatabaseBackend {
        match &self.0 {
            Access::Transaction(tx) => tx.get_database_backend(),
            Access::Statement(connections, _) => connections.get_database_backend(),
        }
    }

    fn execute_raw<'s, 'f>(&'s self, statement: Statement) -> Execution<'f, ExecResult>
    where
        's: 'f,
        Self: 'f,
    {
        match &self.0 {
            Access::Transaction(tx) => tx.execute_raw(statement),
            Access::Statement(..) => read_only(),
        }
    }

    fn execute_unprepared<'s, 't, 'f>(&'s self, sql: &'t str) -> Execution<'f, ExecResult>
    where
        's: 'f,
        't: 'f,
        Self: 'f,
    {
        match &self.0 {
            Access::Transaction(tx) => tx.execute_unprepared(sql),
            Access::Statement(..) => read_only(),
        }
    }

    fn query_one_raw<'s, 'f>(&'s self, statement: Statement) -> Execution<'f, Option<QueryResult>>
    where
        's: 'f,
        Self: 'f,
    {
        match &self.0 {
            Access::Transaction(tx) => tx.query_one_raw(statement),
            Access::Statement(connections, executed) => Box::pin(async move {
                once(executed)?;
                retry_on_broken_connection(|| connections.query_one_raw(statement.clone())).await
            }),
        }
    }

    fn query_all_raw<'s, 'f>(&'s self, statement: Statement) -> Execution<'f, Vec<QueryResult>>
    where
        's: 'f,
        Self: 'f,
    {
        match &self.0 {
            Access::Transaction(tx) => tx.query_all_raw(statement),
            Access::Statement(connections, executed) => Box::pin(async move {
                once(executed)?;
                retry_on_broken_connection(|| connections.query_all_raw(statement.clone())).await
            }),
        }
    }
}
