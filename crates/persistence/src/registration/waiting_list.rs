//! The effects of new, changed and cancelled registrations: free seats go to the people who have waited
//! longest, and everybody affected gets an e-mail. All writes hold the lock of the session row.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query, SelectStatement, SimpleExpr};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::registration::{MailKind, Registration, RegistrationStatus};
use vku_domain::session::{RegistrationReason, Session};

use super::allocation::session;
use super::seat_counts::{ACTIVE, active_registrations, seat_counts_of};
use super::{not_deleted, session_of, waiting};
use crate::kernel::database::error::failed;
use crate::kernel::read::load::{self, Parents};
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::{Table, column};
use crate::kernel::transaction::Writer;

/// Runs after a write: numbers a new registration, mails the person, and promotes waiting registrations.
pub(super) async fn registration_written(
    writer: &mut Writer<'_>,
    before: Option<&Stored<Registration>>,
    after: &Stored<Registration>,
) -> Result<(), Error> {
    let session = session(writer, session_of(after)).await?;
    let is_deleted = after.deleted_at.is_some();
    let before = before.filter(|before| before.deleted_at.is_none());
    if before.is_none() {
        assign_arrival_number(writer, session.id, after.id).await?;
    }
    let from = before.and_then(|before| before.data.status);
    let mail_kind = match after.data.status {
        Some(RegistrationStatus::Registered | RegistrationStatus::Waitlisted) if is_deleted => {
            Some(MailKind::Cancelled)
        }
        Some(RegistrationStatus::Registered) if before.is_none() => Some(MailKind::Registered),
        Some(RegistrationStatus::Waitlisted) if before.is_none() => {
            let taken = seat_counts_of(writer, session.id).await?;
            Some(MailKind::Waitlisted(taken.counts.waitlisted))
        }
        Some(RegistrationStatus::Cancelled)
            if from.is_some_and(|from| from != RegistrationStatus::Cancelled) =>
        {
            Some(MailKind::Cancelled)
        }
        _ => None,
    };
    let Some(before) = before else {
        return match mail_kind {
            Some(mail_kind) => mail_person(writer, &session, after, mail_kind).await,
            None => Ok(()),
        };
    };
    let is_replaced = mail_kind.is_none() && has_other_recipient(before, after);
    if let Some(mail_kind) = mail_kind {
        mail_person(writer, &session, after, mail_kind).await?;
    } else if is_replaced {
        mail_replacement(writer, &session, before, after).await?;
    }
    let promoted = promote(writer, &session).await?;
    let switched = mail_kind.is_none() && !is_replaced && before.data.attendance != after.data.attendance;
    // A promoted person is told about the attendance in the e-mail about the seat.
    if switched && is_active(after) && !promoted.contains(&after.id) {
        mail_person(writer, &session, after, MailKind::Switched).await?;
    }
    Ok(())
}

fn is_active(registration: &Stored<Registration>) -> bool {
    registration.deleted_at.is_none()
        && registration.data.status.is_some_and(|status| ACTIVE.contains(&status))
}

/// Whether another person comes now, or the same person with another address.
fn has_other_recipient(before: &Stored<Registration>, after: &Stored<Registration>) -> bool {
    let email = |it: &Stored<Registration>| it.derived.person.as_ref().map(|person| person.email.folded());
    email(before) != email(after)
}

/// E-mails the cancellation to the previous person, and the registration to the new one.
async fn mail_replacement(
    writer: &mut Writer<'_>,
    session: &Stored<Session>,
    before: &Stored<Registration>,
    after: &Stored<Registration>,
) -> Result<(), Error> {
    let mail_kind = match (after.data.status, after.derived.position) {
        (Some(RegistrationStatus::Registered), _) => MailKind::Registered,
        (Some(RegistrationStatus::Waitlisted), Some(position)) => MailKind::Waitlisted(position),
        _ => return Ok(()),
    };
    mail_person(writer, session, before, MailKind::Cancelled).await?;
    mail_person(writer, session, after, mail_kind).await
}

/// Gives free seats to the registrations that have waited longest, and returns their ids. If the room is
/// full, online registrations overtake those for the room.
async fn promote(writer: &mut Writer<'_>, session: &Stored<Session>) -> Result<Vec<Uuid>, Error> {
    let mut promoted = Vec::new();
    if !matches!(session.data.closed(writer.written_at()), None | Some(RegistrationReason::TimeOver)) {
        return Ok(promoted);
    }
    let mut taken = seat_counts_of(writer, session.id).await?;
    if !session.data.has_seat(&taken, false) {
        return Ok(promoted);
    }
    let rows = writer.tx().query_all(&waiting(session.id)).await.map_err(failed)?;
    for row in rows {
        if !session.data.has_seat(&taken, false) {
            break;
        }
        let id: Uuid = row.try_get("", "id").map_err(failed)?;
        let before = load::by_id_unchecked::<Registration>(writer, id).await?;
        let in_room = before.data.in_room();
        if session.data.has_seat(&taken, in_room) {
            let mut data = before.data.clone();
            data.status = Some(RegistrationStatus::Registered);
            let after = writer.update_as_side_effect(before, data).await?;
            taken.counts.registered += 1;
            taken.in_room += u64::from(in_room);
            mail_person(writer, session, &after, MailKind::Promoted).await?;
            promoted.push(id);
        }
    }
    Ok(promoted)
}

