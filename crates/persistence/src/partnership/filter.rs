//! The special filters of partnerships, in SQL.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::lifecycle::StatusFilter;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::Country;
use vku_domain::organisation::Organisation;
use vku_domain::partnership::{ParticipantRole, Partnership, PartnershipFilter, PartnershipStatus};
use vku_domain::programme::FundingProgramme;
use vku_domain::utility::Utility;

use super::owners;
use crate::kernel::table::child_tables::set_has;
use crate::kernel::table::conditions::ids_of_keys;
use crate::kernel::table::has_child_row::HasChildRow;
use crate::kernel::table::{Table, column};

/// Converts the special filters to SQL.
pub(super) fn to_sql(filter: &PartnershipFilter, actor: &Actor) -> Condition {
    let with = |condition: Condition| column::<Partnership>("id").in_subquery(owners(condition));
    let utility =
        |keys: &[Key]| Expr::col("utility_id").in_subquery(ids_of_keys(Utility::TABLE, keys, actor));
    // Few rows match both. The exact condition for the sectors is added by the filter itself.
    let country = (!filter.country.is_empty() && !filter.sector.is_empty()).then(|| {
        let sectors = filter.sector.iter().map(ToString::to_string);
        let partners = partner_in(&filter.country).add_option(in_status(&filter.status));
        with(partners.add(set_has("sectors", sectors)))
    });
    let organisation = (!filter.organisation.is_empty()).then(|| {
        let organisations = ids_of_keys(Organisation::TABLE, &filter.organisation, actor);
        with(Condition::all().add(Expr::col("organisation_id").in_subquery(organisations)))
    });
    let programme = (!filter.programme.is_empty()).then(|| {
        let funded = Query::select()
            .column("partnership_id")
            .from("funding")
            .and_where(Expr::col("deleted_at").is_null())
            .and_where(Expr::col("programme_id").in_subquery(ids_of_keys(
                FundingProgramme::TABLE,
                &filter.programme,
                actor,
            )))
            .take();
        column::<Partnership>("id").in_subquery(funded)
    });
    Condition::all()
        .add_option(country)
        .add_option(
            (!filter.utility.is_empty()).then(|| with(Condition::all().add(utility(&filter.utility)))),
        )
        .add_option(organisation)
        .add_option(
            (!filter.lead.is_empty())
                .then(|| with(in_role(ParticipantRole::Lead).add(utility(&filter.lead)))),
        )
        .add_option(programme)
}

/// Returns the special filters that ask for child rows.
pub(super) fn by_child_rows(filter: &PartnershipFilter) -> Vec<HasChildRow> {
    let by_country = !filter.country.is_empty() && filter.sector.is_empty();
    let partner = || HasChildRow {
        owner: Partnership::NAME,
        kind: "party",
        condition: partner_in(&filter.country).add_option(in_status(&filter.status)),
    };
    by_country.then(partner).into_iter().collect()
}

fn in_role(role: ParticipantRole) -> Condition {
    Condition::all().add(Expr::col("field").eq(role.as_str()))
}

/// The participant is a partner in one of these countries.
fn partner_in(countries: &[Country]) -> Condition {
    let in_country = Expr::col("country").is_in(countries.iter().map(ToString::to_string));
    in_role(ParticipantRole::Partner).add(in_country)
}

/// The status of the partnership of a participant is one of these; `None` if any may match.
fn in_status(statuses: &[StatusFilter<PartnershipStatus>]) -> Option<Expr> {
    let known: Vec<_> = statuses.iter().filter_map(|StatusFilter(status)| *status).collect();
    let is_known = !statuses.is_empty() && known.len() == statuses.len();
    is_known.then(|| Expr::col("status").is_in(known.iter().map(ToString::to_string)))
}
