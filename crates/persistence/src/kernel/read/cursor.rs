//! The cursor of a list: the sort values and the id of a row.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Func, SelectStatement, SimpleExpr, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::sort::Direction;

use super::keyset::{PageDirection, invalid_cursor};
use crate::kernel::crypto::signed_token::TokenKey;
use crate::kernel::database::error::failed;
use crate::kernel::database::row::Columns;
use crate::kernel::search::{FOUND, SCORE};
use crate::kernel::table::SortColumn;
use crate::kernel::table::any::AnyQuery;
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::conditions::column_of;

/// The row of a cursor: the sort values as text, and the id.
#[derive(Serialize, Deserialize)]
pub(crate) struct ListPosition(pub(crate) PageDirection, Vec<String>, Uuid);

impl SortColumn {
    fn value(self, text: &str) -> Option<Value> {
        match self {
            Self::Instant(_) => {
                DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc).into())
            }
            Self::Score => text.parse::<i64>().ok().map(Value::from),
            Self::Text(_) | Self::OptionalText(_) | Self::Of(..) => Some(text.into()),
        }
    }
}

/// The sort columns of a list, with the id as the last tie-breaker.
pub(crate) struct Order {
    table: &'static AnyTable,
    columns: Vec<(SortColumn, Direction)>,
    /// The subquery that has the sort values as columns; `None` if they are computed from the row.
    rows: Option<&'static str>,
}

impl Order {
    pub(crate) fn of(query: &AnyQuery) -> Self {
        let by_score = (query.sort.is_empty() && query.search.is_some())
            .then_some((SortColumn::Score, Direction::Descending));
        let columns = by_score.into_iter().chain(query.sort.iter().copied()).collect();
        Self { table: query.table, columns, rows: None }
    }

    /// The same order of the rows of a subquery that [`Self::select`] has made.
    pub(super) fn of_rows(&self, rows: &'static str) -> Self {
        Self { table: self.table, columns: self.columns.clone(), rows: Some(rows) }
    }

    /// The id of a row.
    pub(super) fn id(&self) -> SimpleExpr {
        match self.rows {
            Some(rows) => Expr::col((rows, "id")),
            None => self.table.column("id"),
        }
    }

    fn expr(&self, index: usize, column: SortColumn) -> SimpleExpr {
        if let Some(rows) = self.rows {
            return Expr::col((Alias::new(rows), Alias::new(sort_value(index))));
        }
        match column {
            SortColumn::Text(name) | SortColumn::Instant(name) => self.table.column(name),
            SortColumn::Of(key, target, name) => column_of(self.table, key, target, name),
            SortColumn::Score => Expr::col((FOUND, SCORE)),
            // Written out, and not as a parameter, because indexes have this expression.
            SortColumn::OptionalText(name) => {
                Func::coalesce([self.table.column(name), Expr::cust("''")]).into()
            }
        }
    }

    /// Adds the id and the sort values to the columns of a select.
    pub(super) fn select(&self, select: &mut SelectStatement) {
        select.expr_as(self.id(), "id");
        self.select_values(select);
    }

    /// Adds the sort values to the columns of a select.
    pub(super) fn select_values(&self, select: &mut SelectStatement) {
        for (index, (column, _)) in self.columns.iter().enumerate() {
            select.expr_as(self.expr(index, *column), sort_value(index));
        }
    }

    /// Sorts a select.
    pub(super) fn sort(&self, select: &mut SelectStatement, page: PageDirection) {
        let sql_order = |direction| match (direction, page) {
            (Direction::Ascending, PageDirection::Next)
            | (Direction::Descending, PageDirection::Previous) => sea_orm::Order::Asc,
            _ => sea_orm::Order::Desc,
        };
        for (index, (column, direction)) in self.columns.iter().enumerate() {
            select.order_by_expr(self.expr(index, *column), sql_order(*direction));
        }
        select.order_by_expr(self.id(), sql_order(Direction::Ascending));
    }

