//! Counts the taken seats, and selects who comes or waits.

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult};
use serde::Deserialize;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::counted;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::registration::{Attendance, RegistrationStatus};
use vku_domain::session::{SeatCounts, SessionCounts};

use super::{not_deleted, present};
use crate::kernel::database::error::failed;
use crate::kernel::table::json::{json_array, json_of, json_text};
use crate::kernel::transaction::{Reader, Writer};

/// The column with the taken seats of a session.
pub(crate) const SEATS: &str = "seats";

/// The numbers of people who wait, who attended, who have a seat, and who have one on site.
#[derive(Deserialize)]
struct SeatCells(u64, u64, u64, u64);

/// Selects the taken seats of a session, as JSON for [`seat_counts`].
pub(crate) fn select_seat_counts(backend: DatabaseBackend, session: Expr) -> SelectStatement {
    let column = |name: &'static str| Expr::col(("registration", name));
    let is = |status: RegistrationStatus| column("status").eq(status.as_str());
    let is_seated =
        || column("status").is_in(RegistrationStatus::SEATED.iter().map(|status| status.as_str()));
    let in_room = column("attendance").eq(Attendance::InPerson.as_str());
    let counted = [
        is(RegistrationStatus::Waitlisted),
        is(RegistrationStatus::Attended),
        is_seated(),
        is_seated().and(in_room),
    ];
    let numbers =
        counted.map(|counted| Func::count(CaseStatement::new().case(counted, Expr::cust("1"))).into());
    let numbers = json_text(backend, json_array(backend, numbers));
    Query::select()
        .expr_as(numbers, SEATS)
        .from("registration")
        .and_where(column("session_id").eq(session))
        .and_where(column("deleted_at").is_null())
        .take()
}

/// Reads the taken seats of a session.
pub(crate) fn seat_counts(row: &QueryResult) -> Result<SeatCounts, Error> {
    let cells: Option<SeatCells> = json_of(row, SEATS)?;
    let SeatCells(waitlisted, attended, registered, in_room) = cells.unwrap_or(SeatCells(0, 0, 0, 0));
    Ok(SeatCounts { counts: SessionCounts { registered, waitlisted, attended }, in_room })
}

/// Returns the taken seats of a session.
pub(crate) async fn seat_counts_of(reader: &Reader<'_>, session: Uuid) -> Result<SeatCounts, Error> {
    let select = select_seat_counts(reader.tx().get_database_backend(), session.into());
    let row = reader.tx().query_one(&select).await.map_err(failed)?;
    row.as_ref().map_or_else(|| Ok(SeatCounts::default()), seat_counts)
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
    not_deleted(session)
        .and_where(Expr::col("status").is_in(coming))
        .cond_where(present("registration"))
        .take()
}

async fn number_of(writer: &Writer<'_>, mut all: SelectStatement) -> Result<i64, Error> {
    all.expr_as(Expr::col("id").count(), "number");
    let row = writer.tx().query_one(&all).await.map_err(failed)?;
    Ok(row.map(|row| row.try_get("", "number")).transpose().map_err(failed)?.unwrap_or_default())
}
