//! Sums of funding.

use sea_orm::FromQueryResult;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::value::Currency;
use vku_domain::partnership::Partnership;
use vku_domain::statistics::FundingBy;

use super::{Key, hidden_partnerships, none, rows, year};
use crate::kernel::codec::text;
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::transaction::Reader;

/// A sum of money in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The amount in minor units of the currency.
    pub minor: u128,
    /// The currency.
    pub currency: Currency,
    /// The number of funding phases in the sum.
    pub phases: u64,
}

#[derive(FromQueryResult)]
struct SumRow {
    key: Option<String>,
    programme_id: Option<Uuid>,
    currency: String,
    millions: i64,
    rest: i64,
    number: i64,
}

/// Amounts are summed in two parts, because the sum of minor units may exceed the range of a database
/// integer.
const MILLION: u128 = 1_000_000;

impl Reader<'_> {
    /// Returns the sums of funding by key, one per currency, ordered by key and currency.
    ///
    /// Errors: 401, 403.
    pub async fn sum_funding(
        &self,
        by: FundingBy,
        currency: Option<&Currency>,
    ) -> Result<Vec<(Key, Sum)>, Error> {
        self.actor().require_read(Partnership::INFO)?;
        let mut rows = Vec::new();
        for row in self.found(&self.added(by, currency)).await? {
            rows.push(SumRow::from_query_result(&row, "").map_err(failed)?);
        }
        let summaries = self.programmes(rows.iter().filter_map(|row| row.programme_id)).await?;
        let mut sums = Vec::with_capacity(rows.len());
        for row in rows {
            let part = |number: i64| {
                u128::try_from(number).map_err(|_| Error::from(Corrupt::from("a negative amount")))
            };
            let minor = part(row.millions)? * MILLION + part(row.rest)?;
            let phases = u64::try_from(row.number).unwrap_or_default();
            let key = match by {
                FundingBy::Programme => Key::programme(row.programme_id, &summaries),
                FundingBy::Kind | FundingBy::Year => Key::of(row.key),
            };
            sums.push((key, Sum { minor, currency: text(row.currency)?, phases }));
        }
        sums.sort_by(|(one, sum), (other, more)| {
            (one, sum.currency.as_str()).cmp(&(other, more.currency.as_str()))
        });
        Ok(sums)
    }

    fn added(&self, by: FundingBy, currency: Option<&Currency>) -> SelectStatement {
        let (key, programme): (SimpleExpr, SimpleExpr) = match by {
            FundingBy::Programme => (none(), Expr::col("programme_id")),
            FundingBy::Kind => (Expr::col("kind"), none()),
            FundingBy::Year => (year(Expr::col("from_first")), none()),
        };
        let sum = |part: &'static str| Expr::cust(format!("CAST(SUM({part}) AS BIGINT)"));
        let only = currency.map(|currency| Expr::col("amount_currency").eq(currency.as_str()));
        Query::select()
            .expr_as(key.clone(), "key")
            .expr_as(programme.clone(), "programme_id")
            .expr_as(Expr::col("amount_currency"), "currency")
            .expr_as(sum("amount_minor / 1000000"), "millions")
            .expr_as(sum("amount_minor % 1000000"), "rest")
            .expr_as(rows(), "number")
            .from("funding")
            .and_where(Expr::col("amount_minor").is_not_null())
            .and_where(Expr::col("deleted_at").is_null())
            .and_where(Expr::col("partnership_id").not_in_subquery(hidden_partnerships(self)))
            .cond_where(Condition::all().add_option(only))
            .group_by_col("amount_currency")
            .add_group_by([if by == FundingBy::Programme { programme } else { key }])
            .take()
    }
}
