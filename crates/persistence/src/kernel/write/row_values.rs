//! The values of a row that is written.

use sea_orm::Value;
use sea_orm::sea_query::{Expr, InsertStatement, Query, SimpleExpr};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::{AnyResource, Meta};

use crate::kernel::table::any::AnyTable;
use crate::kernel::table::child_rows::ChildRows;

/// The columns of a row, with their values.
pub(crate) struct RowValues(Vec<(String, Value)>);

impl RowValues {
    /// Converts a resource to a row and its child rows.
    ///
    /// Errors: 500 if a sub-resource has no parent.
    pub(crate) fn of(
        table: &AnyTable,
        meta: Meta,
        data: &dyn AnyResource,
    ) -> Result<(Self, ChildRows), Error> {
        let (values, children) = table.typed.to_row(data)?;
        Ok((Self::new(table, meta, values)?, children))
    }

    /// Makes the row of the values of the feature's columns.
    ///
    /// Errors: 500 if a sub-resource has no parent.
    pub(crate) fn new(table: &AnyTable, meta: Meta, values: Vec<Value>) -> Result<Self, Error> {
        let shared = [
            meta.id.into(),
            meta.version.into(),
            meta.created_at.into(),
            meta.updated_at.into(),
            meta.deleted_at.into(),
        ];
        let parent = match (table.parent, meta.parent) {
            (Some(_), None) => return Err(Error::internal("a sub-resource without a parent")),
            (_, parent) => parent.map(Value::from),
        };
        let values = shared.into_iter().chain(values).chain(parent);
        Ok(Self(table.all_columns().zip(values).collect()))
    }

    /// Returns the value of a column.
    pub(crate) fn get(&self, column: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name == column).map(|(_, value)| value)
    }

    /// Returns the columns with their new values.
    pub(crate) fn assignments(self) -> impl Iterator<Item = (String, SimpleExpr)> {
        self.0.into_iter().map(|(name, value)| (name, Expr::val(value)))
    }
}

/// How many values one statement has at most: databases limit their number.
const MAX_VALUES: usize = 30_000;

/// Inserts rows.
pub(crate) fn insert(table: &AnyTable, rows: Vec<RowValues>) -> InsertStatement {
    let mut insert = Query::insert().into_table(table.name()).columns(table.all_columns()).take();
    for RowValues(row) in rows {
        insert.values_panic(row.into_iter().map(|(_, value)| Expr::val(value)));
    }
    insert
}

/// Inserts many rows, with as few statements as the databases allow.
pub(crate) fn inserts(table: &AnyTable, rows: Vec<RowValues>) -> impl Iterator<Item = InsertStatement> {
    let of_each = MAX_VALUES / table.all_columns().count().max(1);
    let mut rows = rows.into_iter().peekable();
    std::iter::from_fn(move || {
        rows.peek()?;
        Some(insert(table, rows.by_ref().take(of_each).collect()))
    })
}
