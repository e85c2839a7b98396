//! Counts of sessions, and of attendance.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Func, Query, SelectStatement, SimpleExpr};
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;
use vku_domain::member::Member;
use vku_domain::registration::{Registration, RegistrationStatus};
use vku_domain::session::{Session, SessionStatus};
use vku_domain::statistics::SessionsBy;

use super::{Key, number, visible, year};
use crate::kernel::database::error::failed;
use crate::kernel::table::column;
use crate::kernel::transaction::Reader;

/// The number of sessions, and of registrations for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attendance {
    /// The number of sessions.
    pub sessions: u64,
    /// Registrations that have or had a seat; `None` if the actor may not see counts of registrations.
    pub registered: Option<u64>,
    /// Registrations of people who came.
    pub attended: Option<u64>,
}

/// The statuses of the sessions that count.
const COUNTED: [SessionStatus; 2] = [SessionStatus::Published, SessionStatus::Held];

impl Reader<'_> {
    /// Returns the total number of sessions, and the counts by key, ordered by key.
    ///
    /// Errors: 401, 403; by regional group also if the actor may not see counts of registrations, or may not
    /// read members.
    pub async fn count_sessions(&self, by: SessionsBy) -> Result<(u64, Vec<(Key, Attendance)>), Error> {
        let actor = self.actor();
        actor.require_read(Session::INFO)?;
        let sees_counts = Session::may_see_counts(actor);
        if by == SessionsBy::RegionalGroup {
            if !sees_counts {
                return Err(actor.refusal());
            }
            actor.require(Member::INFO, Action::Read)?;
        }
        let all = self.keyed(SessionsBy::Year);
        let total = self.counts(&all).await?.iter().map(|(_, number)| number).sum();
        let mut figures: BTreeMap<Key, Attendance> = BTreeMap::new();
        if by != SessionsBy::RegionalGroup {
            let initial = sees_counts.then_some(0);
            for (key, sessions) in self.counts(&self.keyed(by)).await? {
                figures.insert(key, Attendance { sessions, registered: initial, attended: initial });
            }
        }
        if sees_counts {
            for row in self.found(&self.registered(by)).await? {
                let figure = figures.entry(Key::of(row.try_get("", "key").map_err(failed)?)).or_default();
                if by == SessionsBy::RegionalGroup {
                    figure.sessions += number(&row, "sessions")?;
                }
                let add = |so_far: Option<u64>, more: u64| Some(so_far.unwrap_or_default() + more);
                figure.registered = add(figure.registered, number(&row, "number")?);
                figure.attended = add(figure.attended, number(&row, "attended")?);
            }
        }
        Ok((total, figures.into_iter().collect()))
    }

    /// Returns the expression by which sessions are counted, and adds the tables that it needs.
    fn keyed_from(&self, by: SessionsBy, select: &mut SelectStatement) -> SimpleExpr {
        match by {
            SessionsBy::Year => year(column::<Session>("starts_on")),
            SessionsBy::Kind => column::<Session>("kind"),
            SessionsBy::Sector => {
                select
                    .inner_join(
                        "session_set",
                        Expr::col(("session_set", "owner_id")).equals((Session::NAME, "id")),
                    )
                    .and_where(Expr::col(("session_set", "field")).eq("sectors"));
                Expr::col(("session_set", "value"))
            }
            // A member that the actor does not see has no group.
            SessionsBy::RegionalGroup => {
                let visible_member = Condition::all()
                    .add(column::<Member>("id").equals((Registration::NAME, "member_id")))
                    .add(visible::<Member>(self));
                select.left_join(Member::NAME, visible_member);
                // A group that is named `unknown` is counted together with no group.
                Func::coalesce([column::<Member>("regional_group"), Expr::cust("'unknown'")]).into()
            }
        }
    }

    fn counted_sessions(&self) -> Condition {
        visible::<Session>(self)
            .add(column::<Session>("status").is_in(COUNTED.iter().map(|status| status.as_str())))
    }

    fn keyed(&self, by: SessionsBy) -> SelectStatement {
        let mut select = Query::select();
        select.from(Session::NAME);
        let key = self.keyed_from(by, &mut select);
        select
            .expr_as(key.clone(), "key")
            .expr_as(column::<Session>("id").count(), "number")
            .cond_where(self.counted_sessions())
            .add_group_by([key])
            .take()
    }

    fn registered(&self, by: SessionsBy) -> SelectStatement {
        let mut select = Query::select();
        select
            .from(Registration::NAME)
            .inner_join(Session::NAME, column::<Session>("id").equals((Registration::NAME, "session_id")));
        let key = self.keyed_from(by, &mut select);
        let status = || column::<Registration>("status");
        let came = Expr::case(status().eq(RegistrationStatus::Attended.as_str()), 1);
        let seated = RegistrationStatus::SEATED.iter().map(|status| status.as_str());
        select
            .expr_as(key.clone(), "key")
            .expr_as(column::<Session>("id").count_distinct(), "sessions")
            .expr_as(column::<Registration>("id").count(), "number")
            .expr_as(Func::count(came), "attended")
            .and_where(column::<Registration>("deleted_at").is_null())
            .and_where(status().is_in(seated))
            .cond_where(self.counted_sessions())
            .add_group_by([key])
            .take()
    }
}
