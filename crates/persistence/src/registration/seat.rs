//! Seats: who gets one, who waits, and who moves up. All of it under the lock of the session's row, so that whoever is
//! later sees what those before did, and no seat is given twice.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Func, LockType, Query, SelectStatement};
use uuid::Uuid;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::reference::{Key, Ref};
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::value::Email;
use vku_domain::kernel::violation::Violations;
use vku_domain::registration::{Attendance, Occasion, Registration, RegistrationStatus};
use vku_domain::say;
use vku_domain::session::{RegistrationReason, Session, SessionStatus, Taken};

use super::{living, session_of, waiting};
use crate::kernel::error::{Corrupt, failed};
use crate::kernel::select;
use crate::kernel::store::{Reader, Writer};
use crate::kernel::table::{text, text_opt};

/// Looks whether one may register, and says whether there is a seat.
pub(super) async fn admit(
    writer: &Writer<'_>,
    parent: Option<Uuid>,
    before: Option<&Stored<Registration>>,
    after: &mut Registration,
) -> Result<(), Error> {
    let session = session(writer, parent).await?;
    // Who was deleted comes anew.
    let Some(before) = before.filter(|before| before.deleted_at.is_none()) else {
        return arrive(writer, &session, before.map(|before| before.id), after).await;
    };
    let (from, to) = (before.data.status, after.status);
    if from != to {
        return lead(writer, &session, from, after).await;
    }
    if !writer.actor().is_staff() {
        open(&session, writer)?;
    }
    settle(writer, &session, Some(before.id), after).await?;
    if before.data.attendance != after.attendance && to == Some(RegistrationStatus::Registered) {
        open(&session, writer)?;
        let mut taken = taken_of(writer, session.id).await?;
        taken.counts.registered = taken.counts.registered.saturating_sub(1);
        taken.in_room = taken.in_room.saturating_sub(u64::from(before.data.in_room()));
        if !session.data.has_seat(&taken, after.in_room()) {
            return Err(full());
        }
    }
    Ok(())
}

/// Somebody new.
async fn arrive(
    writer: &Writer<'_>,
    session: &Stored<Session>,
    id: Option<Uuid>,
    after: &mut Registration,
) -> Result<(), Error> {
    own(writer, after)?;
    settle(writer, session, id, after).await?;
    match after.status {
        // The office notes who came without having registered.
        Some(status) if status.is_marked() => return begun(&session.data, status, writer),
        Some(RegistrationStatus::Cancelled) => return Ok(()),
        _ => open(session, writer)?,
    }
    let taken = taken_of(writer, session.id).await?;
    after.status = if session.data.has_seat(&taken, after.in_room()) {
        Some(RegistrationStatus::Registered)
    } else if session.data.waiting_list {
        Some(RegistrationStatus::Waitlisted)
    } else {
        return Err(full());
    };
    Ok(())
}

/// Cancelling is for what has not begun, or for who waited in vain; marking for what has. An import gives no seat that
/// there is not.
async fn lead(
    writer: &Writer<'_>,
    session: &Stored<Session>,
    from: Option<RegistrationStatus>,
    after: &Registration,
) -> Result<(), Error> {
    let waited = from == Some(RegistrationStatus::Waitlisted);
    match after.status {
        Some(status) if status.is_marked() => begun(&session.data, status, writer),
        Some(RegistrationStatus::Registered) => {
            open(session, writer)?;
            let taken = taken_of(writer, session.id).await?;
            if session.data.has_seat(&taken, after.in_room()) { Ok(()) } else { Err(full()) }
        }
        _ => match session.data.closed(writer.at()) {
            Some(reason @ (RegistrationReason::Begun | RegistrationReason::Held)) if !waited => {
                Err(closed(reason))
            }
            _ => Ok(()),
        },
    }
}

/// A member registers its own staff.
fn own(writer: &Writer<'_>, after: &Registration) -> Result<(), Error> {
    let utility = after.member.card().and_then(|member| member.named_after);
    let mut violations = Violations::default();
    if !writer.actor().is_staff() && !utility.is_some_and(|utility| writer.actor().owns(utility)) {
        let detail = say!(
            "A member registers its own staff only.",
            "Ein Mitglied meldet nur die eigenen Beschäftigten an."
        );
        violations.member("/member", "not_writable", detail);
    }
    Error::unless_writable(violations)
}

