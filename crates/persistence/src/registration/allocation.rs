//! Allocation of seats: which registration gets a seat, and which one waits. All writes hold the lock of the
//! session row, so that each sees the result of the previous one, and no seat is given twice.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::resource::Stored;
use vku_domain::registration::{Registration, RegistrationStatus};
use vku_domain::session::{RegistrationReason, Session};

use super::attendee::{check_attendee, check_own_member};
use super::seat_counts::seat_counts_of;
use crate::kernel::codec::text_opt;
use crate::kernel::database::error::failed;
use crate::kernel::read::load;
use crate::kernel::transaction::Writer;
use crate::membership::takes_part;

/// Checks that the registration is allowed, and sets its status depending on the free seats.
pub(super) async fn allocate(
    writer: &Writer<'_>,
    parent: Option<Uuid>,
    before: Option<&Stored<Registration>>,
    after: &mut Registration,
) -> Result<(), Error> {
    let session = session(writer, parent).await?;
    // A restored registration is treated as new.
    let Some(before) = before.filter(|before| before.deleted_at.is_none()) else {
        return allocate_new(writer, &session, before.map(|before| before.id), after).await;
    };
    let (from, to) = (before.data.status, after.status);
    if from != to {
        return check_status_change(writer, &session, from, after).await;
    }
    if !writer.actor().is_staff() {
        check_open(&session, writer)?;
    }
    check_attendee(writer, &session, Some(before.id), after).await?;
    if before.data.attendance != after.attendance && to == Some(RegistrationStatus::Registered) {
        check_open(&session, writer)?;
        let mut taken = seat_counts_of(writer, session.id).await?;
        taken.counts.registered = taken.counts.registered.saturating_sub(1);
        taken.in_room = taken.in_room.saturating_sub(u64::from(before.data.in_room()));
        if !session.data.has_seat(&taken, after.in_room()) {
            return Err(session_full().about("/attendance"));
        }
    }
    Ok(())
}

/// Admits a new registration.
async fn allocate_new(
    writer: &Writer<'_>,
    session: &Stored<Session>,
    id: Option<Uuid>,
    after: &mut Registration,
) -> Result<(), Error> {
    check_own_member(writer, after)?;
    check_attendee(writer, session, id, after).await?;
    match after.status {
        // Staff records people who came without a registration.
        Some(status) if status.is_marked() => return check_begun(&session.data, status, writer),
        Some(RegistrationStatus::Cancelled) => return Ok(()),
        _ => check_open(session, writer)?,
    }
    takes_part(writer, "/member", after.member.id()).await?;
    let taken = seat_counts_of(writer, session.id).await?;
    let requested = after.status;
    after.status = if session.data.has_seat(&taken, after.in_room()) {
        Some(RegistrationStatus::Registered)
    } else if session.data.waiting_list {
        Some(RegistrationStatus::Waitlisted)
    } else {
        return Err(session_full().about("/session"));
    };
    match requested.filter(|requested| Some(*requested) != after.status) {
        Some(requested) if writer.writing().origin == InputSource::Import => Err(status_mismatch(requested)),
        _ => Ok(()),
    }
}

/// The error for an import whose status does not agree with the free seats, instead of silently writing
/// another status.
fn status_mismatch(named: RegistrationStatus) -> Error {
    let detail = match named {
        RegistrationStatus::Waitlisted => bilingual!(
            "A seat is available, so there is no waiting list: leave `status` empty to have it set \
             automatically.",
            "Es gibt einen Platz, also wartet niemand: Lassen Sie `status` leer, dann ergibt er sich aus den Plätzen."
        ),
        _ => bilingual!(
            "All seats are taken: leave `status` empty to join the waiting list.",
            "Alle Plätze sind vergeben: Lassen Sie `status` leer für einen Platz auf der Warteliste."
        ),
    };
    Error::new(Code::SessionFull, detail).about("/status")
}

/// Checks a change of the status. Before the session begins, a registration can be cancelled; once it has begun,
/// attendance can be recorded, and a registration that never got a seat can still be cancelled. An import cannot
/// give a seat that is not free.
async fn check_status_change(
    writer: &Writer<'_>,
    session: &Stored<Session>,
    from: Option<RegistrationStatus>,
    after: &Registration,
) -> Result<(), Error> {
    let before = Registration { status: from, ..after.clone() };
    match after.status {
        Some(status) if status.is_marked() => check_begun(&session.data, status, writer),
        Some(RegistrationStatus::Registered) => {
            check_open(session, writer)?;
            let taken = seat_counts_of(writer, session.id).await?;
            if session.data.has_seat(&taken, after.in_room()) {
                Ok(())
            } else {
                Err(session_full().about("/status"))
            }
        }
        Some(status) if !before.may_become(status, &session.data, writer.written_at()) => {
            check_open(session, writer)
        }
        _ => Ok(()),
    }
}

/// Returns the session without checking the visibility, with its link, which is part of e-mails to people with
/// a seat.
pub(super) async fn session(writer: &Writer<'_>, id: Option<Uuid>) -> Result<Stored<Session>, Error> {
    let id = id.ok_or_else(|| Error::internal("a registration without a session"))?;
    let mut session = load::by_id_unchecked::<Session>(writer, id).await?;
    let link = Query::select().column("online_url").from("session").and_where(Expr::col("id").eq(id)).take();
    if let Some(row) = writer.tx().query_one(&link).await.map_err(failed)? {
        session.data.online_url = text_opt(row.try_get("", "online_url").map_err(failed)?)?;
    }
    Ok(session)
}

fn check_open(session: &Stored<Session>, writer: &Writer<'_>) -> Result<(), Error> {
    session.data.closed(writer.written_at()).map_or(Ok(()), |reason| Err(registration_closed(reason)))
}

fn registration_closed(reason: RegistrationReason) -> Error {
    let why = match reason {
        RegistrationReason::NotPublished => {
            bilingual!("the session is not published", "sie ist nicht veröffentlicht")
        }
        RegistrationReason::Cancelled => bilingual!("the session is cancelled", "sie wurde abgesagt"),
        RegistrationReason::Held => bilingual!("the session has been held", "sie hat stattgefunden"),
        RegistrationReason::Begun => bilingual!("the session has begun", "sie hat begonnen"),
        RegistrationReason::TimeOver => {
            bilingual!("the registration period has ended", "die Frist ist abgelaufen")
        }
        RegistrationReason::Full | RegistrationReason::RoomFull => {
            bilingual!("all seats are taken", "alle Plätze sind vergeben")
        }
    };
    let detail = bilingual!(
        "Registration for this session is closed: ",
        "Die Anmeldung für diese Sitzung ist geschlossen: "
    );
    let detail = detail.then(why).then(bilingual!(" (`{reason}`).", " (`{reason}`)."));
    Error::new(Code::RegistrationClosed, detail).about("/session")
}

fn session_full() -> Error {
    let detail = bilingual!(
        "All seats are taken, and this registration cannot join the waiting list.",
        "Alle Plätze sind vergeben, und so kann man auf keinen warten."
    );
    Error::new(Code::SessionFull, detail)
}

/// Checks that the session has begun, because attendance is only known then.
fn check_begun(session: &Session, to: RegistrationStatus, writer: &Writer<'_>) -> Result<(), Error> {
    if session.has_begun(writer.written_at()) {
        return Ok(());
    }
    let detail = bilingual!(
        "`{to}` is only possible for a session that has begun.",
        "`{to}` setzt voraus, dass die Sitzung begonnen hat."
    );
    Err(Error::new(Code::SessionNotBegun, detail).about("/status"))
}
