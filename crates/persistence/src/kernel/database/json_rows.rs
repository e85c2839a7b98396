//! Rows that a statement gets as one value, a JSON array of arrays: so the text of the statement does not depend on
//! their number, and it is prepared once.

use sea_orm::{DatabaseBackend, Statement};
use serde::{Serialize, Serializer};
use uuid::Uuid;
use vku_domain::kernel::error::Error;

/// How many rows one statement takes.
const CHUNK: usize = 2_000;

/// A table function over a JSON array; each row has the entry in the column `value`.
pub(crate) fn entries(backend: DatabaseBackend) -> &'static str {
    match backend {
        DatabaseBackend::Postgres => "jsonb_array_elements(CAST($1 AS jsonb))",
        _ => "json_each($1)",
    }
}

/// An id in an entry; [`id_at`] is the SQL that reads it.
pub(crate) struct JsonId(pub(crate) Uuid);

impl Serialize for JsonId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.simple().encode_lower(&mut Uuid::encode_buffer()))
    }
}

/// The id at this place of an entry.
pub(crate) fn id_at(backend: DatabaseBackend, place: usize) -> String {
    match backend {
        DatabaseBackend::Postgres => format!("CAST(entry.value ->> {place} AS uuid)"),
        _ => format!("unhex(entry.value ->> {place})"),
    }
}

/// The statements for these rows, none if there are no rows; made on demand, because an import has millions.
pub(crate) fn statements<R: Serialize>(
    backend: DatabaseBackend,
    sql: &str,
    mut rows: impl Iterator<Item = R>,
) -> impl Iterator<Item = Result<Statement, Error>> {
    std::iter::from_fn(move || {
        let chunk: Vec<R> = rows.by_ref().take(CHUNK).collect();
        let statement = || {
            let rows = serde_json::to_string(&chunk).map_err(Error::internal)?;
            Ok(Statement::from_sql_and_values(backend, sql, [rows.into()]))
        };
        (!chunk.is_empty()).then(statement)
    })
}
