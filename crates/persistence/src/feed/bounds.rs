//! The ends of the log.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use vku_domain::kernel::error::Error;

use crate::kernel::database::error::failed;
use crate::kernel::table::conditions::scalar_subquery;
use crate::kernel::transaction::connection::Connection;

/// The positions of the first and the last row.
pub(super) struct Bounds {
    pub(super) first: i64,
    pub(super) last: i64,
}

/// Reads the bounds; those of an empty log are 1 and 0.
pub(super) async fn bounds(tx: &Connection) -> Result<Bounds, Error> {
    // Two subqueries, because SQLite reads the whole index for two aggregates in one.
    let end = |function: Expr| scalar_subquery(Query::select().expr(function).from("change").take());
    let ends = Query::select()
        .expr_as(end(Expr::col("position").min()), "first")
        .expr_as(end(Expr::col("position").max()), "last")
        .take();
    let row = tx.query_one(&ends).await.map_err(failed)?;
    let bound = |name: &str| {
        let bound: Option<Option<i64>> =
            row.as_ref().map(|row| row.try_get("", name)).transpose().map_err(failed)?;
        Ok::<_, Error>(bound.flatten())
    };
    Ok(Bounds { first: bound("first")?.unwrap_or(1), last: bound("last")?.unwrap_or(0) })
}
