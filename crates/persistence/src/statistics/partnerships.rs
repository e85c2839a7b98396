//! Counts of partnerships.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::partnership::{ParticipantRole, Partnership};
use vku_domain::statistics::PartnershipsBy;

use super::{Key, hidden_partnerships, number, rows, visible};
use crate::kernel::database::error::failed;
use crate::kernel::table::column;
use crate::kernel::transaction::Reader;

impl Reader<'_> {
    /// Returns the total number of partnerships, and the counts by key, ordered by key.
    ///
    /// Errors: 401, 403.
    pub async fn count_partnerships(&self, by: PartnershipsBy) -> Result<(u64, Vec<(Key, u64)>), Error> {
        self.actor().require_read(Partnership::INFO)?;
        let counts = match by {
            PartnershipsBy::Status => self.counts(&self.own(column::<Partnership>("status"))).await?,
            PartnershipsBy::Year => {
                years(self.counts(&self.own(column::<Partnership>("start_first"))).await?)
            }
            PartnershipsBy::Sector => self.counts(&self.in_sets("sectors")).await?,
            PartnershipsBy::SdgTarget => self.counts(&self.in_sets("sdg_targets")).await?,
            PartnershipsBy::Country => self.counts(&self.abroad()).await?,
            PartnershipsBy::Programme => self.count_by_programme().await?,
        };
        let total = match by {
            PartnershipsBy::Status | PartnershipsBy::Year => counts.iter().map(|(_, number)| number).sum(),
            _ => self.total::<Partnership>().await?,
        };
        Ok((total, counts))
    }

    /// Counts by a column of the partnership. Grouping by visibility first lets an index provide the order.
    fn own(&self, key: impl Into<SimpleExpr>) -> SelectStatement {
        let key = key.into();
        Query::select()
            .expr_as(key.clone(), "key")
            .expr_as(rows(), "number")
            .from(Partnership::NAME)
            .cond_where(visible::<Partnership>(self))
            .add_group_by([column::<Partnership>("visibility"), key])
            .take()
    }

    fn in_sets(&self, field: &'static str) -> SelectStatement {
        Query::select()
            .expr_as(Expr::col("value"), "key")
            .expr_as(rows(), "number")
            .from("partnership_set")
            .and_where(Expr::col("field").eq(field))
            .and_where(Expr::col("owner_id").not_in_subquery(hidden_partnerships(self)))
            .group_by_col("value")
            .take()
    }

    /// Counts by the country of the partner side.
    fn abroad(&self) -> SelectStatement {
        Query::select()
            .expr_as(Expr::col("country"), "key")
            .expr_as(Expr::col("owner_id").count_distinct(), "number")
            .from("partnership_party")
            .and_where(Expr::col("field").eq(ParticipantRole::Partner.as_str()))
            .and_where(Expr::col("country").is_not_null())
            .and_where(Expr::col("owner_id").not_in_subquery(hidden_partnerships(self)))
            .group_by_col("country")
            .take()
    }

    async fn count_by_programme(&self) -> Result<Vec<(Key, u64)>, Error> {
        // An index has the pairs in order, so that they are counted without sorting.
        let pairs = Query::select()
            .distinct()
            .columns(["programme_id", "partnership_id"])
            .from("funding")
            .and_where(Expr::col("programme_id").is_not_null())
            .and_where(Expr::col("deleted_at").is_null())
            .and_where(Expr::col("partnership_id").not_in_subquery(hidden_partnerships(self)))
            .take();
        let select = Query::select()
            .column("programme_id")
            .expr_as(rows(), "number")
            .from_subquery(pairs, "pairs")
            .group_by_col("programme_id")
            .take();
        let mut found: Vec<(Uuid, u64)> = Vec::new();
        for row in self.found(&select).await? {
            found.push((row.try_get("", "programme_id").map_err(failed)?, number(&row, "number")?));
        }
        let summaries = self.programmes(found.iter().map(|(id, _)| *id)).await?;
        let counts = found.into_iter().map(|(id, number)| (Key::programme(Some(id), &summaries), number));
        let mut counts: Vec<_> = counts.collect();
        counts.sort();
        Ok(counts)
    }
}

/// Aggregates counts by day to counts by year: an index has the days in order, and there are few.
fn years(counts: Vec<(Key, u64)>) -> Vec<(Key, u64)> {
    let mut years: BTreeMap<Key, u64> = BTreeMap::new();
    for (mut key, number) in counts {
        if let Some((year, _)) = key.key.split_once('-') {
            key.key = year.to_owned();
        }
        *years.entry(key).or_default() += number;
    }
    years.into_iter().collect()
}
