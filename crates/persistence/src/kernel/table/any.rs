//! A table whose resource is known only at run time: code that takes an [`AnyTable`] serves all resources, and is
//! compiled once.

use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, LockType, Query, SelectStatement};
use sea_orm::{DatabaseBackend, QueryResult, Value};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::parameters::sort::Direction;
use vku_domain::kernel::resource::any::{AnyList, AnyResource, AnyStored, Meta, ResourceInfo};
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::search::Search;
use vku_domain::kernel::tabular::FieldSerializer;
use vku_domain::kernel::tabular::cell::Cell;

use super::child_rows::ChildRows;
use super::filter::{AnyFilter, ParentFilter};
use super::unnested::Unnesting;
use super::{Codes, CountryIndex, DerivedFrom, FoundBy, SortColumn, Unique};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::transaction::{Reader, Writer};
use crate::tables;

/// The table of a resource: what its `impl Table` says, as values. It is [`Table::TABLE`](super::Table::TABLE).
pub struct AnyTable {
    /// What the type of the resource says.
    pub(crate) resource: &'static ResourceInfo,
    /// The table of the parent.
    pub(crate) parent: Option<&'static Self>,
    /// See [`Table::SETS`](super::Table::SETS).
    pub(crate) has_sets: bool,
    /// See [`Table::PARTIES`](super::Table::PARTIES).
    pub(crate) has_parties: bool,
    /// See [`Table::PARTY_COUNTRIES`](super::Table::PARTY_COUNTRIES).
    pub(crate) has_party_countries: bool,
    /// See [`Table::COUNTRY_INDEX`](super::Table::COUNTRY_INDEX).
    pub(crate) country_index: Option<&'static CountryIndex>,
    /// See [`Table::VISIBILITY`](super::Table::VISIBILITY).
    pub(crate) visibility: Option<fn() -> Expr>,
    /// See [`Table::NAMED_AFTER`](super::Table::NAMED_AFTER).
    pub(crate) named_after: Option<(&'static str, &'static str)>,
    /// See [`Table::UNIQUE`](super::Table::UNIQUE).
    pub(crate) unique: &'static [Unique],
    /// See [`Table::FOREIGN_KEYS`](super::Table::FOREIGN_KEYS).
    pub(crate) foreign_keys: &'static [(&'static str, &'static str)],
    /// See [`Table::CODE_LISTS`](super::Table::CODE_LISTS).
    pub(crate) code_lists: &'static [Codes],
    /// See [`Table::PARENT_LOCK`](super::Table::PARENT_LOCK).
    pub(crate) parent_lock: LockType,
    /// See [`Table::FOUND_BY`](super::Table::FOUND_BY).
    pub(crate) found_by: &'static [FoundBy],
    /// See [`Table::STORES_JSON`](super::Table::STORES_JSON).
    pub(crate) stores_json: bool,
    /// See [`Table::DERIVED_FROM`](super::Table::DERIVED_FROM).
    pub(crate) derived_from: &'static [DerivedFrom],
    /// See [`Table::DEPENDS_ON_DAY`](super::Table::DEPENDS_ON_DAY).
    pub(crate) depends_on_day: Option<fn() -> Expr>,
    /// Whether [`Table::DERIVE_BY_QUERIES`](super::Table::DERIVE_BY_QUERIES) is set.
    pub(crate) derives_by_queries: bool,
    /// Whether the resource has write hooks.
    pub(crate) has_hooks: bool,
    /// See [`Table::json_column`](super::Table::json_column).
    pub(crate) json_column: fn(&str) -> &str,
    /// See [`Table::visible_to`](super::Table::visible_to).
    pub(crate) visible_to: fn(&Actor) -> Condition,
    /// See [`Table::is_binding`](super::Table::is_binding).
    pub(crate) is_binding: fn(DateTime<Utc>) -> Condition,
    /// The columns of the feature.
    pub(super) columns: &'static [&'static str],
    /// The code that knows the type of the resource.
    pub(crate) typed: &'static dyn TypedTable,
}

impl AnyTable {
    /// Returns the table of the resource with this name.
    ///
    /// Errors: 500 if there is none.
    pub(crate) fn find(name: &str) -> Result<&'static Self, Error> {
        let found = tables().iter().copied().find(|table| table.name() == name);
        found.ok_or_else(|| Corrupt::from("a reference to an unknown resource").into())
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
        let tables =
            [("set", self.has_sets), ("party", self.has_parties), ("country", self.country_index.is_some())];
        tables.into_iter().filter(|(_, has)| *has).map(|(kind, _)| format!("{}_{kind}", self.name()))
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

