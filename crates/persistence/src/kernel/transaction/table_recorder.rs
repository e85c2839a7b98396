//! Records which tables the statements of a connection read and write.

use std::sync::Arc;

use sea_orm::{Statement, Value};

use crate::kernel::database::cache_generation::TablesRead;
use crate::kernel::database::statement_tables::StatementTables;
use crate::kernel::database::table_set::{GrowingTableSet, TableSet};
use crate::tables;

/// The tables that a connection reads, if somebody asks for them, and those that it writes.
pub(crate) struct TableRecorder {
    reads: Option<Arc<TablesRead>>,
    written: Option<GrowingTableSet>,
}

impl TableRecorder {
    /// For a connection that reads: records the tables for the running task, if it asks for them.
    pub(crate) fn of_reader() -> Self {
        Self { reads: TablesRead::of_task(), written: None }
    }

    /// For a connection that writes.
    pub(crate) fn of_writer() -> Self {
        Self { reads: None, written: Some(GrowingTableSet::default()) }
    }

    /// The tables that have been written.
    pub(crate) fn written(&self) -> TableSet {
        self.written.as_ref().map(GrowingTableSet::get).unwrap_or_default()
    }

    /// Records tables that are read without being named by a statement.
    pub(crate) fn add_read(&self, tables: TableSet) {
        if let Some(reads) = &self.reads {
            reads.add(tables);
        }
    }

    /// Records tables that are written without being named by a statement.
    pub(crate) fn add_written(&self, tables: TableSet) {
        if let Some(written) = &self.written {
            written.add(tables);
        }
    }

    /// Records the tables of a statement.
    pub(super) fn record(&self, statement: &Statement) {
        let values = statement.values.as_ref().map(|values| values.0.as_slice());
        self.record_sql(&statement.sql, values.unwrap_or_default());
    }

    /// Records the tables of a statement with these values.
    pub(super) fn record_sql(&self, sql: &str, values: &[Value]) {
        if self.reads.is_none() && self.written.is_none() {
            return;
        }
        let StatementTables { read, written, reads_slugs, writes_slugs } = StatementTables::of(sql);
        self.add_read(if reads_slugs { read | slug_owners(values) } else { read });
        self.add_written(if writes_slugs { written | slug_owners(values) } else { written });
    }
}

/// The tables whose slugs a statement reads or writes: those of the resources that its values name, because a slug is
/// the one of a resource; all tables if they name none.
fn slug_owners(values: &[Value]) -> TableSet {
    let named = values.iter().filter_map(|value| match value {
        Value::String(Some(text)) => Some(text.as_str()),
        _ => None,
    });
    let owners = named.filter(|name| tables().iter().any(|table| table.name() == *name));
    let owners = owners.fold(TableSet::NONE, |all, name| all | TableSet::of(name));
    if owners.is_empty() { TableSet::ALL } else { owners }
}
