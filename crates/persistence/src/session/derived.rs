//! The derived fields of sessions: the seats, the reason of a cancellation, and the link for attendees with a seat.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait};
use sea_orm::{DatabaseBackend, QueryResult};
use serde::Deserialize;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::InstantParam;
use vku_domain::kernel::resource::Stored;
use vku_domain::registration::RegistrationStatus;
use vku_domain::session::{Session, SessionDerived, SessionStatus};

use crate::kernel::read::status_history::last_status_change;
use crate::kernel::table::conditions::scalar_subquery;
use crate::kernel::table::json::{json_array, json_of, json_rows};
use crate::kernel::table::{Table, column};
use crate::registration::own;
use crate::registration::seat_counts::{SEATS, seat_counts, select_seat_counts};

/// The column with the change of the status to `cancelled`.
const CANCELLATION: &str = "cancellation";
/// The column with the registrations of the actor's own staff, including deleted ones.
const OWN: &str = "own_registrations";

/// The change of the status to `cancelled`.
#[derive(Deserialize)]
struct Cancellation {
    to: String,
    reason: Option<String>,
}

/// The status of a registration, and when it was changed and deleted.
#[derive(Deserialize)]
struct OwnCells(Option<String>, DateTime<Utc>, Option<DateTime<Utc>>);

/// The registrations of the actor's own staff for a session.
#[derive(Clone, Copy, Default)]
struct OwnRegistrations {
    /// Whether one of them has a seat.
    seated: bool,
    /// When one of the registrations was last changed or deleted; `None` if there are none.
    changed_at: Option<DateTime<Utc>>,
}

impl OwnRegistrations {
    fn and(self, OwnCells(status, changed_at, deleted_at): OwnCells) -> Self {
        let has = |seated: &RegistrationStatus| status.as_deref() == Some(seated.as_str());
        let seated = deleted_at.is_none() && RegistrationStatus::SEATED.iter().any(has);
        let changed_at =
            self.changed_at.into_iter().chain([changed_at]).chain(deleted_at).fold(changed_at, Ord::max);
        Self { seated: self.seated || seated, changed_at: Some(changed_at) }
    }
}

/// The columns from which the derived fields are computed.
pub(super) fn columns(actor: &Actor, backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
    let session = || column::<Session>("id");
    let cancelled = column::<Session>("status").eq(SessionStatus::Cancelled.as_str());
    let cancellation =
        CaseStatement::new().case(cancelled, last_status_change(Session::TABLE, actor, backend)).into();
    let seats = scalar_subquery(select_seat_counts(backend, session()));
    let mut columns = vec![(SEATS, seats), (CANCELLATION, cancellation)];
    if has_own(actor) {
        let registration = |name: &'static str| Expr::col(("registration", name));
        let cells = json_array(backend, ["status", "updated_at", "deleted_at"].map(registration));
        let of_session = registration("session_id").eq(session());
        let own = own(actor).expr(json_rows(backend, cells)).and_where(of_session).take();
        columns.push((OWN, scalar_subquery(own)));
    }
    columns
}

/// Computes the derived fields, and removes the link unless the actor may see it.
pub(super) fn derive(
    item: &mut Stored<Session>,
    row: Option<&QueryResult>,
    actor: &Actor,
) -> Result<(), Error> {
    let seats = row.map(seat_counts).transpose()?.unwrap_or_default();
    let cancellation: Option<Cancellation> = row.map(|row| json_of(row, CANCELLATION)).transpose()?.flatten();
    let cancellation = cancellation.filter(|change| change.to == SessionStatus::Cancelled.as_str());
    let own: Option<Vec<OwnCells>> =
        row.filter(|_| has_own(actor)).map(|row| json_of(row, OWN)).transpose()?.flatten();
    let own = own.into_iter().flatten().fold(OwnRegistrations::default(), OwnRegistrations::and);
    if !actor.is_staff() && !own.seated {
        item.data.online_url = None;
    }
    let it = &item.data;
    item.derived = SessionDerived {
        starts_at: it.starts_at().map(InstantParam),
        ends_at: it.ends_at().map(InstantParam),
        registration_state: it.registration_state(&seats, actor.at),
        counts: Session::may_see_counts(actor).then_some(seats.counts),
        cancellation_reason: cancellation.and_then(|change| change.reason),
        seen_changed_at: own.changed_at,
    };
    Ok(())
}

fn has_own(actor: &Actor) -> bool {
    actor.role == Some(Role::Member)
}
