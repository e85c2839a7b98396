//! The statement of a page: it selects the rows of the page first, and reads everything else for these only.

use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, QueryResult};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;

use super::cursor::{ListPosition, Order};
use super::keyset::Keyset;
use super::load::{Parents, select, visible, visible_itself};
use super::stored_json;
use super::total::{Counted, TOTAL, difference, hidden_rows, rows_of_hidden_parents};
use crate::kernel::database::Database;
use crate::kernel::database::error::failed;
use crate::kernel::database::row::{Columns, Row};
use crate::kernel::search;
use crate::kernel::table::SortColumn;
use crate::kernel::table::any::{AnyQuery, AnyTable};
use crate::kernel::table::conditions::{counts_of_parents, scalar_subquery};
use crate::kernel::table::filter::FilterSql;
use crate::kernel::table::has_child_row::HasChildRow;
use crate::kernel::table::unnested::Unnesting;
use crate::kernel::transaction::Reader;

/// The alias of the rows of a page.
const PAGE: &str = "page";
/// The column with the version of a row.
const VERSION: &str = "version";
/// The alias of all rows of a list that selects them once.
const MATCHED: &str = "matched";

/// So many child rows or parents are few: to look up their resources and to sort them takes less than to read the list in
/// its order.
const FEW: u64 = 1_000;

/// So many child rows are many: a total looks for those of the rows that the rest of the filter leaves.
const MANY: u64 = 20_000;

/// Whether a page begins with a statement that counts child rows or parents, see [`counts`].
pub(crate) fn counts_first(query: &AnyQuery, database: &Database, actor: &Actor) -> bool {
    let may_count = query.filters_by_child_rows || query.parents.filter.is_some();
    if !may_count || database.backend() != DatabaseBackend::Sqlite {
        return false;
    }
    let filter = (query.filter)(actor);
    !selects_once(query, &filter) && child_rows_as_list(query, &filter).is_none()
}

/// Returns the child rows of the filter if a list can be read from them alone: they repeat each column by which it is
/// filtered and sorted.
fn child_rows_as_list<'a>(query: &AnyQuery, filter: &'a FilterSql) -> Option<&'a HasChildRow> {
    let ([child_rows], Some(columns)) = (filter.child_rows.as_slice(), &filter.columns) else { return None };
    let sorted = query.sort.iter().map(|(column, _)| match column {
        SortColumn::Text(name) | SortColumn::OptionalText(name) => Some(*name),
        SortColumn::Instant(_) | SortColumn::Of(..) | SortColumn::Score => None,
    });
    let has_all = columns
        .iter()
        .map(|name| Some(*name))
        .chain(sorted)
        .all(|name| name.is_some_and(|name| child_rows.repeated.contains(&name)));
    let is_list = query.search.is_none() && query.table.parent.is_none();
    (is_list && has_all && !child_rows.repeated.is_empty()).then_some(child_rows)
}

/// Whether all rows of a list are selected once, for its pages and its total.
fn selects_once(query: &AnyQuery, filter: &FilterSql) -> bool {
    query.search.is_some() || (query.count && filter.is_expensive)
}

/// Returns the results of statements that count up to a limit. PostgreSQL knows without, and gets none.
async fn counts(reader: &Reader<'_>, counts: Vec<SelectStatement>) -> Result<Vec<u64>, Error> {
    if counts.is_empty() || reader.tx().get_database_backend() != DatabaseBackend::Sqlite {
        return Ok(Vec::new());
    }
    let name = |index: usize| format!("count_{index}");
    let (mut select, number) = (Query::select(), counts.len());
    for (index, count) in counts.into_iter().enumerate() {
        select.expr_as(scalar_subquery(count), name(index));
    }
    let rows = reader.tx().rows(&select).await.map_err(failed)?;
    let read = |index| rows.first().map(|row| row.get::<i64>(&name(index))).transpose();
    let counts = (0..number).map(|index| Ok(read(index)?.unwrap_or_default().unsigned_abs()));
    counts.collect::<Result<_, DbErr>>().map_err(failed)
}

/// A row of a page.
pub(super) trait PageRow: Columns + Sized {
    /// Selects what is read of each row of a page, and joins the page.
    fn select(list: &List<'_>, reader: &Reader<'_>, page: SelectStatement) -> SelectStatement;

