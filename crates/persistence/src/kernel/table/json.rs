//! JSON in statements: rows of other tables as one value of a row.

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Func};
use sea_orm::{DatabaseBackend, QueryResult};
use serde::de::DeserializeOwned;
use vku_domain::kernel::error::Error;

use crate::kernel::database::error::{Corrupt, failed};

/// A JSON array of values.
pub(crate) fn json_array(backend: DatabaseBackend, values: impl IntoIterator<Item = Expr>) -> Expr {
    let name = if backend == DatabaseBackend::Postgres { "json_build_array" } else { "json_array" };
    Func::cust(name).args(values).into()
}

/// A JSON value as text, for [`json_of`].
pub(crate) fn json_text(backend: DatabaseBackend, value: Expr) -> Expr {
    if backend == DatabaseBackend::Postgres { value.cast_as("text") } else { value }
}

/// An id in a JSON array. SQLite stores ids as bytes, which JSON does not have.
pub(crate) fn json_id(backend: DatabaseBackend, id: Expr) -> Expr {
    match backend {
        DatabaseBackend::Postgres => id,
        _ => Expr::cust_with_exprs("nullif(hex(?), '')", [id]),
    }
}

/// A JSON array of values if the condition holds, null otherwise.
pub(crate) fn json_array_if(
    backend: DatabaseBackend,
    condition: Expr,
    values: impl IntoIterator<Item = Expr>,
) -> Expr {
    CaseStatement::new().case(condition, json_array(backend, values)).into()
}

/// Selects a JSON array of the values of all rows in no particular order, as text; null or an empty array if there are
/// none. Sorting a few rows after parsing costs less than sorting in the database.
pub(crate) fn json_rows(backend: DatabaseBackend, value: Expr) -> Expr {
    match backend {
        DatabaseBackend::Postgres => Expr::cust_with_exprs("json_agg($1)::text", [value]),
        _ => Func::cust("json_group_array").arg(value).into(),
    }
}

/// Reads a column with JSON as text; `None` if it is null.
pub(crate) fn json_of<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<Option<T>, Error> {
    let text: Option<String> = row.try_get("", column).map_err(failed)?;
    let parse = |text: String| serde_json::from_str(&text).map_err(Corrupt::from);
    Ok(text.map(parse).transpose()?)
}
