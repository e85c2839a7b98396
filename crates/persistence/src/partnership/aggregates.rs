//! Aggregates over the sub-resources of partnerships.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, Query};
use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult};
use serde::Deserialize;
use uuid::Uuid;
use vku_domain::activity::Activity;
use vku_domain::funding::Funding;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Error, Named};
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::reference::Ref;
use vku_domain::kernel::value::{CalendarDate, Currency, Money};
use vku_domain::partnership::{DerivedOfSubResources, Partnership};
use vku_domain::programme::FundingProgramme;
use vku_domain::result::PartnershipResult;

use crate::kernel::codec::text;
use crate::kernel::database::error::failed;
use crate::kernel::read::reference_lookup;
use crate::kernel::table::conditions::scalar_subquery;
use crate::kernel::table::json::{json_array, json_array_if, json_of, json_rows};
use crate::kernel::table::summary::SummaryCells;
use crate::kernel::table::{DerivedFrom, Table, column};
use crate::kernel::transaction::connection::Connection;
use crate::kernel::write::dependents;

const FUNDING: &str = "funding_rows";
const LAST_ON: &str = "last_activity_on";

/// The rows that the aggregates are computed from.
pub(super) const DERIVED_FROM: &[DerivedFrom] = &[
    DerivedFrom { resource: "funding", table: "funding", key: "id", owner: "partnership_id" },
    DerivedFrom { resource: "activity", table: "activity", key: "id", owner: "partnership_id" },
    DerivedFrom {
        resource: "funding_programme",
        table: "funding",
        key: "programme_id",
        owner: "partnership_id",
    },
];

/// Whether the partnership has activities: the day of the last one depends on which of them have begun.
pub(super) fn has_activity() -> Expr {
    let activities = Query::select()
        .expr(Expr::val(1))
        .from(Activity::NAME)
        .and_where(column::<Activity>("partnership_id").eq(column::<Partnership>("id")))
        .and_where(column::<Activity>("deleted_at").is_null())
        .take();
    Expr::exists(activities)
}

/// The currency and the amount of a funding phase, and the summary of its programme.
#[derive(Deserialize)]
struct FundingCells(Option<String>, Option<i64>, Option<SummaryCells>);

/// The columns from which the aggregates are computed: all funding phases, and the last day of all activities that have
/// begun.
pub(super) fn columns(actor: &Actor, backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
    let partnership = || column::<Partnership>("id");
    let funding = |name: &'static str| column::<Funding>(name);
    let programme = FundingProgramme::TABLE;
    // Amounts are added up here: a SUM in the database may overflow, and then the whole page could not be read.
    let cells = [
        funding("amount_currency"),
        funding("amount_minor"),
        json_array_if(backend, funding("programme_id").is_not_null(), programme.summary_cells(backend)),
    ];
    let phases = Query::select()
        .expr(json_rows(backend, json_array(backend, cells)))
        .from(Funding::NAME)
        .join(JoinType::LeftJoin, programme.name(), programme.column("id").eq(funding("programme_id")))
        .and_where(funding("partnership_id").eq(partnership()))
        .and_where(funding("deleted_at").is_null())
        .take();
    let activity = |name: &'static str| column::<Activity>(name);
    let last_on = Query::select()
        .expr(Func::max(activity("last_on")))
        .from(Activity::NAME)
        .and_where(activity("partnership_id").eq(partnership()))
        .and_where(activity("starts_on").lte(actor.today().to_string()))
        .and_where(activity("deleted_at").is_null())
        .take();
    vec![(FUNDING, scalar_subquery(phases)), (LAST_ON, scalar_subquery(last_on))]
}

/// Computes the aggregates of a partnership.
pub(super) fn of(row: &QueryResult, actor: &Actor) -> Result<DerivedOfSubResources, Error> {
    let mut programmes = Vec::new();
    let mut amounts: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let phases: Option<Vec<FundingCells>> = json_of(row, FUNDING)?;
    for FundingCells(currency, minor, programme) in phases.into_iter().flatten() {
        programmes.extend(programme.map(|cells| FundingProgramme::TABLE.summary(cells)).transpose()?);
        if let Some((currency, minor)) = currency.zip(minor) {
            amounts.entry(currency).or_default().push(minor);
        }
    }
    programmes.sort_unstable_by_key(|programme| programme.id);
    programmes.dedup_by_key(|programme| programme.id);
    let mut funding_totals = Vec::with_capacity(amounts.len());
    for (currency, minors) in amounts {
        // A sum that is too large is left out: no sum is better than a wrong one.
        funding_totals.extend(Money::sum(minors, text::<Currency>(currency)?));
    }
    let last_on: Option<String> = row.try_get("", LAST_ON).map_err(failed)?;
    let last_on = last_on.map(|last_on| std::cmp::min(last_on, actor.today().to_string()));
    Ok(DerivedOfSubResources {
        programmes: programmes.into_iter().map(Ref::found).collect(),
        funding_totals,
        last_activity_on: last_on.map(text::<CalendarDate>).transpose()?,
    })
}

/// Returns the results of a partnership, without deleted ones, that have values reported by one of the
/// utilities.
pub(super) async fn reported_by(
    tx: &Connection,
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
