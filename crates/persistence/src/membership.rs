//! Which members take part in the exchange, and the persons who act for them.

use std::collections::{HashMap, HashSet};
use vku_domain::registration::Person;

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::resource::Resource;
use vku_domain::kernel::violation::Violations;
use vku_domain::member::{Member, MemberStatus};

use crate::kernel::codec::text;
use crate::kernel::database::error::failed;
use crate::kernel::id_list::padded_ids;
use crate::kernel::table::column;
use crate::kernel::transaction::Writer;

/// What is true of the members that take part: they are neither deleted, nor have they left.
pub(crate) fn taking_part() -> Condition {
    let (deleted, status) = (column::<Member>("deleted_at"), || column::<Member>("status"));
    let here = Condition::any().add(status().is_null()).add(status().ne(MemberStatus::Left.as_str()));
    Condition::all().add(deleted.is_null()).add(here)
}

/// Those of these members that do not take part.
pub(crate) async fn gone(tx: &DatabaseTransaction, members: &[Uuid]) -> Result<HashSet<Uuid>, Error> {
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

/// Whether a member takes part no longer. Who leaves at the same moment may come first or last.
pub(crate) async fn has_left(writer: &Writer<'_>, member: Uuid) -> Result<bool, Error> {
    let select = Query::select()
        .column("id")
        .from(Member::NAME)
        .and_where(Expr::col("id").eq(member))
        .and_where(Expr::col("status").eq(MemberStatus::Left.as_str()))
        .take();
    Ok(writer.tx().query_one(&select).await.map_err(failed)?.is_some())
}

/// Refuses what is new for a member that has left the exchange; `pointer` names it in the body. An import brings what was
/// before it left.
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
    let mut violations = Violations::default();
    violations.member(pointer, "member_left", left());
    Err(Error::invalid(violations))
}

/// What is said of it.
pub(crate) fn left() -> Bilingual {
    bilingual!("This member has left the exchange.", "Dieses Mitglied ist aus dem Austausch ausgetreten.")
}

/// Who these contacts are, deleted ones aside.
pub(crate) async fn persons(tx: &DatabaseTransaction, ids: &[Uuid]) -> Result<HashMap<Uuid, Person>, Error> {
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

/// The ids of the members that are the actor's own.
pub(crate) fn own_members(actor: &Actor) -> sea_orm::sea_query::SelectStatement {
    Query::select()
        .column("id")
        .from("member")
        .and_where(Expr::col("utility_id").is_in(actor.utilities.iter().copied()))
        .and_where(Expr::col("deleted_at").is_null())
        .take()
}
