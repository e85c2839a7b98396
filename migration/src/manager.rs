//! Runs the statements of a migration in its transaction.

use std::pin::Pin;

use sea_orm::sea_query::{
    IndexCreateStatement, IndexDropStatement, TableAlterStatement, TableCreateStatement, TableDropStatement,
    TableRenameStatement,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, StatementBuilder};

/// The running steps of a migration.
pub(crate) type Steps<'a> = Pin<Box<dyn Future<Output = Result<(), DbErr>> + Send + 'a>>;

/// Runs the statements of a migration.
pub(crate) struct SchemaManager<'a>(pub(crate) &'a DatabaseTransaction);

impl SchemaManager<'_> {
    pub(crate) fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    pub(crate) fn get_connection(&self) -> &DatabaseTransaction {
        self.0
    }

    /// Runs a statement that changes rows.
    pub(crate) fn execute(&self, statement: impl StatementBuilder) -> Steps<'_> {
        let statement = self.get_database_backend().build(&statement);
        Box::pin(async move { self.0.execute_raw(statement).await.map(drop) })
    }

    pub(crate) fn create_table(&self, table: TableCreateStatement) -> Steps<'_> {
        self.execute(table)
    }

    pub(crate) fn alter_table(&self, table: TableAlterStatement) -> Steps<'_> {
        self.execute(table)
    }

    pub(crate) fn rename_table(&self, table: TableRenameStatement) -> Steps<'_> {
        self.execute(table)
    }

    pub(crate) fn drop_table(&self, table: TableDropStatement) -> Steps<'_> {
        self.execute(table)
    }

    pub(crate) fn create_index(&self, index: IndexCreateStatement) -> Steps<'_> {
        self.execute(index)
    }

    pub(crate) fn drop_index(&self, index: IndexDropStatement) -> Steps<'_> {
        self.execute(index)
    }
}
