//! The best results of a search, without reading the resources.

use sea_orm::sea_query::{Expr, Query};
use sea_orm::{DbErr, Order};
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::search::Search;

use super::load::{Parents, visible};
use crate::kernel::database::error::failed;
use crate::kernel::database::row::Columns;
use crate::kernel::search::{FOUND, SCORE, join_matching};
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Reader;

/// Returns the ids and the scores of the best resources that the actor sees, in the order of the list. The words that
/// match are the same for all tables, see [`matching`](crate::kernel::search::matching).
pub(crate) async fn best(
    reader: &Reader<'_>,
    table: &AnyTable,
    (search, matching): (&Search, &[Value]),
    limit: u64,
) -> Result<Vec<(Uuid, i64)>, Error> {
    let score = Expr::col((FOUND, SCORE));
    let mut select = Query::select();
    select
        .expr_as(table.column("id"), "id")
        .expr_as(score.clone(), SCORE)
        .from(table.name())
        .cond_where(visible(table, reader.actor(), Parents::Visible, false))
        .order_by_expr(score, Order::Desc)
        .order_by_expr(table.column("id"), Order::Asc)
        .limit(limit);
    join_matching(reader.tx(), table, &mut select, search, matching);
    let rows = reader.tx().rows(&select).await.map_err(failed)?;
    let read = rows.iter().map(|row| Ok((row.get("id")?, row.get(SCORE)?)));
    read.collect::<Result<_, DbErr>>().map_err(failed)
}
