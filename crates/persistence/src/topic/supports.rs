//! The support for all topics.

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ConnectionTrait, DbErr, Order, QueryResult};
use serde_json::{Value, json};
use uuid::Uuid;
use vku_domain::kernel::clock::instant;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::entry_filter::EntryFilter;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::resource::schemas::schema_of;
use vku_domain::member::Member;
use vku_domain::topic::TopicSupport;

use crate::kernel::database::error::failed;
use crate::kernel::id::padded_ids;
use crate::kernel::table::unnested::{Entries, Unnested};
use crate::kernel::table::{Table, column};
use crate::kernel::transaction::Reader;

/// A row for each member that supports a topic, as far as the actor sees the member.
pub static SUPPORTS: Unnested = Unnested {
    path: "topic-supports",
    entries: Entries::Table(supports),
    also: &[],
    schema: schema_of::<TopicSupport>,
    filters: &[EntryFilter::of::<Key>("member", "The id or slug of the supporting member.", "/member/id")
        .of_resource(Member::NAME)],
};

/// Returns the supports for these topics, oldest first.
fn supports<'a>(
    reader: &'a Reader<'_>,
    topics: &'a [Uuid],
) -> LocalBoxFuture<'a, Result<Vec<(Uuid, Value)>, Error>> {
    async move {
        let support = |name: &'static str| Expr::col(("support", name));
        let select = Member::TABLE
            .select_summaries()
            .column(("support", "topic_id"))
            .column(("support", "updated_at"))
            .inner_join("support", support("member_id").eq(column::<Member>("id")))
            .and_where(support("topic_id").is_in(padded_ids(topics)))
            .and_where(support("given").eq(true))
            .and_where(column::<Member>("deleted_at").is_null())
            .cond_where(Member::visible_to(reader.actor()))
            .order_by(("support", "updated_at"), Order::Asc)
            .order_by(("support", "id"), Order::Asc)
            .take();
        let rows = reader.tx().query_all(&select).await.map_err(failed)?;
        rows.iter().map(entry).collect()
    }
    .boxed_local()
}

fn entry(row: &QueryResult) -> Result<(Uuid, Value), Error> {
    let read = || -> Result<(Uuid, DateTime<Utc>), DbErr> {
        Ok((row.try_get("", "topic_id")?, row.try_get("", "updated_at")?))
    };
    let (topic, since) = read().map_err(failed)?;
    let member = Member::TABLE.read_summary(row)?;
    Ok((topic, json!({ "member": member, "since": instant(since) })))
}