/// Runs after a change of a published session: gives new seats to waiting registrations, and e-mails relevant
/// changes once to everybody who comes or waits.
pub(crate) async fn session_changed(
    writer: &mut Writer<'_>,
    before: Option<&Stored<Session>>,
    id: Uuid,
) -> Result<(), Error> {
    let session = session(writer, Some(id)).await?;
    let promoted = promote(writer, &session).await?;
    if before.is_some_and(|before| session.data.is_rescheduled(&before.data)) {
        mail_participants(writer, &session, MailKind::Moved, &promoted).await?;
    }
    Ok(())
}

/// E-mails the cancellation of the session to everybody who comes or waits.
pub(crate) async fn session_cancelled(
    writer: &mut Writer<'_>,
    session: &Stored<Session>,
) -> Result<(), Error> {
    mail_participants(writer, session, MailKind::SessionCancelled, &[]).await
}

/// E-mails everybody who comes or waits, except those who have been mailed already.
async fn mail_participants(
    writer: &mut Writer<'_>,
    session: &Stored<Session>,
    mail_kind: MailKind,
    already_mailed: &[Uuid],
) -> Result<(), Error> {
    let all = active_registrations(session.id).column("id").order_by("arrival", sea_orm::Order::Asc).take();
    for row in writer.tx().query_all(&all).await.map_err(failed)? {
        let id: Uuid = row.try_get("", "id").map_err(failed)?;
        if !already_mailed.contains(&id) {
            let registration = load::by_id_unchecked::<Registration>(writer, id).await?;
            mail_person(writer, session, &registration, mail_kind).await?;
        }
    }
    Ok(())
}

/// Mails the person, unless it is too late: once the session has begun, only its cancellation is still
/// relevant.
async fn mail_person(
    writer: &mut Writer<'_>,
    session: &Stored<Session>,
    to: &Stored<Registration>,
    mail_kind: MailKind,
) -> Result<(), Error> {
    let until = match mail_kind {
        MailKind::SessionCancelled => session.data.ends_by(),
        _ => session.data.begins_at(),
    };
    let to_come = until > writer.written_at();
    match to.derived.person.as_ref().filter(|_| to_come) {
        Some(person) => writer.post(mail_kind.mail(session, person, &to.data)).await,
        None => Ok(()),
    }
}

/// Assigns the next arrival number to a new registration; padded with zeros, because numbers are sorted as
/// text.
async fn assign_arrival_number(writer: &Writer<'_>, session: Uuid, id: Uuid) -> Result<(), Error> {
    let last = not_deleted(session).expr_as(Expr::col("arrival").max(), "last").take();
    let row = writer.tx().query_one(&last).await.map_err(failed)?;
    let last: Option<String> = row.map(|row| row.try_get("", "last")).transpose().map_err(failed)?.flatten();
    let next = last.and_then(|last| last.parse::<u64>().ok()).unwrap_or(0) + 1;
    let update = Query::update()
        .table("registration")
        .value("arrival", format!("{next:010}"))
        .and_where(Expr::col("id").eq(id))
        .take();
    writer.tx().execute(&update).await.map(drop).map_err(failed)
}

/// Cancels the registrations of a deleted or departed person or member for future sessions, and promotes
/// waiting registrations. The people get no e-mail.
pub(crate) async fn cancel_registrations_of(
    writer: &mut Writer<'_>,
    condition: SimpleExpr,
) -> Result<(), Error> {
    let all = binding(writer.written_at(), condition)
        .column("session_id")
        .order_by("session_id", sea_orm::Order::Asc)
        .order_by("arrival", sea_orm::Order::Asc)
        .take();
    let mut sessions: Vec<Uuid> = Vec::new();
    for row in writer.tx().query_all(&all).await.map_err(failed)? {
        let id: Uuid = row.try_get("", "id").map_err(failed)?;
        sessions.push(row.try_get("", "session_id").map_err(failed)?);
        let before = load::by_id_unchecked::<Registration>(writer, id).await?;
        let mut data = before.data.clone();
        data.status = Some(RegistrationStatus::Cancelled);
        writer.update_as_side_effect(before, data).await?;
    }
    sessions.dedup();
    for id in sessions {
        let session = session(writer, Some(id)).await?;
        promote(writer, &session).await?;
    }
    Ok(())
}

/// Selects the registrations that match the condition and prevent the deletion of what they refer to.
fn binding(at: DateTime<Utc>, condition: SimpleExpr) -> SelectStatement {
    Query::select()
        .column("id")
        .from(Registration::NAME)
        .and_where(condition)
        .and_where(column::<Registration>("deleted_at").is_null())
        .cond_where(Registration::is_binding(at))
        .take()
}

impl Writer<'_> {
    /// Chooses that this write cancels the registrations of a contact or member, instead of being refused
    /// because of them. Locks the sessions first, as a new registration does.
    ///
    /// Errors: 401, 403, 404.
    pub(crate) async fn cancel_dependent_registrations(
        &mut self,
        table: &'static AnyTable,
        key: &Key,
        parent: Option<&Key>,
    ) -> Result<(), Error> {
        self.actor().require(Registration::INFO, Action::Transition)?;
        let parent = Parents::of_request(table, parent)?;
        let id = load::by_key(table, self, key, parent, false, None).await?.id();
        let condition = column::<Registration>(format!("{}_id", table.name())).eq(id);
        let sessions = binding(self.written_at(), condition).clear_selects().column("session_id").take();
        let lock = Query::select()
            .column("id")
            .from(Session::NAME)
            .and_where(Expr::col("id").in_subquery(sessions))
            .order_by("id", sea_orm::Order::Asc)
            .lock(LockType::Update)
            .take();
        self.tx().query_all(&lock).await.map_err(failed)?;
        self.cancel_registrations();
        Ok(())
    }
}
