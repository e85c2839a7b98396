//! A table whose resource is known only at run time: code that takes an [`AnyTable`] serves all resources, and is
//! compiled once.

use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, LockType, Query, SelectStatement};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::Meta;
use vku_domain::kernel::resource::info::ResourceInfo;

use super::hooks::WriteHooks;
use super::row::TableRow;
use super::typed::{TypedTable, TypedTableOf};
use super::{Codes, FoundBy, Parent, Table, Unique};
use crate::kernel::database::error::{Corrupt, failed};
use crate::tables;

/// The table of a resource: what its `impl Table` says, as values. It is [`Table::TABLE`].
pub struct AnyTable {
    /// What the type of the resource says.
    pub(crate) resource: &'static ResourceInfo,
    /// The table of the parent.
    pub(crate) parent: Option<&'static Self>,
    /// See [`Table::SETS`].
    pub(crate) has_sets: bool,
    /// See [`Table::PARTIES`].
    pub(crate) has_parties: bool,
    /// See [`Table::PARTY_COUNTRIES`].
    pub(crate) has_party_countries: bool,
    /// See [`Table::VISIBILITY`].
    pub(crate) visibility: Option<fn() -> Expr>,
    /// See [`Table::NAMED_AFTER`].
    pub(crate) named_after: Option<(&'static str, &'static str)>,
    /// See [`Table::UNIQUE`].
    pub(crate) unique: &'static [Unique],
    /// See [`Table::FOREIGN_KEYS`].
    pub(crate) foreign_keys: &'static [(&'static str, &'static str)],
    /// See [`Table::CODE_LISTS`].
    pub(crate) code_lists: &'static [Codes],
    /// See [`Table::PARENT_LOCK`].
    pub(crate) parent_lock: LockType,
    /// See [`Table::FOUND_BY`].
    pub(crate) found_by: &'static [FoundBy],
    /// Whether the resource has write hooks.
    pub(crate) has_hooks: bool,
    /// See [`Table::json_column`].
    pub(crate) json_column: fn(&str) -> &str,
    /// See [`Table::visible_to`].
    pub(crate) visible_to: fn(&Actor) -> Condition,
    /// See [`Table::is_binding`].
    pub(crate) is_binding: fn(DateTime<Utc>) -> Condition,
    /// The columns of the feature.
    columns: &'static [&'static str],
    /// The code that knows the type of the resource.
    pub(crate) typed: &'static dyn TypedTable,
}

impl AnyTable {
    pub(super) const fn of<T: Table>() -> Self {
        Self {
            resource: T::INFO,
            parent: <T::Parent as Parent>::PARENT_TABLE,
            has_sets: T::SETS,
            has_parties: T::PARTIES,
            has_party_countries: T::PARTY_COUNTRIES,
            visibility: T::VISIBILITY,
            named_after: T::NAMED_AFTER,
            unique: T::UNIQUE,
            foreign_keys: T::FOREIGN_KEYS,
            code_lists: T::CODE_LISTS,
            parent_lock: T::PARENT_LOCK,
            found_by: T::FOUND_BY,
            has_hooks: T::Hooks::HAS_HOOKS,
            json_column: T::json_column,
            visible_to: T::visible_to,
            is_binding: T::is_binding,
            columns: T::Row::COLUMNS,
            typed: &TypedTableOf::<T>::NEW,
        }
    }

    /// Returns the table of the resource with this name.
    ///
    /// Errors: 500 if there is none.
    pub(crate) fn find(name: &str) -> Result<&'static Self, Error> {
        let found = tables().iter().copied().find(|table| table.name() == name);
        found.ok_or_else(|| Corrupt::from("a reference to no known resource").into())
    }

    /// The name of the resource, which is that of the table.
    pub(crate) fn name(&self) -> &'static str {
        self.resource.name
    }

    /// The columns of the feature.
    pub(crate) fn own_columns(&self) -> &'static [&'static str] {
        self.columns
    }

    /// Whether the feature has this column.
    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.columns.contains(&name)
    }

    /// A column.
    pub(crate) fn column(&self, name: impl Into<String>) -> Expr {
        Expr::col((Alias::new(self.name()), Alias::new(name)))
    }

    /// The column with the id of the parent.
    pub(crate) fn parent_column(&self) -> Option<String> {
        self.resource.parent.map(|name| format!("{name}_id"))
    }

    /// The names of all columns.
    pub(crate) fn all_columns(&self) -> impl Iterator<Item = String> {
        let shared = ["id", "version", "created_at", "updated_at", "deleted_at"].into_iter();
        shared.chain(self.columns.iter().copied()).map(str::to_owned).chain(self.parent_column())
    }

    /// The names of the tables with the child rows.
    pub(crate) fn child_tables(&self) -> impl Iterator<Item = String> {
        let tables = [("set", self.has_sets), ("party", self.has_parties)];
        tables.into_iter().filter(|(_, has)| *has).map(|(kind, _)| format!("{}_{kind}", self.name()))
    }

    /// Selects all columns of all rows.
    pub(crate) fn select(&self) -> SelectStatement {
        let mut select = Query::select();
        for name in self.all_columns() {
            select.expr(self.column(name));
        }
        select.from(self.name());
        select
    }

    /// Selects the ids of the rows that the actor sees, without deleted ones.
    pub(crate) fn visible_ids(&self, actor: &Actor) -> SelectStatement {
        Query::select()
            .column("id")
            .from(self.name())
            .and_where(self.column("deleted_at").is_null())
            .cond_where((self.visible_to)(actor))
            .take()
    }

    /// Reads the columns that all tables have.
    pub(crate) fn read_meta(&self, row: &QueryResult) -> Result<Meta, Error> {
        let parent = self.parent_column();
        let read = || {
            Ok(Meta {
                id: row.try_get("", "id")?,
                parent: parent.map(|name| row.try_get("", &name)).transpose()?,
                version: row.try_get("", "version")?,
                created_at: row.try_get("", "created_at")?,
                updated_at: row.try_get("", "updated_at")?,
                deleted_at: row.try_get("", "deleted_at")?,
            })
        };
        read().map_err(failed)
    }
}