    /// The rows after (or before) the cursor: `a >= x AND (a > x OR (a = x AND (b < y OR (b = y AND id >
    /// z))))`. The first condition is redundant, but lets the database start an index scan at the cursor.
    pub(crate) fn beyond(&self, position: &ListPosition) -> Condition {
        let ListPosition(page_direction, values, id) = position;
        let beyond_value =
            |expr: SimpleExpr, value: Value, direction: Direction| match (direction, page_direction) {
                (Direction::Ascending, PageDirection::Next)
                | (Direction::Descending, PageDirection::Previous) => expr.gt(value),
                _ => expr.lt(value),
            };
        let at_or_beyond =
            |expr: SimpleExpr, value: Value, direction: Direction| match (direction, page_direction) {
                (Direction::Ascending, PageDirection::Next)
                | (Direction::Descending, PageDirection::Previous) => expr.gte(value),
                _ => expr.lte(value),
            };
        let first = self.columns.first().zip(values.first()).and_then(|((column, direction), text)| {
            column.value(text).map(|value| at_or_beyond(self.expr(0, *column), value, *direction))
        });
        let last = Condition::all().add(beyond_value(self.id(), (*id).into(), Direction::Ascending));
        let columns = self.columns.iter().enumerate().zip(values).rev();
        let beyond = columns.fold(last, |inner, ((index, (column, direction)), value)| {
            let Some(value) = column.value(value) else { return inner };
            Condition::any()
                .add(beyond_value(self.expr(index, *column), value.clone(), *direction))
                .add(Condition::all().add(self.expr(index, *column).eq(value)).add(inner))
        });
        Condition::all().add_option(first).add(beyond)
    }

    /// Returns the cursor position of a row with the columns of [`Self::select`].
    pub(crate) fn position(
        &self,
        row: &impl Columns,
        page_direction: PageDirection,
    ) -> Result<ListPosition, Error> {
        let values = self.columns.iter().enumerate().map(|(index, (column, _))| {
            let name = sort_value(index);
            Ok(match column {
                SortColumn::Instant(_) => row.get::<DateTime<Utc>>(&name)?.to_rfc3339(),
                SortColumn::Score => row.get::<i64>(&name)?.to_string(),
                _ => row.get(&name)?,
            })
        });
        let values = values.collect::<Result<_, sea_orm::DbErr>>().map_err(failed)?;
        Ok(ListPosition(page_direction, values, row.get("id").map_err(failed)?))
    }

    fn fits(&self, ListPosition(_, values, _): &ListPosition) -> bool {
        values.len() == self.columns.len()
            && self.columns.iter().zip(values).all(|((column, _), text)| column.value(text).is_some())
    }
}

fn sort_value(index: usize) -> String {
    format!("sort_{index}")
}

/// The context that a cursor is bound to: resource, parent, filter and sort.
fn context(query: &AnyQuery, parent: Option<Uuid>) -> String {
    format!(
        "{}|{}|{}",
        query.table.name(),
        parent.map(|id| id.to_string()).unwrap_or_default(),
        query.fingerprint
    )
}

/// Encrypts a cursor: its values may be personal data.
pub(crate) fn write(
    key: &TokenKey,
    query: &AnyQuery,
    parent: Option<Uuid>,
    position: &ListPosition,
) -> Result<String, Error> {
    let payload = serde_json::to_vec(position).map_err(Error::internal)?;
    let token = key.seal(context(query, parent).as_bytes(), &payload);
    token.ok_or_else(|| Error::internal("a cursor that is too long to encrypt"))
}

/// Decrypts a cursor.
///
/// Errors: 400 if the token was altered or belongs to another list.
pub(crate) fn read(
    key: &TokenKey,
    query: &AnyQuery,
    parent: Option<Uuid>,
    token: &str,
) -> Result<ListPosition, Error> {
    let payload = key.unseal(context(query, parent).as_bytes(), token);
    let position = payload.and_then(|payload| serde_json::from_slice::<ListPosition>(&payload).ok());
    position.filter(|position| Order::of(query).fits(position)).ok_or_else(invalid_cursor)
}
