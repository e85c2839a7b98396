//! The tables with the child rows: read for a whole page at once, and written with their resource.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait, InsertStatement, Query, SelectStatement, UnionType, Value};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::{Key, Ref};
use vku_domain::kernel::value::PartialDate;
use vku_domain::party::Party;

use super::any::AnyTable;
use super::child_rows::{ChildRows, PartyLink};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::id::padded_ids;

/// A row of one of the tables: `value` is that of a set, the others are those of a party.
#[derive(FromQueryResult)]
struct ChildRow {
    owner_id: Uuid,
    field: String,
    value: Option<String>,
    utility_id: Option<Uuid>,
    organisation_id: Option<Uuid>,
    from: Option<String>,
    until: Option<String>,
}

/// Loads the child rows of resources with one query.
pub(crate) async fn load(
    tx: &DatabaseTransaction,
    table: &AnyTable,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, ChildRows>, Error> {
    let mut children: HashMap<Uuid, ChildRows> = HashMap::with_capacity(ids.len());
    let sets = table.has_sets.then(|| child_rows(table, "set", ids));
    let parties = table.has_parties.then(|| child_rows(table, "party", ids));
    let select =
        sets.into_iter().chain(parties).reduce(|mut all, other| all.union(UnionType::All, other).take());
    let Some(mut select) = select.filter(|_| !ids.is_empty()) else { return Ok(children) };
    select.order_by("position", sea_orm::Order::Asc);
    for row in tx.query_all(&select).await.map_err(failed)? {
        let row = ChildRow::from_query_result(&row, "").map_err(failed)?;
        let of_owner = children.entry(row.owner_id).or_default();
        match row.value {
            Some(value) => of_owner.sets.entry(row.field).or_default().push(value),
            None => of_owner.parties.push(row.into_link()?),
        }
    }
    Ok(children)
}

/// Selects the rows of one of the tables (`set`, `party`), with the columns of both.
fn child_rows(table: &AnyTable, kind: &'static str, ids: &[Uuid]) -> SelectStatement {
    let mut select = Query::select().columns(["owner_id", "position", "field"]).take();
    for (column, of) in [
        ("value", "set"),
        ("utility_id", "party"),
        ("organisation_id", "party"),
        ("from", "party"),
        ("until", "party"),
    ] {
        let value = if of == kind { Expr::col(column) } else { Expr::cust("NULL") };
        select.expr_as(value, column);
    }
    select
        .from(format!("{}_{kind}", table.name()))
        .and_where(Expr::col("owner_id").is_in(padded_ids(ids)))
        .take()
}

impl ChildRow {
    fn into_link(self) -> Result<PartyLink, Corrupt> {
        let party = match (self.utility_id, self.organisation_id) {
            (Some(utility), None) => Party::Utility(Ref::to(Key::Id(utility))),
            (None, Some(organisation)) => Party::Organisation(Ref::to(Key::Id(organisation))),
            _ => return Err(Corrupt::from("a party is neither a utility nor an organisation")),
        };
        let date = |text: Option<String>| text.map(|text| text.parse::<PartialDate>()).transpose();
        Ok(PartyLink { field: self.field, party, from: date(self.from)?, until: date(self.until)? })
    }
}

/// Replaces the child rows of a resource.
pub(crate) async fn save(
    tx: &DatabaseTransaction,
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
    tx: &DatabaseTransaction,
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
