//! The memberships of utilities, and the countries in which the members are interested.

use std::collections::HashMap;

use sea_orm::sea_query::{Condition, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::value::Country;
use vku_domain::member::{Member, MemberStatus};

use super::lines::{id, lines, parsed};
use crate::kernel::table::{Table, column};
use crate::kernel::transaction::Reader;

/// Returns which members have left, and in which countries members are interested, if the actor may read
/// members; for one utility, or for all.
pub(super) async fn members(
    reader: &Reader<'_>,
    utility: Option<Uuid>,
) -> Result<HashMap<Uuid, (bool, Vec<Country>)>, Error> {
    let actor = reader.actor();
    if actor.require(Member::INFO, Action::Read).is_err() {
        return Ok(HashMap::new());
    }
    let countries = match reader.tx().get_database_backend() {
        DatabaseBackend::Postgres => r#"string_agg("value", ' ')"#,
        _ => r#"group_concat("value", ' ')"#,
    };
    let rest = format!(
        r#"coalesce("member"."status", '') || '|' || coalesce((SELECT {countries} FROM "member_set"
        WHERE "owner_id" = "member"."id" AND "field" = 'countries'), '')"#
    );
    let only = utility.map(|utility| column::<Member>("utility_id").eq(utility));
    let select = Query::select()
        .expr(lines(reader, r#""member"."utility_id""#, Some(&rest)))
        .from("member")
        .and_where(column::<Member>("deleted_at").is_null())
        .cond_where(Condition::all().add_option(only))
        .cond_where(Member::visible_to(actor))
        .take();
    let mut members = HashMap::new();
    for line in reader.text(&select).await?.lines() {
        let mut cells = line.split('|');
        let mut cell = || cells.next().unwrap_or_default();
        let (utility, has_left) = (id(cell())?, cell() == MemberStatus::Left.as_str());
        let countries = cell().split_whitespace().map(parsed);
        let mut countries = countries.collect::<Result<Vec<Country>, _>>()?;
        countries.sort_unstable();
        members.insert(utility, (has_left, countries));
    }
    Ok(members)
}
