//! Which members take part in the exchange, and which are the actor's own.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::resource::Resource;
use vku_domain::member::{Member, MemberStatus};

use crate::kernel::database::error::failed;
use crate::kernel::table::column;
use crate::kernel::transaction::Writer;

/// Selects the members that take part: they are not deleted and have not left.
pub(crate) fn taking_part() -> Condition {
    let (deleted, status) = (column::<Member>("deleted_at"), || column::<Member>("status"));
    let not_left = Condition::any().add(status().is_null()).add(status().ne(MemberStatus::Left.as_str()));
    Condition::all().add(deleted.is_null()).add(not_left)
}

/// Whether a member has left. A concurrent change of its status may be seen or not.
pub(crate) async fn has_left(writer: &Writer<'_>, member: Uuid) -> Result<bool, Error> {
    let select = Query::select()
        .column("id")
        .from(Member::NAME)
        .and_where(Expr::col("id").eq(member))
        .and_where(Expr::col("status").eq(MemberStatus::Left.as_str()))
        .take();
    Ok(writer.tx().query_one(&select).await.map_err(failed)?.is_some())
}

/// Refuses new data for a member that has left the exchange; `pointer` is the member in the body. An import
/// may contain data from before it left.
///
/// Errors: 422 at `pointer`.
pub(crate) async fn takes_part(
    writer: &Writer<'_>,
    pointer: &str,
    member: Option<Uuid>,
) -> Result<(), Error> {
    let Some(member) = member else { return Ok(()) };
    if writer.writing().origin == InputSource::Import || !has_left(writer, member).await? {
        return Ok(());
    }
    Err(Error::invalid_at(pointer, "member_left", has_left_detail()))
}

/// The error detail for such a member.
pub(crate) fn has_left_detail() -> Bilingual {
    bilingual!("This member has left the exchange.", "Dieses Mitglied ist aus dem Austausch ausgetreten.")
}

/// Selects the ids of the members whose utility the actor is bound to.
pub(crate) fn own_members(actor: &Actor) -> sea_orm::sea_query::SelectStatement {
    Query::select()
        .column("id")
        .from("member")
        .and_where(Expr::col("utility_id").is_in(actor.utilities.iter().copied()))
        .and_where(Expr::col("deleted_at").is_null())
        .take()
}
