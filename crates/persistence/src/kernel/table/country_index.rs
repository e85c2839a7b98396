//! The table `<name>_country`, an index of a resource: for each country of its parties, a row for each value of a set, and
//! one with an empty value that stands for any. The rows repeat columns of the resource, so that a list by country and
//! set is read from this table alone, in its order. Resources that are deleted have rows, too.

use sea_orm::sea_query::{Condition, ExprTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, Value};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::list_filter::{Comparison, Criterion};

use super::CountryIndex;
use super::any::AnyTable;
use super::has_child_row::{HasChildRow, child_column};
use crate::kernel::database::error::failed;
use crate::kernel::database::json_rows::{self, JsonId, entries};
use crate::kernel::transaction::connection::Connection;

impl CountryIndex {
    /// Makes the filter for resources with a party in one of the countries; takes the criterion for the set with it.
    pub(super) fn filter(
        &self,
        owner: &'static str,
        countries: Vec<String>,
        criteria: &mut Vec<Criterion>,
    ) -> HasChildRow {
        let of_set = criteria.extract_if(.., |criterion| {
            criterion.column == self.set && matches!(criterion.comparison, Comparison::InSet(_))
        });
        let words = of_set.into_iter().find_map(|criterion| match criterion.comparison {
            Comparison::InSet(words) => Some(words),
            _ => None,
        });
        let words = words.unwrap_or_else(|| vec![String::new()]);
        let is_unique = countries.len() == 1 && words.len() == 1;
        let column = |name| child_column(owner, "country", name);
        let mut condition =
            Condition::all().add(column("country").is_in(countries)).add(column("value").is_in(words));
        // The list has this condition as well; here, fewer rows are looked up for it.
        for criterion in criteria.iter().filter(|criterion| self.columns.contains(&criterion.column)) {
            if let Comparison::OneOf { words, or_absent: false } = &criterion.comparison {
                condition = condition.add(column(criterion.column).is_in(words.iter().map(String::as_str)));
            }
        }
        HasChildRow { owner, kind: "country", condition, repeated: self.columns, is_unique }
    }
}

/// The statements that add the rows of resources, which have none.
pub(super) fn inserts(
    backend: DatabaseBackend,
    table: &AnyTable,
    ids: &[Uuid],
) -> Result<Vec<Statement>, Error> {
    let Some(index) = table.country_index else { return Ok(Vec::new()) };
    if let [id] = ids {
        let insert = insert_sql(table, index, "$1");
        return Ok(vec![Statement::from_sql_and_values(backend, insert, [(*id).into()])]);
    }
    let all = format!("SELECT {} FROM {} AS entry", json_rows::id_at(backend, 0), entries(backend));
    let ids = ids.iter().map(|id| (JsonId(*id),));
    json_rows::statements(backend, &insert_sql(table, index, &all), ids).collect()
}

/// Adds the rows of resources whose ids a statement with these values selects.
async fn insert_of(tx: &Connection, table: &AnyTable, ids: &str, values: &[Value]) -> Result<(), Error> {
    match table.country_index {
        Some(index) => execute(tx, insert_sql(table, index, ids), values).await,
        None => Ok(()),
    }
}

/// Publishes resources whose ids a statement with these values selects: they have been hidden as deleted ones.
pub(crate) async fn publish(
    tx: &Connection,
    table: &AnyTable,
    ids: &str,
    values: &[Value],
) -> Result<(), Error> {
    if table.country_index.is_none() {
        return Ok(());
    }
    let name = table.name();
    let publish = format!("UPDATE {name}_country SET deleted_at = NULL WHERE owner_id IN ({ids})");
    execute(tx, publish, values).await
}

/// Replaces the rows of resources whose ids a statement with these values selects.
pub(crate) async fn replace_of(
    tx: &Connection,
    table: &AnyTable,
    ids: &str,
    values: &[Value],
) -> Result<(), Error> {
    if table.country_index.is_some() {
        let delete = format!("DELETE FROM {}_country WHERE owner_id IN ({ids})", table.name());
        execute(tx, delete, values).await?;
    }
    insert_of(tx, table, ids, values).await
}

/// Several parties may be in one country. Also, another write may have added rows since the old ones were deleted.
fn insert_sql(table: &AnyTable, index: &CountryIndex, ids: &str) -> String {
    let CountryIndex { field, set, columns } = index;
    let name = table.name();
    let names = columns.join(", ");
    let repeated: String =
        ["version", "deleted_at"].iter().chain(*columns).map(|column| format!(", owner.{column}")).collect();
    let rows = |value: &str, join: &str| {
        format!(
            "SELECT owner.id, party.country, {value}{repeated} FROM {name} AS owner \
             JOIN {name}_party AS party ON party.owner_id = owner.id AND party.field = '{field}'{join} \
             WHERE owner.id IN ({ids}) AND party.country IS NOT NULL"
        )
    };
    let join = format!(" JOIN {name}_set AS entry ON entry.owner_id = owner.id AND entry.field = '{set}'");
    format!(
        "INSERT INTO {name}_country (owner_id, country, value, version, deleted_at, {names}) {} UNION ALL {} ON CONFLICT DO NOTHING",
        rows("''", ""),
        rows("entry.value", &join)
    )
}

async fn execute(tx: &Connection, sql: String, values: &[Value]) -> Result<(), Error> {
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values.iter().cloned());
    tx.execute_raw(statement).await.map(drop).map_err(failed)
}
