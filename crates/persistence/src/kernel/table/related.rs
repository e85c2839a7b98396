//! Child rows and the summaries of references, as JSON in columns of the row: one statement reads a whole resource.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use sea_orm::sea_query::{
    Expr, ExprTrait, JoinType, PostgresQueryBuilder, Query, SelectStatement, SqliteQueryBuilder,
};
use sea_orm::{DatabaseBackend, QueryResult};
use serde::Deserialize;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::AnyList;
use vku_domain::kernel::resource::reference::{Key, Ref, ReferenceSummary};
use vku_domain::kernel::value::PartialDate;
use vku_domain::party::Party;

use super::any::AnyTable;
use super::child_rows::{ChildRows, PartyLink};
use super::conditions::scalar_subquery;
use super::json::{json_array, json_array_if, json_of, json_rows};
use super::summary::SummaryCells;
use crate::kernel::database::error::Corrupt;
use crate::tables;

const SETS: &str = "set_rows";
const PARTIES: &str = "party_rows";

/// The columns with the ids of parties.
const PARTY_KEYS: [&str; 2] = ["utility_id", "organisation_id"];

/// The tables to which these refer.
static PARTY_TABLES: LazyLock<Vec<&AnyTable>> = LazyLock::new(|| {
    ["utility", "organisation"].into_iter().filter_map(|name| AnyTable::find(name).ok()).collect()
});

impl AnyTable {
    /// Selects all columns of all rows, with child rows and summaries.
    pub(crate) fn select(&self, backend: DatabaseBackend) -> SelectStatement {
        static COLUMNS: LazyLock<[BTreeMap<&str, String>; 2]> = LazyLock::new(|| {
            [DatabaseBackend::Sqlite, DatabaseBackend::Postgres].map(|backend| {
                tables().iter().map(|table| (table.name(), table.columns_sql(backend))).collect()
            })
        });
        let [sqlite, postgres] = &*COLUMNS;
        let columns = if backend == DatabaseBackend::Postgres { postgres } else { sqlite };
        let columns = columns.get(self.name()).map_or("", String::as_str);
        // As text, because it is the same for each statement, and long.
        Query::select().expr(Expr::cust(columns)).from(self.name()).take()
    }

    fn columns_sql(&self, backend: DatabaseBackend) -> String {
        let mut select = Query::select();
        for name in self.all_columns() {
            select.expr(self.column(name));
        }
        if self.has_sets {
            select.expr_as(scalar_subquery(self.sets(backend)), SETS);
        }
        if self.has_parties {
            select.expr_as(scalar_subquery(self.parties(backend)), PARTIES);
        }
        for (key, target) in self.references() {
            let summary = json_array(backend, target.summary_cells(backend));
            let summary =
                if backend == DatabaseBackend::Postgres { summary.cast_as("text") } else { summary };
            let select_one = Query::select()
                .expr(summary)
                .from(target.name())
                .and_where(target.column("id").eq(self.column(key.clone())))
                .take();
            select.expr_as(scalar_subquery(select_one), summary_column(&key));
        }
        let sql = match backend {
            DatabaseBackend::Postgres => select.to_string(PostgresQueryBuilder),
            _ => select.to_string(SqliteQueryBuilder),
        };
        sql.trim_start_matches("SELECT ").to_owned()
    }

    /// The columns that refer to other resources, each with the table of the resource; the parent is the last.
    pub(crate) fn references(&self) -> impl Iterator<Item = (String, &'static AnyTable)> {
        let by_name = |(key, name): &(&str, &str)| Some((key.to_string(), AnyTable::find(name).ok()?));
        self.foreign_keys.iter().filter_map(by_name).chain(self.parent_column().zip(self.parent))
    }

    /// The columns of the parties that refer to other resources, each with the table of the resource.
    pub(crate) fn party_references(&self) -> impl Iterator<Item = (&'static str, &'static AnyTable)> {
        PARTY_KEYS.into_iter().zip(PARTY_TABLES.iter().copied()).filter(|_| self.has_parties)
    }

    fn sets(&self, backend: DatabaseBackend) -> SelectStatement {
        let table = format!("{}_set", self.name());
        let column = |name: &'static str| Expr::col((table.clone(), name));
        let value = json_array(backend, ["position", "field", "value"].map(column));
        Query::select()
            .expr(json_rows(backend, value))
            .from(table.clone())
            .and_where(column("owner_id").eq(self.column("id")))
            .take()
    }

