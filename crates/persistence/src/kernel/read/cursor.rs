//! The cursor of a list: the sort values and the id of a row.

use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Func, SelectStatement, SimpleExpr, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::sort::Direction;

use super::keyset::{PageDirection, invalid_cursor};
use crate::kernel::crypto::signed_token::TokenKey;
use crate::kernel::database::error::failed;
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
}

impl Order {
    pub(crate) fn of(query: &AnyQuery) -> Self {
        let by_score = (query.sort.is_empty() && query.search.is_some())
            .then_some((SortColumn::Score, Direction::Descending));
        Self { table: query.table, columns: by_score.into_iter().chain(query.sort.iter().copied()).collect() }
    }

    fn expr(&self, column: SortColumn) -> SimpleExpr {
        match column {
            SortColumn::Text(name) | SortColumn::Instant(name) => self.table.column(name),
            SortColumn::Of(key, target, name) => column_of(self.table, key, target, name),
            SortColumn::Score => Expr::col((FOUND, SCORE)),
            SortColumn::OptionalText(name) => Func::coalesce([self.table.column(name), Expr::val("")]).into(),
        }
    }

    /// Orders a select, and adds the sort values to its columns.
    pub(crate) fn apply(&self, mut select: SelectStatement, page: PageDirection) -> SelectStatement {
        let sql_order = |direction| match (direction, page) {
            (Direction::Ascending, PageDirection::Next)
            | (Direction::Descending, PageDirection::Previous) => sea_orm::Order::Asc,
            _ => sea_orm::Order::Desc,
        };
        for (index, (column, direction)) in self.columns.iter().enumerate() {
            select
                .expr_as(self.expr(*column), format!("sort_{index}"))
                .order_by_expr(self.expr(*column), sql_order(*direction));
        }
        select.order_by_expr(self.table.column("id"), sql_order(Direction::Ascending));
        select
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
            column.value(text).map(|value| at_or_beyond(self.expr(*column), value, *direction))
        });
        let last =
            Condition::all().add(beyond_value(self.table.column("id"), (*id).into(), Direction::Ascending));
        let beyond =
            self.columns.iter().zip(values).rev().fold(last, |inner, ((column, direction), value)| {
                let Some(value) = column.value(value) else { return inner };
                Condition::any()
                    .add(beyond_value(self.expr(*column), value.clone(), *direction))
                    .add(Condition::all().add(self.expr(*column).eq(value)).add(inner))
            });
        Condition::all().add_option(first).add(beyond)
    }

    /// Returns the cursor position of a row that [`Self::apply`] selected.
    pub(crate) fn position(
        &self,
        row: &QueryResult,
        page_direction: PageDirection,
    ) -> Result<ListPosition, Error> {
        let values = self.columns.iter().enumerate().map(|(index, (column, _))| {
            let name = format!("sort_{index}");
            Ok(match column {
                SortColumn::Instant(_) => row.try_get::<DateTime<Utc>>("", &name)?.to_rfc3339(),
                SortColumn::Score => row.try_get::<i64>("", &name)?.to_string(),
                _ => row.try_get("", &name)?,
            })
        });
        let values = values.collect::<Result<_, sea_orm::DbErr>>().map_err(failed)?;
        Ok(ListPosition(page_direction, values, row.try_get("", "id").map_err(failed)?))
    }

    fn fits(&self, ListPosition(_, values, _): &ListPosition) -> bool {
        values.len() == self.columns.len()
            && self.columns.iter().zip(values).all(|((column, _), text)| column.value(text).is_some())
    }
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