    /// Executes the statement.
    async fn fetch(reader: &Reader<'_>, select: &SelectStatement) -> Result<Vec<Self>, DbErr>;
}

/// All that the resource is made of.
impl PageRow for QueryResult {
    fn select(list: &List<'_>, reader: &Reader<'_>, page: SelectStatement) -> SelectStatement {
        let is_of_page = list.order.of_rows(PAGE).id().eq(list.table.column("id"));
        select(list.table, reader).join_subquery(JoinType::InnerJoin, page, PAGE, is_of_page).take()
    }

    async fn fetch(reader: &Reader<'_>, select: &SelectStatement) -> Result<Vec<Self>, DbErr> {
        reader.tx().query_all(select).await
    }
}

/// The stored JSON of the resource.
impl PageRow for Row {
    fn select(list: &List<'_>, reader: &Reader<'_>, page: SelectStatement) -> SelectStatement {
        let id = list.order.of_rows(PAGE).id();
        let mut rows = Query::select().expr_as(id.clone(), "id").from_subquery(page, PAGE).take();
        stored_json::join(&mut rows, id, Expr::col((PAGE, VERSION)), reader.actor());
        rows
    }

    async fn fetch(reader: &Reader<'_>, select: &SelectStatement) -> Result<Vec<Self>, DbErr> {
        reader.tx().rows(select).await
    }
}

/// The rows of a list: their ids and the values by which they are sorted.
pub(super) struct List<'a> {
    table: &'static AnyTable,
    order: &'a Order,
    counts: bool,
    filtered: SelectStatement,
    counted: Counted,
    /// Whether all rows are selected once for the page and the total, because selecting them is expensive. If it is
    /// not, a page is read in the order of an index, without selecting all rows.
    selects_once: bool,
}

impl<'a> List<'a> {
    /// Selects the rows of a list; a search takes a query of its own.
    pub(super) async fn new(
        reader: &Reader<'_>,
        query: &AnyQuery,
        parent: Option<Uuid>,
        order: &'a Order,
    ) -> Result<Self, Error> {
        let table = query.table;
        let filter = (query.filter)(reader.actor());
        let as_list = child_rows_as_list(query, &filter).map(HasChildRow::as_owners);
        let selects_once = as_list.is_none() && selects_once(query, &filter);
        let FilterSql { condition, child_rows, .. } = filter;
        // A filter of its own leaves few rows, or the same that a page of them looks up.
        let is_filtered = !condition.is_empty() || !child_rows.is_empty();
        let is_only_filter = condition.is_empty();
        let mut rows = Query::select().cond_where(condition).take();
        let child_rows = match as_list {
            Some(owners) => {
                rows.from_subquery(owners, table.name());
                Vec::new()
            }
            None => {
                rows.from(table.name());
                child_rows
            }
        };
        let limit = if query.count && !is_only_filter { MANY } else { FEW };
        let mut to_count: Vec<_> = child_rows.iter().map(|child_row| child_row.count_up_to(limit)).collect();
        if let (Some(parents), None) = (table.parent, parent) {
            to_count.extend(counts_of_parents(parents, &query.parents, reader.actor(), FEW));
        }
        let counts = if selects_once { Vec::new() } else { counts(reader, to_count).await? };
        let few_parents = counts.iter().skip(child_rows.len()).any(|count| *count < FEW);
        let visible_with = |selected_first| {
            let parents = Parents::of_list(query, parent, selected_first);
            visible(table, reader.actor(), parents, query.deleted)
        };
        let mut filtered = rows.clone().cond_where(visible_with(few_parents)).take();
        let is_complete = !is_filtered && parent.is_none() && query.parents.is_default();
        let hidden =
            is_complete.then(|| rows_of_hidden_parents(table, reader.actor(), query.deleted)).flatten();
        let mut counted = match &hidden {
            Some(_) => rows.cond_where(visible_itself(table, reader.actor(), query.deleted)).take(),
            None => rows.cond_where(visible_with(few_parents || !is_filtered)).take(),
        };
        for (index, child_row) in child_rows.iter().enumerate() {
            let count = counts.get(index).copied();
            let is_rare = count.is_some_and(|count| count < FEW);
            filtered.and_where(if is_rare { child_row.of_all() } else { child_row.of_each() });
            let has_many = !is_only_filter && count.is_some_and(|count| count >= MANY);
            counted.and_where(if has_many { child_row.of_each() } else { child_row.of_all() });
        }
        let is_whole = is_complete && hidden.is_none() && !query.deleted;
        let mut counted = Counted { rows: counted, id: table.column("id"), hidden, is_whole };
        if let ([child_row], [count]) = (child_rows.as_slice(), counts.as_slice())
            && *count >= FEW
            && is_only_filter
            && child_row.is_unique
            && table.parent.is_none()
            && !query.deleted
        {
            counted = Counted {
                rows: child_row.child_rows(),
                id: child_row.owner_id(),
                hidden: Some(child_row.of_owners(hidden_rows(table, reader.actor()))),
                is_whole: false,
            };
        }
        if let Some(search) = &query.search {
            search::join(reader.tx(), table, &mut filtered, search).await?;
        }
        Ok(Self { table, order, counts: query.count, filtered, counted, selects_once })
    }

