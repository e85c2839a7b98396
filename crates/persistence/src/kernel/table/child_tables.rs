//! The tables with the child rows, which are written with their resource.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, InsertStatement, Query, Value};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::value::PartialDate;

use super::any::AnyTable;
use super::child_rows::ChildRows;
use crate::kernel::database::error::failed;
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

/// How many rows one statement inserts: databases limit the number of bound values.
const CHUNK: usize = 1_000;

/// Inserts the child rows of new resources.
pub(crate) async fn insert(
    tx: &Connection,
    table: &AnyTable,
    all: &[(Uuid, ChildRows)],
) -> Result<(), Error> {
    for insert in set_inserts(table, all).into_iter().chain(party_inserts(table, all)) {
        tx.execute(&insert).await.map_err(failed)?;
    }
    Ok(())
}

fn set_inserts(table: &AnyTable, all: &[(Uuid, ChildRows)]) -> Vec<InsertStatement> {
    let mut rows = Vec::new();
    for (id, links) in all {
        for (field, values) in &links.sets {
            rows.extend((0_i64..).zip(values).map(|(position, value)| (*id, field, position, value)));
        }
    }
    let inserts = rows.chunks(CHUNK).map(|rows| {
        let mut insert = Query::insert()
            .into_table(format!("{}_set", table.name()))
            .columns(["owner_id", "field", "value", "position"])
            .take();
        for (id, field, position, value) in rows {
            insert.values_panic([
                (*id).into(),
                field.as_str().into(),
                value.as_str().into(),
                (*position).into(),
            ]);
        }
        insert
    });
    inserts.collect()
}

fn party_inserts(table: &AnyTable, all: &[(Uuid, ChildRows)]) -> Vec<InsertStatement> {
    let mut rows = Vec::new();
    for (id, links) in all {
        rows.extend((0_i64..).zip(&links.parties).map(|(position, link)| (*id, position, link)));
    }
    let day = |date: Option<chrono::NaiveDate>| Expr::val(Value::from(date.map(|day| day.to_string())));
    let columns = [
        "owner_id",
        "position",
        "field",
        "utility_id",
        "organisation_id",
        "from",
        "from_first",
        "until",
        "until_last",
    ];
    let inserts = rows.chunks(CHUNK).map(|rows| {
        let columns = columns.into_iter().chain(table.has_party_countries.then_some("country"));
        let mut insert =
            Query::insert().into_table(format!("{}_party", table.name())).columns(columns).take();
        for (id, position, link) in rows {
            let values = [
                (*id).into(),
                (*position).into(),
                link.field.as_str().into(),
                link.party.utility().into(),
                link.party.organisation().into(),
                link.from.as_ref().map(PartialDate::to_string).into(),
                day(link.from.as_ref().map(PartialDate::first_day)),
                link.until.as_ref().map(PartialDate::to_string).into(),
                day(link.until.as_ref().map(PartialDate::last_day)),
            ];
            let country = table.has_party_countries.then(|| country_of(link.party.utility()));
            insert.values_panic(values.into_iter().chain(country));
        }
        insert
    });
    inserts.collect()
}

/// A subquery for the country of a utility.
fn country_of(utility: Option<Uuid>) -> Expr {
    let Some(utility) = utility else { return Expr::cust("NULL") };
    let select =
        Query::select().column("country").from("utility").and_where(Expr::col("id").eq(utility)).take();
    Expr::SubQuery(None, Box::new(select.into()))
}
