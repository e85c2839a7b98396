//! Which members take part in the exchange, and the people who act for them.

use std::collections::{HashMap, HashSet};
use vku_domain::registration::Person;

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

use crate::kernel::codec::text;
use crate::kernel::database::error::failed;
use crate::kernel::id::padded_ids;
use crate::kernel::table::column;
use crate::kernel::transaction::Writer;
use crate::kernel::transaction::connection::Connection;

/// Selects the members that take part: they are not deleted and have not left.
pub(crate) fn taking_part() -> Condition {
    let (deleted, status) = (column::<Member>("deleted_at"), || column::<Member>("status"));
    let not_left = Condition::any().add(status().is_null()).add(status().ne(MemberStatus::Left.as_str()));
    Condition::all().add(deleted.is_null()).add(not_left)
}

/// Returns those of these members that do not take part.
pub(crate) async fn not_taking_part(tx: &Connection, members: &[Uuid]) -> Result<HashSet<Uuid>, Error> {
    if members.is_empty() {
        return Ok(HashSet::new());
    }
    let select = Query::select()
        .column("id")
        .from(Member::NAME)
        .and_where(Expr::col("id").is_in(padded_ids(members)))
        .cond_where(taking_part().not())
        .take();
    let rows = tx.query_all(&select).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>().map_err(failed)
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

/// Returns the people of these contacts, without deleted ones.
pub(crate) async fn persons(tx: &Connection, ids: &[Uuid]) -> Result<HashMap<Uuid, Person>, Error> {
    let mut persons = HashMap::new();
    if ids.is_empty() {
        return Ok(persons);
    }
    let select = Query::select()
        .columns(["id", "given_name", "family_name", "email", "language"])
        .from("contact")
        .and_where(Expr::col("id").is_in(padded_ids(ids)))
        .and_where(Expr::col("deleted_at").is_null())
        .take();
    for row in tx.query_all(&select).await.map_err(failed)? {
        let word = |name: &str| row.try_get::<String>("", name).map_err(failed);
        let name = format!("{} {}", word("given_name")?, word("family_name")?);
        let (email, language) = (text(word("email")?)?, Some(text(word("language")?)?));
        persons.insert(row.try_get("", "id").map_err(failed)?, Person { name, email, language });
    }
    Ok(persons)
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
