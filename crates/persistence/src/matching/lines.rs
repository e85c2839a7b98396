//! The rows of a statement as one text, with one line for each.

use std::str::FromStr;

use sea_orm::sea_query::{Expr, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::violation::FieldError;

use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::transaction::Reader;

/// Aggregates all rows to one text, with one line per row: fetching single rows would take several times as
/// long. The values contain no line breaks.
pub(super) fn lines(reader: &Reader<'_>, id: &str, rest: Option<&str>) -> SimpleExpr {
    let rest = rest.map(|rest| format!(" || '|' || {rest}")).unwrap_or_default();
    Expr::cust(match reader.tx().get_database_backend() {
        DatabaseBackend::Postgres => format!("string_agg(CAST({id} AS text){rest}, chr(10))"),
        _ => format!("group_concat(hex({id}){rest}, char(10))"),
    })
}

impl Reader<'_> {
    /// Returns the result of a text aggregate; empty if there are no rows.
    pub(super) async fn text(&self, select: &SelectStatement) -> Result<String, Error> {
        let row = self.tx().query_one(select).await.map_err(failed)?;
        let text = row.map(|row| row.try_get_by_index::<Option<String>>(0)).transpose().map_err(failed)?;
        Ok(text.flatten().unwrap_or_default())
    }
}

pub(super) fn parsed<V: FromStr<Err = FieldError>>(word: &str) -> Result<V, Corrupt> {
    Ok(word.parse()?)
}

pub(super) fn id(cell: &str) -> Result<Uuid, Corrupt> {
    cell.parse().map_err(|_| Corrupt::from("an invalid id"))
}
