//! Sessions with a limited number of seats: others than staff see whether there are seats, but not each registration.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;
use vku_domain::kernel::change_log::Change;
use vku_domain::kernel::error::Error;
use vku_domain::registration::{Attendance, RegistrationStatus};
use vku_domain::session::SeatCounts;

use super::links::{Links, Sources};
use super::past::PastStates;
use super::state::text_of;
use crate::kernel::database::error::failed;
use crate::kernel::table::conditions::scalar_subquery;
use crate::registration::seat_counts::{SEATS, seat_counts, select_seat_counts};

/// The taken seats: all, and those on site.
type Taken = [i64; 2];

/// The seats of a session, and how many of them are taken.
struct Seats {
    limits: [Option<i64>; 2],
    taken: Taken,
}

impl Seats {
    fn read(row: &QueryResult) -> Result<(Uuid, Self), Error> {
        let limits =
            [row.try_get("", "capacity").map_err(failed)?, row.try_get("", "room_capacity").map_err(failed)?];
        let SeatCounts { counts, in_room } = seat_counts(row)?;
        let taken = [counts.registered, in_room].map(|taken| i64::try_from(taken).unwrap_or(i64::MAX));
        Ok((row.try_get("", "id").map_err(failed)?, Self { limits, taken }))
    }

    /// Whether there are seats, in all and on site.
    fn are_free(&self) -> [bool; 2] {
        let [all, on_site] = self.limits;
        let [taken, taken_on_site] = self.taken;
        [all.is_none_or(|all| taken < all), on_site.is_none_or(|on_site| taken_on_site < on_site)]
    }

    /// Goes back to before a change of a registration; returns whether there were seats then, and are none after it, or
    /// the other way round.
    fn undo(&mut self, before: Option<&Change>, after: Option<&Change>) -> bool {
        let are_free = self.are_free();
        let ([all, on_site], [all_after, on_site_after]) = (seats_of(before), seats_of(after));
        let [taken, taken_on_site] = self.taken;
        self.taken = [taken + all - all_after, taken_on_site + on_site - on_site_after];
        are_free != self.are_free()
    }
}

/// The seats that a registration takes.
fn seats_of(registration: Option<&Change>) -> Taken {
    let Some(Change { state, .. }) = registration else { return [0, 0] };
    let status = text_of(state, "status");
    if !RegistrationStatus::SEATED.iter().any(|seated| status == Some(seated.as_str())) {
        return [0, 0];
    }
    [1, i64::from(text_of(state, "attendance") == Some(Attendance::InPerson.as_str()))]
}

impl Links<'_> {
    /// Returns those of these sessions that had seats before one of the changes and none after it, or the other way
    /// round, as linked with these changes.
    pub(super) async fn filled_or_freed(self, sessions: &Sources) -> Result<Sources, Error> {
        let mut found = Sources::new();
        let Some(first) = sessions.values().flatten().min().copied() else { return Ok(found) };
        let limited = self.limited(sessions).await?;
        let mut states = PastStates::default();
        let mut changes: HashMap<Uuid, Vec<(i64, Uuid)>> = HashMap::new();
        for row in self.registration_changes(limited.keys(), first).await? {
            let id: Uuid = row.try_get("", "resource_id").map_err(failed)?;
            let position: i64 = row.try_get("", "position").map_err(failed)?;
            let session = row.try_get("", "session_id").map_err(failed)?;
            changes.entry(session).or_default().push((position, id));
        }
        let both = changes.values().flatten().flat_map(|(at, id)| [(*id, at - 1), (*id, *at)]);
        states.load(self.tx, both.collect::<HashSet<_>>()).await?;
        for (session, mut seats) in limited {
            let mut of_session = changes.remove(&session).unwrap_or_default();
            of_session.sort_unstable_by_key(|(position, _)| std::cmp::Reverse(*position));
            let turned: HashSet<i64> = of_session
                .into_iter()
                .filter(|(at, id)| seats.undo(states.live((*id, at - 1)), states.live((*id, *at))))
                .map(|(at, _)| at)
                .collect();
            let positions = sessions.get(&session).into_iter().flatten();
            let positions: Vec<i64> =
                positions.copied().filter(|position| turned.contains(position)).collect();
            if !positions.is_empty() {
                found.insert(session, positions);
            }
        }
        Ok(found)
    }

    /// Reads the seats of those of these sessions that have a limited number of them.
    async fn limited(self, sessions: &Sources) -> Result<HashMap<Uuid, Seats>, Error> {
        let has_limit = Condition::any()
            .add(Expr::col("capacity").is_not_null())
            .add(Expr::col("room_capacity").is_not_null());
        let seats = select_seat_counts(self.tx.get_database_backend(), Expr::col(("session", "id")));
        let select = Query::select()
            .columns(["id", "capacity", "room_capacity"])
            .expr_as(scalar_subquery(seats), SEATS)
            .from("session")
            .and_where(Expr::col("id").is_in(sessions.keys().copied()))
            .cond_where(has_limit)
            .take();
        let rows = self.tx.query_all(&select).await.map_err(failed)?;
        rows.iter().map(Seats::read).collect()
    }

    /// Reads which registrations for these sessions have changed from a position on.
    async fn registration_changes(
        self,
        sessions: impl Iterator<Item = &Uuid>,
        first: i64,
    ) -> Result<Vec<QueryResult>, Error> {
        let sessions: Vec<Uuid> = sessions.copied().collect();
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let is_of_registration = Expr::col(("change", "resource_id")).equals(("registration", "id"));
        let select = Query::select()
            .column(("change", "resource_id"))
            .column(("change", "position"))
            .column(("registration", "session_id"))
            .from("registration")
            .inner_join("change", is_of_registration)
            .and_where(Expr::col(("registration", "session_id")).is_in(sessions))
            .and_where(Expr::col(("change", "position")).gte(first))
            .take();
        self.tx.query_all(&select).await.map_err(failed)
    }
}
