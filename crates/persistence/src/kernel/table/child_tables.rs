//! The tables with the child rows, which are written with their resource.

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde::Serialize;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::value::PartialDate;

use super::any::AnyTable;
use super::child_rows::ChildRows;
use super::country_index;
use crate::kernel::database::error::failed;
use crate::kernel::database::json_rows::{self, JsonId, entries};
use crate::kernel::transaction::connection::Connection;

/// Replaces the child rows of a resource.
pub(crate) async fn save(
    tx: &Connection,
    table: &AnyTable,
    id: Uuid,
    children: ChildRows,
) -> Result<(), Error> {
    for table in table.child_tables() {
        let delete = Query::delete().from_table(table).and_where(Expr::col("owner_id").eq(id)).take();
        tx.execute(&delete).await.map_err(failed)?;
    }
    insert(tx, table, &[(id, children)]).await
}

/// Inserts the child rows of new resources.
pub(crate) async fn insert(
    tx: &Connection,
    table: &AnyTable,
    all: &[(Uuid, ChildRows)],
) -> Result<(), Error> {
    let backend = tx.get_database_backend();
    let ids: Vec<_> = all.iter().map(|(id, _)| *id).collect();
    for insert in inserts(backend, table, all)?.into_iter().chain(index_inserts(backend, table, &ids)?) {
        tx.execute_raw(insert).await.map_err(failed)?;
    }
    Ok(())
}

/// The statements that add resources, whose child rows have been inserted, to the index by countries.
pub(crate) fn index_inserts(
    backend: DatabaseBackend,
    table: &AnyTable,
    ids: &[Uuid],
) -> Result<Vec<Statement>, Error> {
    country_index::inserts(backend, table, ids)
}

/// The statements that insert child rows, apart from [`index_inserts`], which read them.
pub(crate) fn inserts(
    backend: DatabaseBackend,
    table: &AnyTable,
    all: &[(Uuid, ChildRows)],
) -> Result<Vec<Statement>, Error> {
    let (from, id) = (entries(backend), |place| json_rows::id_at(backend, place));
    let sets = format!(
        "INSERT INTO {}_set (owner_id, field, value, position) \
         SELECT {}, entry.value ->> 1, entry.value ->> 2, CAST(entry.value ->> 3 AS integer) FROM {from} AS entry",
        table.name(),
        id(0)
    );
    // A subquery for each row, because PostgreSQL would read the whole table for a join.
    let (country, its_country) = match table.has_party_countries {
        true => (", country", format!(", (SELECT country FROM utility WHERE utility.id = {})", id(3))),
        false => ("", String::new()),
    };
    let parties = format!(
        "INSERT INTO {}_party (owner_id, position, field, utility_id, organisation_id, \"from\", from_first, \
         until, until_last{country}) \
         SELECT {}, CAST(entry.value ->> 1 AS integer), entry.value ->> 2, {}, {}, entry.value ->> 5, \
         entry.value ->> 6, entry.value ->> 7, entry.value ->> 8{its_country} FROM {from} AS entry",
        table.name(),
        id(0),
        id(3),
        id(4)
    );
    let sets = json_rows::statements(backend, &sets, set_rows(all));
    sets.chain(json_rows::statements(backend, &parties, party_rows(all))).collect()
}

fn set_rows(all: &[(Uuid, ChildRows)]) -> impl Iterator<Item = impl Serialize> {
    all.iter().flat_map(|(id, children)| {
        children.sets.iter().flat_map(move |(field, values)| {
            values.iter().enumerate().map(move |(position, value)| (JsonId(*id), field, value, position))
        })
    })
}

fn party_rows(all: &[(Uuid, ChildRows)]) -> impl Iterator<Item = impl Serialize> {
    let day = |date: Option<NaiveDate>| date.map(|day| day.to_string());
    all.iter().flat_map(move |(id, children)| {
        children.parties.iter().enumerate().map(move |(position, link)| {
            (
                JsonId(*id),
                position,
                &link.field,
                link.party.utility().map(JsonId),
                link.party.organisation().map(JsonId),
                link.from.as_ref().map(PartialDate::to_string),
                day(link.from.as_ref().map(PartialDate::first_day)),
                link.until.as_ref().map(PartialDate::to_string),
                day(link.until.as_ref().map(PartialDate::last_day)),
            )
        })
    })
}
