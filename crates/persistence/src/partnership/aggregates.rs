//! Aggregates over the sub-resources of partnerships.

use std::collections::{BTreeMap, HashMap};

use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, UnionType};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use uuid::Uuid;
use vku_domain::kernel::error::{Error, Named};
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::reference::Ref;
use vku_domain::kernel::value::{CalendarDate, Currency, Money};
use vku_domain::partnership::DerivedOfSubResources;
use vku_domain::result::PartnershipResult;

use crate::kernel::codec::text;
use crate::kernel::database::error::failed;
use crate::kernel::id::padded_ids;
use crate::kernel::read::reference_lookup;
use crate::kernel::transaction::Reader;
use crate::kernel::write::dependents;

/// A funding phase, or the last day of all activities.
#[derive(FromQueryResult)]
struct PartRow {
    partnership_id: Uuid,
    programme_id: Option<Uuid>,
    amount_currency: Option<String>,
    amount_minor: Option<i64>,
    last_on: Option<String>,
}

/// The data of the sub-resources of a partnership, before it is aggregated.
#[derive(Default)]
struct Parts {
    programmes: Vec<Uuid>,
    amounts: BTreeMap<String, Vec<i64>>,
    last_on: Option<String>,
}

/// Derives the aggregates of each partnership: one statement for all funding phases and activities, one for
/// the names of the programmes.
pub(super) async fn of(
    reader: &Reader<'_>,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, DerivedOfSubResources>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (tx, today) = (reader.tx(), reader.actor().today().to_string());
    let mut parts: HashMap<Uuid, Parts> = HashMap::with_capacity(ids.len());
    // Amounts are added up here: a SUM in the database may overflow, and then the whole page could not be
    // read.
    let mut select = Query::select()
        .columns(["partnership_id", "programme_id", "amount_currency", "amount_minor"])
        .expr_as(Expr::cust("NULL"), "last_on")
        .from("funding")
        .and_where(Expr::col("partnership_id").is_in(padded_ids(ids)))
        .and_where(Expr::col("deleted_at").is_null())
        .take();
    let activities = Query::select()
        .column("partnership_id")
        .exprs([Expr::cust("NULL"), Expr::cust("NULL"), Expr::cust("NULL")])
        .expr(Func::max(Expr::col("last_on")))
        .from("activity")
        .and_where(Expr::col("partnership_id").is_in(padded_ids(ids)))
        .and_where(Expr::col("starts_on").lte(today.as_str()))
        .and_where(Expr::col("deleted_at").is_null())
        .group_by_col("partnership_id")
        .take();
    select.union(UnionType::All, activities);
    for row in tx.query_all(&select).await.map_err(failed)? {
        let row = PartRow::from_query_result(&row, "").map_err(failed)?;
        let of_partnership = parts.entry(row.partnership_id).or_default();
        of_partnership.programmes.extend(row.programme_id);
        if let Some((currency, minor)) = row.amount_currency.zip(row.amount_minor) {
            of_partnership.amounts.entry(currency).or_default().push(minor);
        }
        if let Some(last_on) = row.last_on {
            of_partnership.last_on = Some(std::cmp::min(last_on, today.clone()));
        }
    }
    let mut programmes: Vec<Uuid> = parts.values().flat_map(|parts| &parts.programmes).copied().collect();
    programmes.sort_unstable();
    programmes.dedup();
    let summaries = reference_lookup::by_id(tx, "funding_programme", &programmes).await?;
    let mut derived = HashMap::with_capacity(parts.len());
    for (id, Parts { mut programmes, amounts, last_on }) in parts {
        programmes.sort_unstable();
        programmes.dedup();
        let programmes =
            programmes.iter().filter_map(|id| summaries.get(id).cloned()).map(Ref::found).collect();
        let mut funding_totals = Vec::with_capacity(amounts.len());
        for (currency, minors) in amounts {
            // A sum that is too large is left out: no sum is better than a wrong one.
            funding_totals.extend(Money::sum(minors, text::<Currency>(currency)?));
        }
        let last_activity_on = last_on.map(text::<CalendarDate>).transpose()?;
        derived.insert(id, DerivedOfSubResources { programmes, funding_totals, last_activity_on });
    }
    Ok(derived)
}

/// Returns the results of a partnership, without deleted ones, that have values reported by one of the
/// utilities.
pub(super) async fn reported_by(
    tx: &DatabaseTransaction,
    partnership: Uuid,
    utilities: Vec<Uuid>,
) -> Result<Vec<Named>, Error> {
    let reported = Query::select()
        .column("owner_id")
        .from("result_party")
        .and_where(Expr::col("utility_id").is_in(utilities))
        .take();
    let select = Query::select()
        .column("id")
        .from("result")
        .and_where(Expr::col("partnership_id").eq(partnership))
        .and_where(Expr::col("deleted_at").is_null())
        .and_where(Expr::col("id").in_subquery(reported))
        .take();
    let rows = tx.query_all(&select).await.map_err(failed)?;
    let ids =
        rows.iter().map(|row| row.try_get("", "id")).collect::<Result<Vec<Uuid>, _>>().map_err(failed)?;
    let mut summaries: Vec<_> =
        reference_lookup::by_id(tx, PartnershipResult::NAME, &ids).await?.into_values().collect();
    summaries.sort_by_key(|summary| summary.id);
    Ok(summaries.into_iter().map(|found| dependents::name(PartnershipResult::NAME, found)).collect())
}
