//! Rows, whichever library has read them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use sea_orm::{DbErr, QueryResult, TryGetable};
use uuid::Uuid;

/// A row.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlx(QueryResult),
    Sqlite(SqliteRow),
}

/// A row that was read without sqlx.
#[derive(Debug)]
pub(crate) struct SqliteRow {
    names: Arc<[Box<str>]>,
    values: Vec<Value>,
}

impl SqliteRow {
    /// Makes a row of its values, and the names of their columns.
    pub(super) fn new(names: Arc<[Box<str>]>, values: Vec<Value>) -> Self {
        Self { names, values }
    }

    fn get<T: Cell>(&self, name: &str) -> Result<T, DbErr> {
        let value = self.index(name).and_then(|index| self.values.get(index));
        value.and_then(T::of).ok_or_else(|| other_type(name))
    }

    fn take_text(&mut self, name: &str) -> Result<Option<String>, DbErr> {
        let value = self.index(name).and_then(|index| self.values.get_mut(index));
        match value.map(|value| std::mem::replace(value, Value::Null)) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(other_type(name)),
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| &**column == name)
    }
}

fn other_type(name: &str) -> DbErr {
    DbErr::Type(format!("the column {name} has another type"))
}

impl Row {
    /// Takes a text out of a column, which may be null: a long one is not copied.
    ///
    /// Errors: there is no such column, or it has another type.
    pub(crate) fn take_text(&mut self, name: &str) -> Result<Option<String>, DbErr> {
        match self {
            Self::Sqlx(row) => row.try_get("", name),
            Self::Sqlite(row) => row.take_text(name),
        }
    }
}

/// A row from which columns can be read by their names.
pub(crate) trait Columns {
    /// Returns a column.
    ///
    /// Errors: there is no such column, or it has another type.
    fn get<T: Cell>(&self, name: &str) -> Result<T, DbErr>;
}

impl Columns for QueryResult {
    fn get<T: Cell>(&self, name: &str) -> Result<T, DbErr> {
        self.try_get("", name)
    }
}

impl Columns for Row {
    fn get<T: Cell>(&self, name: &str) -> Result<T, DbErr> {
        match self {
            Self::Sqlx(row) => row.try_get("", name),
            Self::Sqlite(row) => row.get(name),
        }
    }
}

/// A value of a column.
pub(crate) trait Cell: TryGetable {
    /// Reads it as sqlx does; `None` if it has another type.
    fn of(value: &Value) -> Option<Self>;
}

impl Cell for i64 {
    fn of(value: &Value) -> Option<Self> {
        if let Value::Integer(number) = value { Some(*number) } else { None }
    }
}

impl Cell for String {
    fn of(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
}

impl Cell for Uuid {
    fn of(value: &Value) -> Option<Self> {
        if let Value::Blob(bytes) = value { Self::from_slice(bytes).ok() } else { None }
    }
}

impl Cell for DateTime<Utc> {
    fn of(value: &Value) -> Option<Self> {
        let Value::Text(text) = value else { return None };
        DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
    }
}

impl<T: Cell> Cell for Option<T> {
    fn of(value: &Value) -> Option<Self> {
        if matches!(value, Value::Null) { Some(None) } else { T::of(value).map(Some) }
    }
}
