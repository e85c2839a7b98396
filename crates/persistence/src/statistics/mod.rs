//! Statistics: the database counts what the actor sees, with one or two statements for each figure.

mod funding;
mod members;
mod partnerships;
mod sessions;

use std::collections::BTreeMap;

use sea_orm::sea_query::{Asterisk, Condition, Expr, ExprTrait, Func, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::reference::ReferenceSummary;
use vku_domain::partnership::Partnership;
use vku_domain::programme::FundingProgramme;
use vku_domain::statistics::UNKNOWN;

pub use funding::Sum;
pub use members::Members;
pub use sessions::Attendance;

use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::read::reference_lookup;
use crate::kernel::table::{Table, column};
use crate::kernel::transaction::Reader;

/// The key of a figure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The word, code, slug or year.
    pub key: String,
    /// The name of the programme, if the key is one.
    pub name: Option<String>,
}

impl Key {
    fn of(key: Option<String>) -> Self {
        let key = key.filter(|key| !key.is_empty()).unwrap_or_else(|| UNKNOWN.into());
        Self { key, name: None }
    }

    /// The key of the programme with this id; unknown if there is none.
    fn programme(id: Option<Uuid>, summaries: &BTreeMap<Uuid, ReferenceSummary>) -> Self {
        match id.and_then(|id| summaries.get(&id)) {
            Some(summary) => Self {
                key: summary.slug.as_ref().map_or_else(|| summary.id.to_string(), ToString::to_string),
                name: Some(summary.label.1.clone()),
            },
            None => Self::of(None),
        }
    }
}

/// Reads a count from the column with this name.
fn number(row: &QueryResult, name: &str) -> Result<u64, Error> {
    let number: i64 = row.try_get("", name).map_err(failed)?;
    u64::try_from(number).map_err(|_| Corrupt::from("a negative number").into())
}

/// The rows that count: those that the actor sees, without deleted ones.
fn visible<T: Table>(reader: &Reader<'_>) -> Condition {
    Condition::all().add(column::<T>("deleted_at").is_null()).add(T::visible_to(reader.actor()))
}

/// Selects the ids of the partnerships that do not count. There are usually few, and excluding a few is much
/// faster than including many. The visibility condition is never NULL, so each partnership either counts or
/// is selected here.
pub(crate) fn hidden_partnerships(reader: &Reader<'_>) -> SelectStatement {
    let visible = Partnership::visible_to(reader.actor());
    let hidden = (!visible.is_empty()).then(|| visible.not());
    // Not as `NOT (… IS NULL)`, for which SQLite would read all rows.
    let unseen = Condition::any().add(column::<Partnership>("deleted_at").is_not_null()).add_option(hidden);
    Query::select().expr(column::<Partnership>("id")).from(Partnership::NAME).cond_where(unseen).take()
}

/// The year of a date that is stored as text; empty if it is unknown.
fn year(day: impl Into<SimpleExpr>) -> SimpleExpr {
    Func::cust("substr").args([day.into(), Expr::cust("1"), Expr::cust("4")]).into()
}

/// `COUNT(*)`, which can be answered from an index alone.
fn rows() -> SimpleExpr {
    Func::count(Expr::col(Asterisk)).into()
}

/// NULL, in a text column.
fn none() -> SimpleExpr {
    Expr::cust("NULL")
}

impl Reader<'_> {
    async fn found(&self, select: &SelectStatement) -> Result<Vec<QueryResult>, Error> {
        self.tx().query_all(select).await.map_err(failed)
    }

    /// Returns counts by the `key` of the rows, ordered by key.
    async fn counts(&self, select: &SelectStatement) -> Result<Vec<(Key, u64)>, Error> {
        let mut counts: BTreeMap<Key, u64> = BTreeMap::new();
        for row in self.found(select).await? {
            let key = Key::of(row.try_get("", "key").map_err(failed)?);
            *counts.entry(key).or_default() += number(&row, "number")?;
        }
        Ok(counts.into_iter().collect())
    }

    /// Returns the total number of rows.
    async fn total<T: Table>(&self) -> Result<u64, Error> {
        let all =
            Query::select().expr_as(rows(), "number").from(T::NAME).cond_where(visible::<T>(self)).take();
        let row = self.tx().query_one(&all).await.map_err(failed)?;
        row.map_or(Ok(0), |row| number(&row, "number"))
    }

    async fn programmes(
        &self,
        ids: impl Iterator<Item = Uuid>,
    ) -> Result<BTreeMap<Uuid, ReferenceSummary>, Error> {
        let mut ids: Vec<Uuid> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(reference_lookup::by_id(self.tx(), FundingProgramme::NAME, &ids).await?.into_iter().collect())
    }
}
