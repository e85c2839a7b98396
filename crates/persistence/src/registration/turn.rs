//! What follows when somebody comes, goes, or is replaced: who waits longest moves up, and all are written to. All of it
//! under the lock of the session's row.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Stored;
use vku_domain::registration::{Occasion, Registration, RegistrationStatus};
use vku_domain::session::{RegistrationReason, Session};

use super::seat::session;
use super::taken::{coming, taken_of};
use super::{living, session_of, waiting};
use crate::kernel::error::failed;
use crate::kernel::select;
use crate::kernel::store::Writer;

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
