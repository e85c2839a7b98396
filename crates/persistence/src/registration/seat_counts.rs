//! Counts the taken seats, and selects who comes or waits.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::counted;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::registration::{Attendance, RegistrationStatus};
use vku_domain::session::SeatCounts;

use super::{not_deleted, present};
use crate::kernel::codec::text;
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::transaction::{Reader, Writer};

/// Returns the taken seats of these sessions.
pub(crate) async fn of_sessions(
    reader: &Reader<'_>,
    sessions: &[Uuid],
) -> Result<HashMap<Uuid, SeatCounts>, Error> {
    let mut all: HashMap<Uuid, SeatCounts> = HashMap::new();
    if sessions.is_empty() {
        return Ok(all);
    }
    let counts = Query::select()
        .columns(["session_id", "status", "attendance"])
        .expr_as(Expr::col("id").count(), "number")
        .from("registration")
        .cond_where(
            Condition::all().add(Expr::col("session_id").is_in(crate::kernel::id::padded_ids(sessions))),
        )
        .and_where(Expr::col("deleted_at").is_null())
        .and_where(Expr::col("status").is_not_null())
        .group_by_columns(["session_id", "status", "attendance"])
        .take();
    for row in reader.tx().query_all(&counts).await.map_err(failed)? {
        let status: RegistrationStatus = text(row.try_get("", "status").map_err(failed)?)?;
        let attendance: String = row.try_get("", "attendance").map_err(failed)?;
        let number: i64 = row.try_get("", "number").map_err(failed)?;
        let number = u64::try_from(number).map_err(|_| Corrupt::from("a negative number"))?;
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

pub(super) async fn seat_counts_of(reader: &Reader<'_>, session: Uuid) -> Result<SeatCounts, Error> {
    Ok(of_sessions(reader, &[session]).await?.remove(&session).unwrap_or_default())
}

/// Returns how many people are registered or waiting with this form of attendance.
pub(crate) async fn count_active(
    writer: &Writer<'_>,
    session: Uuid,
    attendance: Attendance,
) -> Result<i64, Error> {
    let all = active_registrations(session).and_where(Expr::col("attendance").eq(attendance.as_str())).take();
    number_of(writer, all).await
}

/// Refuses to delete a session with registered or waiting people: it must be cancelled instead, so that they
/// are notified.
///
/// Errors: 409.
pub(crate) async fn check_nobody_registered(writer: &Writer<'_>, session: Uuid) -> Result<(), Error> {
    let number = number_of(writer, active_registrations(session)).await?;
    if number == 0 {
        return Ok(());
    }
    let people = counted(number, ["person is", "people are"], ["Person ist", "Personen sind"]);
    let detail = bilingual!(
        "{people} registered or on the waiting list: change the status of the session to `cancelled`, so that \
         they are notified.",
        "{people} angemeldet oder auf der Warteliste: Setzen Sie den Status der Sitzung auf `cancelled`, damit sie \
         benachrichtigt werden.",
        people
    );
    Err(Error::new(Code::HasDependents, detail))
}

/// The statuses of people who come or wait.
pub(super) const ACTIVE: [RegistrationStatus; 2] =
    [RegistrationStatus::Registered, RegistrationStatus::Waitlisted];

/// Selects the people who come or wait.
pub(super) fn active_registrations(session: Uuid) -> SelectStatement {
    let coming = ACTIVE.map(|status| status.as_str());
    not_deleted(session).and_where(Expr::col("status").is_in(coming)).cond_where(present()).take()
}

async fn number_of(writer: &Writer<'_>, mut all: SelectStatement) -> Result<i64, Error> {
    all.expr_as(Expr::col("id").count(), "number");
    let row = writer.tx().query_one(&all).await.map_err(failed)?;
    Ok(row.map(|row| row.try_get("", "number")).transpose().map_err(failed)?.unwrap_or_default())
}
