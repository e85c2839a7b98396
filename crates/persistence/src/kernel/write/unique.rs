//! Reports violations of unique constraints before the index of the database does.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DbErr, SqlErr, Value};
use uuid::Uuid;
use vku_domain::kernel::error::Error;

use super::row_values::RowValues;
use crate::kernel::table::Unique;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Writer;

/// Refuses a row that violates a unique constraint.
///
/// Errors: the one that the [`Unique`] defines.
pub(crate) async fn check(
    table: &AnyTable,
    writer: &Writer<'_>,
    id: Uuid,
    row: &RowValues,
) -> Result<(), Error> {
    for unique in table.unique {
        if unique.only.is_some_and(|name| row.get(name) != Some(&Value::Bool(Some(true)))) {
            continue;
        }
        let mut same_values = Condition::all().add(table.column("id").ne(id));
        for name in unique.columns {
            let value = row.get(name);
            same_values = same_values.add(table.column(*name).eq(Expr::val(
                value.cloned().ok_or_else(|| Error::internal("a unique column without a value"))?,
            )));
        }
        if let Some(name) = unique.only {
            same_values = same_values.add(table.column(name).eq(true));
        }
        if unique.deleted.is_none() {
            same_values = same_values.add(table.column("deleted_at").is_null());
        }
        let is_deleted = table.column("deleted_at").is_not_null();
        let select = Query::select()
            .column("id")
            .expr_as(is_deleted, "is_deleted")
            .from(table.name())
            .cond_where(same_values)
            .limit(1)
            .take();
        let Some(row) =
            writer.tx().query_one(&select).await.map_err(crate::kernel::database::error::failed)?
        else {
            continue;
        };
        let is_deleted = row.try_get("", "is_deleted").map_err(crate::kernel::database::error::failed)?;
        return Err(match unique.deleted.filter(|_| is_deleted) {
            Some(detail) => Error::new(
                unique.code,
                detail(row.try_get("", "id").map_err(crate::kernel::database::error::failed)?),
            ),
            None => violation(unique),
        });
    }
    Ok(())
}

fn violation(unique: &Unique) -> Error {
    let column = unique.only.or(unique.columns.first().copied()).unwrap_or_default();
    let member = column.trim_end_matches("_id").trim_end_matches("_key");
    Error::new(unique.code, (unique.detail)()).about(format!("/{member}"))
}

/// Maps the error of the unique index, if another transaction was faster than the check.
pub(crate) fn write_failed(table: &AnyTable, error: DbErr) -> Error {
    let Some(SqlErr::UniqueConstraintViolation(message)) = error.sql_err() else {
        return crate::kernel::database::error::failed(error);
    };
    let named = |unique: &&Unique| unique.columns.iter().all(|name| message.contains(name));
    match table.unique.iter().find(named) {
        Some(unique) => violation(unique),
        None => crate::kernel::database::error::failed(error),
    }
}