    fn parties(&self, backend: DatabaseBackend) -> SelectStatement {
        let table = format!("{}_party", self.name());
        let column = |name: &'static str| Expr::col((table.clone(), name));
        let mut cells = ["position", "field", "from", "until"].map(column).to_vec();
        let mut select = Query::select().from(table.clone()).take();
        for (target, key) in PARTY_TABLES.iter().zip(PARTY_KEYS) {
            let summary = target.summary_cells(backend);
            cells.push(json_array_if(backend, column(key).is_not_null(), summary));
            select.join(JoinType::LeftJoin, target.name(), target.column("id").eq(column(key)));
        }
        select
            .expr(json_rows(backend, json_array(backend, cells)))
            .and_where(column("owner_id").eq(self.column("id")))
            .take()
    }

    /// Converts rows of [`Self::select`] to resources without derived fields.
    pub(crate) fn read_rows(&self, rows: &[QueryResult]) -> Result<Box<dyn AnyList>, Error> {
        let mut summaries: HashMap<Uuid, ReferenceSummary> = HashMap::new();
        let mut all = Vec::with_capacity(rows.len());
        let mut parents = Vec::with_capacity(rows.len());
        let references: Vec<_> =
            self.references().map(|(key, target)| (summary_column(&key), target)).collect();
        for row in rows {
            for (column, target) in &references {
                if let Some(cells) = json_of::<SummaryCells>(row, column)? {
                    let summary = target.summary(cells)?;
                    summaries.insert(summary.id, summary);
                }
            }
            let children = self.read_children(row)?;
            let meta = self.read_meta(row)?;
            parents.push(meta.parent);
            all.push((meta, row, children));
        }
        let mut items = self.typed.read(all)?;
        let (mut parents, mut missing) = (parents.into_iter(), false);
        items.for_each(&mut |item| {
            if let Some((parent, id)) = self.parent.zip(parents.next().flatten()) {
                item.set_parent(summaries.get(&id).map(|summary| (parent.name(), summary.clone())));
            }
            item.data_mut().references(&mut |pending| {
                if let (None, Key::Id(id)) = (&pending.link.summary, &pending.link.key) {
                    pending.link.summary = summaries.get(id).cloned();
                    missing |= pending.link.summary.is_none();
                }
            });
        });
        if missing { Err(Corrupt::from("a reference to a missing resource").into()) } else { Ok(items) }
    }

    fn read_children(&self, row: &QueryResult) -> Result<ChildRows, Error> {
        let mut children = ChildRows::default();
        if self.has_sets {
            let mut cells: Vec<SetCells> = json_of(row, SETS)?.unwrap_or_default();
            cells.sort_unstable_by_key(|cells| cells.0);
            for SetCells(_, field, value) in cells {
                children.sets.entry(field).or_default().push(value);
            }
        }
        if self.has_parties {
            let mut cells: Vec<PartyCells> = json_of(row, PARTIES)?.unwrap_or_default();
            cells.sort_unstable_by_key(|cells| cells.0);
            children.parties = cells.into_iter().map(PartyCells::into_link).collect::<Result<_, _>>()?;
        }
        Ok(children)
    }
}

/// Position, field and value of a row of the table with the sets.
#[derive(Deserialize)]
struct SetCells(i64, String, String);

/// Position, field and dates of a row of the table with the parties, and the summary of the utility or organisation.
#[derive(Deserialize)]
struct PartyCells(i64, String, Option<String>, Option<String>, Option<SummaryCells>, Option<SummaryCells>);

impl PartyCells {
    fn into_link(self) -> Result<PartyLink, Error> {
        let Self(_, field, from, until, utility, organisation) = self;
        let summary = |index: usize, cells| {
            let table = PARTY_TABLES.get(index).ok_or_else(|| Corrupt::from("a party of an unknown kind"))?;
            table.summary(cells)
        };
        let party = match (utility, organisation) {
            (Some(utility), None) => Party::Utility(Ref::found(summary(0, utility)?)),
            (None, Some(organisation)) => Party::Organisation(Ref::found(summary(1, organisation)?)),
            _ => return Err(Corrupt::from("a party is neither a utility nor an organisation").into()),
        };
        let date = |text: Option<String>| text.map(|text| text.parse::<PartialDate>()).transpose();
        let dates = date(from).and_then(|from| Ok((from, date(until)?)));
        let (from, until) = dates.map_err(Corrupt::from)?;
        Ok(PartyLink { field, party, from, until })
    }
}

fn summary_column(key: &str) -> String {
    format!("{key}_summary")
}