/// The contact is the member's, the person is not there already, and the session is held as wanted.
async fn settle(
    writer: &Writer<'_>,
    session: &Stored<Session>,
    id: Option<Uuid>,
    after: &mut Registration,
) -> Result<(), Error> {
    let mut violations = Violations::default();
    after.fits(&session.data, &mut violations);
    let mut email = after.email.as_ref().map(Email::folded);
    if let Some(contact) = &mut after.contact {
        let found = contact_of(writer, contact.key(), after.member.id().unwrap_or_default()).await?;
        match found {
            Some((id, address)) => {
                *contact = Ref::part(id);
                email = Some(address.folded());
            }
            None => {
                let key = contact.key();
                let detail = say!(
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
    if !cancelled && is_there(writer, session.id, id, after, email).await? {
        let detail = say!(
            "This person is registered for this session already.",
            "Diese Person ist für diese Sitzung schon angemeldet."
        );
        return Err(Error::new(Code::AlreadyRegistered, detail));
    }
    Ok(())
}

/// The contact of the member, and its address.
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

/// Whether the same person comes already, or waits: by the address, as far as the actor sees who does.
async fn is_there(
    writer: &Writer<'_>,
    session: Uuid,
    id: Option<Uuid>,
    after: &Registration,
    email: Option<String>,
) -> Result<bool, Error> {
    let Some(email) = email else { return Ok(false) };
    let alike = || Expr::expr(Func::lower(Expr::col("email"))).eq(email.as_str());
    let contacts = Query::select().column("id").from("contact").and_where(alike()).take();
    let mut others = living(session);
    others
        .column("id")
        .and_where(Expr::col("status").ne(RegistrationStatus::Cancelled.as_str()))
        .and_where(Expr::col("id").ne(id.unwrap_or_default()))
        .cond_where(Condition::any().add(alike()).add(Expr::col("contact_id").in_subquery(contacts)))
        .limit(1);
    if !writer.actor().is_staff() {
        // Who else comes is not the member's to know.
        others.and_where(Expr::col("member_id").eq(after.member.id().unwrap_or_default()));
    }
    Ok(writer.tx().query_one(&others).await.map_err(failed)?.is_some())
}

/// Does what follows: numbers who is new, writes to the person, and lets others move up.
pub(super) async fn follow(
    writer: &mut Writer<'_>,
    before: Option<&Stored<Registration>>,
    after: &Stored<Registration>,
) -> Result<(), Error> {
    let session = session(writer, session_of(after)).await?;
    let gone = after.deleted_at.is_some();
    let before = before.filter(|before| before.deleted_at.is_none());
    if before.is_none() {
        number(writer, session.id, after.id).await?;
    }
    let from = before.and_then(|before| before.data.status);
    let occasion = match after.data.status {
        Some(RegistrationStatus::Registered | RegistrationStatus::Waitlisted) if gone => {
            Some(Occasion::Cancelled)
        }
        Some(RegistrationStatus::Registered) if before.is_none() => Some(Occasion::Registered),
        Some(RegistrationStatus::Waitlisted) if before.is_none() => {
            let taken = taken_of(writer, session.id).await?;
            Some(Occasion::Waitlisted(taken.counts.waitlisted))
        }
        Some(RegistrationStatus::Cancelled)
            if from.is_some_and(|from| from != RegistrationStatus::Cancelled) =>
        {
            Some(Occasion::Cancelled)
        }
        _ => None,
    };
    if let Some(occasion) = occasion {
        write_to(writer, &session, after, occasion).await?;
    } else if let Some(before) = before.filter(|before| is_another(before, after)) {
        replaced(writer, &session, before, after).await?;
    }
    if before.is_some() { promote(writer, &session).await } else { Ok(()) }
}

/// Whether somebody else comes now, or the same person by another address.
fn is_another(before: &Stored<Registration>, after: &Stored<Registration>) -> bool {
    let email = |it: &Stored<Registration>| it.derived.person.as_ref().map(|person| person.email.folded());
    email(before) != email(after)
}

/// Tells who came before that it is off, and who comes now what there is.
async fn replaced(
    writer: &mut Writer<'_>,
    session: &Stored<Session>,
    before: &Stored<Registration>,
    after: &Stored<Registration>,
) -> Result<(), Error> {
    let occasion = match (after.data.status, after.derived.position) {
        (Some(RegistrationStatus::Registered), _) => Occasion::Registered,
        (Some(RegistrationStatus::Waitlisted), Some(position)) => Occasion::Waitlisted(position),
        _ => return Ok(()),
    };
    write_to(writer, session, before, Occasion::Cancelled).await?;
    write_to(writer, session, after, occasion).await
}

/// Who waits longest gets what seats there are. Who wants into a full room lets those past who come online.
pub(crate) async fn promote(writer: &mut Writer<'_>, session: &Stored<Session>) -> Result<(), Error> {
    if !matches!(session.data.closed(writer.at()), None | Some(RegistrationReason::TimeOver)) {
        return Ok(());
    }
    let mut taken = taken_of(writer, session.id).await?;
    if !session.data.has_seat(&taken, false) {
        return Ok(());
    }
    let rows = writer.tx().query_all(&waiting(session.id)).await.map_err(failed)?;
    for row in rows {
        if !session.data.has_seat(&taken, false) {
            break;
        }
        let id: Uuid = row.try_get("", "id").map_err(failed)?;
        let before = select::whoever::<Registration>(writer, id).await?;
        let in_room = before.data.in_room();
        if session.data.has_seat(&taken, in_room) {
            let mut data = before.data.clone();
            data.status = Some(RegistrationStatus::Registered);
            let after = writer.consequence(before, data).await?;
            taken.counts.registered += 1;
            taken.in_room += u64::from(in_room);
            write_to(writer, session, &after, Occasion::Promoted).await?;
        }
    }
    Ok(())
}

/// How many come so, or wait to.
pub(crate) async fn coming_by(
    writer: &Writer<'_>,
    session: Uuid,
    attendance: Attendance,
) -> Result<i64, Error> {
    let all = coming(session).and_where(Expr::col("attendance").eq(attendance.as_str())).take();
    number_of(writer, all).await
}

/// Refuses to delete a session that somebody comes to, or waits for: it is cancelled, so that they hear of it.
///
/// Errors: 409.
pub(crate) async fn nobody_comes(writer: &Writer<'_>, session: Uuid) -> Result<(), Error> {
    let number = number_of(writer, coming(session)).await?;
    if number == 0 {
        return Ok(());
    }
    let detail = say!(
        "{number} are registered or wait: lead it to `cancelled`, so that they hear of it.",
        "{number} sind angemeldet oder warten: Führen Sie sie zu `cancelled`, damit sie davon erfahren."
    );
    Err(Error::new(Code::HasDependents, detail))
}

/// Who comes or waits.
fn coming(session: Uuid) -> SelectStatement {
    let coming =
        [RegistrationStatus::Registered, RegistrationStatus::Waitlisted].map(|status| status.as_str());
    living(session).and_where(Expr::col("status").is_in(coming)).take()
}

async fn number_of(writer: &Writer<'_>, mut all: SelectStatement) -> Result<i64, Error> {
    all.expr_as(Expr::col("id").count(), "number");
    let row = writer.tx().query_one(&all).await.map_err(failed)?;
    Ok(row.map(|row| row.try_get("", "number")).transpose().map_err(failed)?.unwrap_or_default())
}

/// Tells all who come or wait that the session does not take place.
pub(crate) async fn call_off(writer: &mut Writer<'_>, session: &Stored<Session>) -> Result<(), Error> {
    let mut all = coming(session.id);
    all.column("id").order_by("arrival", sea_orm::Order::Asc);
    for row in writer.tx().query_all(&all).await.map_err(failed)? {
        let id: Uuid = row.try_get("", "id").map_err(failed)?;
        let registration = select::whoever::<Registration>(writer, id).await?;
        write_to(writer, session, &registration, Occasion::SessionCancelled).await?;
    }
    Ok(())
}

/// Writes to the person, unless all is over.
async fn write_to(
    writer: &mut Writer<'_>,
    session: &Stored<Session>,
    to: &Stored<Registration>,
    occasion: Occasion,
) -> Result<(), Error> {
    let to_come = session.data.over_at() > writer.at();
    match to.derived.person.as_ref().filter(|_| to_come) {
        Some(person) => writer.post(occasion.mail(&session.data, person, to.data.attendance)).await,
        None => Ok(()),
    }
}

/// The seats of these sessions that are taken.
pub(crate) async fn taken(reader: &Reader<'_>, sessions: &[Uuid]) -> Result<HashMap<Uuid, Taken>, Error> {
    let mut all: HashMap<Uuid, Taken> = HashMap::new();
    if sessions.is_empty() {
        return Ok(all);
    }
    let counts = Query::select()
        .columns(["session_id", "status", "attendance"])
        .expr_as(Expr::col("id").count(), "number")
        .from("registration")
        .cond_where(Condition::all().add(Expr::col("session_id").is_in(select::among(sessions))))
        .and_where(Expr::col("deleted_at").is_null())
        .and_where(Expr::col("status").is_not_null())
        .group_by_columns(["session_id", "status", "attendance"])
        .take();
    for row in reader.tx().query_all(&counts).await.map_err(failed)? {
        let status: RegistrationStatus = text(row.try_get("", "status").map_err(failed)?)?;
        let attendance: String = row.try_get("", "attendance").map_err(failed)?;
        let number: i64 = row.try_get("", "number").map_err(failed)?;
        let number = u64::try_from(number).map_err(|_| Corrupt::from("fewer than none"))?;
        let taken = all.entry(row.try_get("", "session_id").map_err(failed)?).or_default();
        match status {
            RegistrationStatus::Waitlisted => taken.counts.waitlisted += number,
            RegistrationStatus::Attended => taken.counts.attended += number,
            RegistrationStatus::Registered | RegistrationStatus::NoShow | RegistrationStatus::Cancelled => {}
        }
        if status.is_seated() {
            taken.counts.registered += number;
            taken.in_room += if attendance == "in_person" { number } else { 0 };
        }
    }
    Ok(all)
}

async fn taken_of(reader: &Reader<'_>, session: Uuid) -> Result<Taken, Error> {
    Ok(taken(reader, &[session]).await?.remove(&session).unwrap_or_default())
}

/// Gives the next number to who is new. Zeros in front: numbers sort as texts.
async fn number(writer: &Writer<'_>, session: Uuid, id: Uuid) -> Result<(), Error> {
    let last = living(session).expr_as(Expr::col("arrival").max(), "last").take();
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

/// The session, whoever asks: with its link, which goes into mails to those who have a seat.
async fn session(writer: &Writer<'_>, id: Option<Uuid>) -> Result<Stored<Session>, Error> {
    let id = id.ok_or_else(|| Error::internal("a registration for no session"))?;
    let mut session = select::whoever::<Session>(writer, id).await?;
    let link = Query::select().column("online_url").from("session").and_where(Expr::col("id").eq(id)).take();
    if let Some(row) = writer.tx().query_one(&link).await.map_err(failed)? {
        session.data.online_url = text_opt(row.try_get("", "online_url").map_err(failed)?)?;
    }
    Ok(session)
}

fn open(session: &Stored<Session>, writer: &Writer<'_>) -> Result<(), Error> {
    session.data.closed(writer.at()).map_or(Ok(()), |reason| Err(closed(reason)))
}

fn closed(reason: RegistrationReason) -> Error {
    let why = match reason {
        RegistrationReason::NotPublished => say!("it is not published", "sie ist nicht veröffentlicht"),
        RegistrationReason::Cancelled => say!("it was cancelled", "sie wurde abgesagt"),
        RegistrationReason::Held => say!("it has been held", "sie hat stattgefunden"),
        RegistrationReason::Begun => say!("it has begun", "sie hat begonnen"),
        RegistrationReason::TimeOver => say!("the time for it is over", "die Frist ist abgelaufen"),
        RegistrationReason::Full | RegistrationReason::RoomFull => {
            say!("all seats are taken", "alle Plätze sind vergeben")
        }
    };
    let detail = say!(
        "Registration for this session is closed: ",
        "Die Anmeldung für diese Sitzung ist geschlossen: "
    );
    Error::new(Code::RegistrationClosed, detail.then(why).then(say!(" (`{reason}`).", " (`{reason}`).")))
}

fn full() -> Error {
    let detail = say!(
        "All seats are taken, and one cannot wait for one so.",
        "Alle Plätze sind vergeben, und so kann man auf keinen warten."
    );
    Error::new(Code::SessionFull, detail)
}

/// Who came shows once the session has begun.
fn begun(session: &Session, to: RegistrationStatus, writer: &Writer<'_>) -> Result<(), Error> {
    let took_place = matches!(session.status, Some(SessionStatus::Published | SessionStatus::Held));
    if took_place && session.begins_at() <= writer.at() {
        return Ok(());
    }
    let detail = say!(
        "`{to}` is for a session that has begun.",
        "`{to}` setzt voraus, dass die Sitzung begonnen hat."
    );
    Err(Error::new(Code::SessionNotBegun, detail))
}