    /// Reads a page, and one row more if there is one.
    pub(super) async fn page<R: PageRow>(
        &self,
        reader: &Reader<'_>,
        position: Option<&ListPosition>,
        keyset: &Keyset,
    ) -> Result<Vec<R>, Error> {
        let table = self.table;
        let order = if self.selects_once { &self.order.of_rows(MATCHED) } else { self.order };
        let (mut page, version) = match self.selects_once {
            true => (Query::select().from(MATCHED).take(), Expr::col((MATCHED, VERSION))),
            false => (self.filtered.clone(), table.column(VERSION)),
        };
        order.select(&mut page);
        page.expr_as(version, VERSION);
        order.sort(&mut page, keyset.direction());
        if let Some(position) = position {
            page.cond_where(order.beyond(position));
        }
        page.limit(keyset.rows_to_read());

        let of_page = self.order.of_rows(PAGE);
        let mut rows = R::select(self, reader, page);
        of_page.select_values(&mut rows);
        if self.counts {
            rows.expr_as(scalar_subquery(self.row_total()), TOTAL);
        }
        of_page.sort(&mut rows, keyset.direction());
        if self.selects_once {
            rows.with_cte(self.matched());
        }
        R::fetch(reader, &rows).await.map_err(failed)
    }

    /// Counts all rows.
    pub(super) async fn count(&self, reader: &Reader<'_>) -> Result<i64, Error> {
        self.read_total(reader, self.row_total()).await
    }

    /// Counts the entries of all rows; `None` if each resource has to be asked.
    pub(super) async fn count_entries(
        &self,
        reader: &Reader<'_>,
        unnesting: &Unnesting,
    ) -> Result<Option<i64>, Error> {
        let backend = reader.tx().get_database_backend();
        let Some(entries) = unnesting.entry_rows(self.table, reader.actor(), backend) else {
            return Ok(None);
        };
        let total = if self.counted.is_whole && unnesting.criteria.is_empty() && !self.selects_once {
            let hidden = hidden_rows(self.table, reader.actor());
            difference(
                entries.count_all(),
                Some(entries.count_of(hidden, JoinType::CrossJoin, self.table.column("id"))),
            )
        } else {
            self.total(|rows, id| entries.count_of(rows, JoinType::InnerJoin, id))
        };
        self.read_total(reader, total).await.map(Some)
    }

    async fn read_total(&self, reader: &Reader<'_>, mut total: SelectStatement) -> Result<i64, Error> {
        if self.selects_once {
            total.with_cte(self.matched());
        }
        let rows = reader.tx().rows(&total).await.map_err(failed)?;
        Ok(rows.first().map(|row| row.get(TOTAL)).transpose().map_err(failed)?.unwrap_or(0))
    }

    /// Counts the rows.
    fn row_total(&self) -> SelectStatement {
        self.total(|mut rows, _| rows.expr_as(Expr::cust("count(*)"), TOTAL).take())
    }

    /// Selects a total of all rows that the actor sees: `count` makes it of rows and the column with their ids.
    fn total(&self, count: impl Fn(SelectStatement, Expr) -> SelectStatement) -> SelectStatement {
        if self.selects_once {
            return count(Query::select().from(MATCHED).take(), self.order.of_rows(MATCHED).id());
        }
        self.counted.total(self.table, count)
    }

    fn matched(&self) -> CommonTableExpression {
        let mut matched = self.filtered.clone();
        self.order.select(&mut matched);
        matched.expr_as(self.table.column(VERSION), VERSION);
        let mut named = CommonTableExpression::from_select(matched);
        named.table_name(MATCHED).materialized(true);
        named
    }
}