    /// Selects from the row with this id, if the actor may read such resources and sees it.
    pub(crate) fn visible_row(&self, actor: &Actor, id: Expr) -> SelectStatement {
        let mut select = self.visible_ids(actor).clear_selects().and_where(self.column("id").eq(id)).take();
        if let Some((key, parent)) = self.parent_column().zip(self.parent) {
            let parent = parent.visible_ids(actor).and_where(parent.column("id").eq(self.column(key))).take();
            select.and_where(Expr::exists(parent));
        }
        if !self.is_read_by(actor) {
            select.and_where(Expr::val(false));
        }
        select
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

/// The values of the columns of a feature, and its child rows.
pub(crate) type Columns = (Vec<Value>, ChildRows);

/// The functions of [`Table`](super::Table) that need the type of the resource. They fail if they get another one.
pub(crate) trait TypedTable: Sync {
    /// Converts data to the values of the columns and to child rows; see [`Table::to_row`](super::Table::to_row).
    fn to_row(&self, data: &dyn AnyResource) -> Result<Columns, Error>;

    /// Reads the values of the columns of the feature.
    fn values(&self, row: &QueryResult) -> Result<Vec<Value>, Error>;

    /// Converts rows to resources; see [`Table::from_row`](super::Table::from_row).
    fn read(&self, rows: Vec<(Meta, &QueryResult, ChildRows)>) -> Result<Box<dyn AnyList>, Error>;

    /// Converts new resources to the values of their columns and to child rows, and to the list of the resources as
    /// they would be read.
    fn stored(&self, new: &[(Meta, Box<dyn AnyResource>)])
    -> Result<(Vec<Columns>, Box<dyn AnyList>), Error>;

    /// Takes the parameters of a list.
    fn query(&self, parameters: &mut Parameters) -> AnyQuery;

    /// Takes the parameters of a table of entries; see [`Query::take_by_name`].
    ///
    /// [`Query::take_by_name`]: vku_domain::kernel::query::Query::take_by_name
    fn query_by_name(&self, parameters: &mut Parameters) -> AnyQuery;

    /// Takes the filters of a list.
    fn filter(&self, parameters: &mut Parameters) -> AnyFilter;

    /// Makes the query for all rows in the default order.
    fn all(&self) -> AnyQuery;

    /// Returns the cells of a row of an export.
    fn cells(&self, item: &dyn AnyStored, fields: &FieldSerializer) -> Result<Vec<Cell>, Error>;

    /// See [`Table::derived_from`](super::Table::derived_from).
    fn derived_from(&self, actor: &Actor, backend: DatabaseBackend) -> Vec<(&'static str, Expr)>;

    /// See [`Table::derive`](super::Table::derive); `rows` is empty for resources that were just inserted.
    fn derive(&self, items: &mut dyn AnyList, rows: &[QueryResult], actor: &Actor) -> Result<(), Error>;

    /// See [`Table::DERIVE_BY_QUERIES`](super::Table::DERIVE_BY_QUERIES).
    fn derive_by_queries<'a>(
        &self,
        reader: &'a Reader<'_>,
        items: &'a mut dyn AnyList,
    ) -> LocalBoxFuture<'a, Result<(), Error>>;

    /// See [`Table::check_references`](super::Table::check_references).
    fn check_references<'a>(
        &self,
        writer: &'a Writer<'_>,
        before: &'a dyn AnyStored,
        after: &'a dyn AnyResource,
    ) -> LocalBoxFuture<'a, Result<(), Error>>;

    /// See [`before_write`](super::hooks::WriteHooks::before_write).
    fn before_write<'a>(
        &self,
        writer: &'a Writer<'_>,
        parent: Option<Uuid>,
        before: Option<&'a dyn AnyStored>,
        after: &'a mut dyn AnyResource,
    ) -> LocalBoxFuture<'a, Result<(), Error>>;

    /// See [`after_write`](super::hooks::WriteHooks::after_write).
    fn after_write<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        before: Option<&'a dyn AnyStored>,
        after: &'a dyn AnyStored,
    ) -> LocalBoxFuture<'a, Result<(), Error>>;
}

/// The parameters of a list of any resource: a [`Query`](vku_domain::kernel::query::Query) without its type.
#[derive(Clone)]
pub struct AnyQuery {
    /// The table of the resource.
    pub(crate) table: &'static AnyTable,
    /// Converts the filter to SQL.
    pub(crate) filter: AnyFilter,
    /// The parents, if the sub-resources of all parents are listed.
    pub(crate) parents: ParentFilter,
    /// Whether the filter asks for child rows.
    pub(crate) filters_by_child_rows: bool,
    /// The search terms.
    pub(crate) search: Option<Search>,
    /// Whether to return which members match the search.
    pub(crate) highlight: bool,
    /// The sort order; empty if a search sorts by relevance.
    pub(crate) sort: Vec<(SortColumn, Direction)>,
    /// The position in the list.
    pub cursor: Option<String>,
    /// The page size.
    pub limit: u64,
    /// Whether to return the total number of rows.
    pub count: bool,
    /// Whether to list deleted rows, and only these.
    pub(crate) deleted: bool,
    /// What is listed of the resources, if not they themselves.
    pub(crate) unnested: Option<Unnesting>,
    /// The selected and expanded members.
    pub view: Projection,
    /// Filter and sort order as one text.
    pub(crate) fingerprint: String,
}
