//! Attendees: a member registers its own staff, either a contact or a person by name, and nobody twice.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Func, LockType, Query};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::{Key, Ref};
use vku_domain::kernel::value::Email;
use vku_domain::kernel::violation::Violations;
use vku_domain::registration::{Registration, RegistrationStatus};
use vku_domain::session::Session;

use super::not_deleted;
use crate::kernel::codec::text;
use crate::kernel::database::error::failed;
use crate::kernel::transaction::Writer;

/// Checks that the member is the actor's own, unless the actor is staff.
pub(super) fn check_own_member(writer: &Writer<'_>, after: &Registration) -> Result<(), Error> {
    let utility = after.member.summary().and_then(|member| member.named_after);
    let mut violations = Violations::default();
    if !writer.actor().is_staff() && !utility.is_some_and(|utility| writer.actor().owns(utility)) {
        let detail = bilingual!(
            "A member can only register its own staff.",
            "Ein Mitglied meldet nur die eigenen Beschäftigten an."
        );
        violations.member("/member", "not_writable", detail);
    }
    Error::check_writable(violations)
}

/// Checks that the contact belongs to the member, that the person is not registered yet, and that the session
/// offers the form of attendance.
pub(super) async fn check_attendee(
    writer: &Writer<'_>,
    session: &Stored<Session>,
    id: Option<Uuid>,
    after: &mut Registration,
) -> Result<(), Error> {
    let mut violations = Violations::default();
    after.check_attendance(&session.data, &mut violations);
    let mut email = after.email.as_ref().map(Email::folded);
    if let Some(contact) = &mut after.contact {
        let found = contact_of(writer, contact.key(), after.member.id().unwrap_or_default()).await?;
        match found {
            Some((id, address)) => {
                *contact = Ref::unnamed(id);
                email = Some(address.folded());
            }
            None => {
                let key = contact.key();
                let detail = bilingual!(
                    "This member has no contact `{key}`.",
                    "Dieses Mitglied hat keine Ansprechperson `{key}`."
                );
                violations.member("/contact", "unknown_reference", detail);
            }
        }
    }
    if !violations.is_empty() {
        return Err(Error::invalid(violations));
    }
    let cancelled = after.status == Some(RegistrationStatus::Cancelled);
    if !cancelled && is_registered(writer, session.id, id, after, email).await? {
        let detail = bilingual!(
            "This person is already registered for this session.",
            "Diese Person ist für diese Sitzung schon angemeldet."
        );
        let member = if after.contact.is_some() { "/contact" } else { "/email" };
        return Err(Error::new(Code::AlreadyRegistered, detail).about(member));
    }
    Ok(())
}

/// Returns the contact of the member, and its e-mail address.
async fn contact_of(writer: &Writer<'_>, key: &Key, member: Uuid) -> Result<Option<(Uuid, Email)>, Error> {
    let Key::Id(id) = key else { return Ok(None) };
    let select = Query::select()
        .column("email")
        .from("contact")
        .and_where(Expr::col("id").eq(*id))
        .and_where(Expr::col("member_id").eq(member))
        .and_where(Expr::col("deleted_at").is_null())
        .lock(LockType::Share)
        .take();
    let Some(row) = writer.tx().query_one(&select).await.map_err(failed)? else { return Ok(None) };
    let email: String = row.try_get("", "email").map_err(failed)?;
    Ok(Some((*id, text(email)?)))
}

/// Whether the same person is registered or waiting already: compares e-mail addresses, among the
/// registrations that the actor sees.
async fn is_registered(
    writer: &Writer<'_>,
    session: Uuid,
    id: Option<Uuid>,
    after: &Registration,
    email: Option<String>,
) -> Result<bool, Error> {
    let Some(email) = email else { return Ok(false) };
    let same_email = || Expr::expr(Func::lower(Expr::col("email"))).eq(email.as_str());
    let contacts = Query::select().column("id").from("contact").and_where(same_email()).take();
    let mut others = not_deleted(session);
    others
        .column("id")
        .and_where(Expr::col("status").ne(RegistrationStatus::Cancelled.as_str()))
        .and_where(Expr::col("id").ne(id.unwrap_or_default()))
        .cond_where(Condition::any().add(same_email()).add(Expr::col("contact_id").in_subquery(contacts)))
        .limit(1);
    if !writer.actor().is_staff() {
        // Do not disclose the registrations of other members.
        others.and_where(Expr::col("member_id").eq(after.member.id().unwrap_or_default()));
    }
    Ok(writer.tx().query_one(&others).await.map_err(failed)?.is_some())
}
