//! Figures, counted by the database among what the reader sees: a statement or two each.

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

/// What a figure is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The word, code, slug or year.
    pub key: String,
    /// What it is called, where it is a programme.
    pub name: Option<String>,
}

impl Key {
    fn of(key: Option<String>) -> Self {
        let key = key.filter(|key| !key.is_empty()).unwrap_or_else(|| UNKNOWN.into());
        Self { key, name: None }
    }

    /// The programme of that id; what names none is unknown.
    fn programme(id: Option<Uuid>, cards: &BTreeMap<Uuid, ReferenceSummary>) -> Self {
        match id.and_then(|id| cards.get(&id)) {
            Some(card) => Self {
                key: card.slug.as_ref().map_or_else(|| card.id.to_string(), ToString::to_string),
                name: Some(card.label.1.clone()),
            },
            None => Self::of(None),
        }
    }
}

/// A number of a row, in the column of that name.
fn number(row: &QueryResult, name: &str) -> Result<u64, Error> {
    let number: i64 = row.try_get("", name).map_err(failed)?;
    u64::try_from(number).map_err(|_| Corrupt::from("fewer than none").into())
}

/// Which rows count: those that the reader sees, deleted ones aside.
fn seen<T: Table>(reader: &Reader<'_>) -> Condition {
    Condition::all().add(column::<T>("deleted_at").is_null()).add(T::row_filter(reader.actor()))
}

/// The ids of the partnerships that do not count. Mostly they are few, and what is among few is found much faster than
/// what is among many. Nothing that visibility asks of a partnership is ever unknown, so that each counts or is here.
pub(crate) fn unseen_partnerships(reader: &Reader<'_>) -> SelectStatement {
    let visible = Partnership::row_filter(reader.actor());
    let hidden = (!visible.is_empty()).then(|| visible.not());
    // Not as the opposite of `IS NULL`, for which SQLite would read all there are.
    let unseen = Condition::any().add(column::<Partnership>("deleted_at").is_not_null()).add_option(hidden);
    Query::select().expr(column::<Partnership>("id")).from(Partnership::NAME).cond_where(unseen).take()
}

/// The year of a day that is kept as text; empty where it is not known.
fn year(day: impl Into<SimpleExpr>) -> SimpleExpr {
    Func::cust("substr").args([day.into(), Expr::cust("1"), Expr::cust("4")]).into()
}

/// How many rows: an index alone can tell.
fn rows() -> SimpleExpr {
    Func::count(Expr::col(Asterisk)).into()
}

/// Nothing, in a column of texts.
fn none() -> SimpleExpr {
    Expr::cust("NULL")
}

impl Reader<'_> {
    async fn found(&self, select: &SelectStatement) -> Result<Vec<QueryResult>, Error> {
        self.tx().query_all(select).await.map_err(failed)
    }

    /// Counts by the `key` of the rows, in the order of keys.
    async fn counts(&self, select: &SelectStatement) -> Result<Vec<(Key, u64)>, Error> {
        let mut counts: BTreeMap<Key, u64> = BTreeMap::new();
        for row in self.found(select).await? {
            let key = Key::of(row.try_get("", "key").map_err(failed)?);
            *counts.entry(key).or_default() += number(&row, "number")?;
        }
        Ok(counts.into_iter().collect())
    }

    /// How many there are in all.
    async fn total<T: Table>(&self) -> Result<u64, Error> {
        let all = Query::select().expr_as(rows(), "number").from(T::NAME).cond_where(seen::<T>(self)).take();
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
