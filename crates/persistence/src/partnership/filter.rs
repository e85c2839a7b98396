//! The special filters of partnerships, in SQL.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::organisation::Organisation;
use vku_domain::partnership::{ParticipantRole, Partnership, PartnershipFilter};
use vku_domain::programme::FundingProgramme;
use vku_domain::utility::Utility;

use super::owners;
use crate::kernel::table::conditions::ids_of_keys;
use crate::kernel::table::{Table, column};

/// Converts the special filters to SQL.
pub(super) fn to_sql(filter: &PartnershipFilter, actor: &Actor) -> Condition {
    let with = |condition: Condition| column::<Partnership>("id").in_subquery(owners(condition));
    let utility =
        |keys: &[Key]| Expr::col("utility_id").in_subquery(ids_of_keys(Utility::TABLE, keys, actor));
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

fn in_role(role: ParticipantRole) -> Condition {
    Condition::all().add(Expr::col("field").eq(role.as_str()))
}
