//! The derived fields of agenda items: the times and the speaker.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Func, Query};
use sea_orm::{DatabaseBackend, QueryResult};
use serde::Deserialize;
use vku_domain::agenda::{AgendaDerived, AgendaItem};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::InstantParam;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::session::{Session, instant};
use vku_domain::topic::Topic;

use crate::guest;
use crate::kernel::codec::{text, text_opt};
use crate::kernel::database::error::failed;
use crate::kernel::table::conditions::scalar_subquery;
use crate::kernel::table::json::{json_array, json_of, json_text};
use crate::kernel::table::{Table, column};

/// The column with the start of the session.
const START: &str = "session_start";
/// The column with the minutes of the items before.
const ELAPSED: &str = "elapsed_minutes";
/// The column with the name of the guest.
const SPEAKER: &str = "speaker_name";
/// The column that says whether the actor sees the topic.
const SEES_TOPIC: &str = "sees_topic";

/// The day, the time and the time zone of the start of a session.
#[derive(Deserialize)]
struct StartCells(String, Option<String>, String);

impl StartCells {
    fn instant(self) -> Result<Option<DateTime<Utc>>, Error> {
        let Self(day, time, zone) = self;
        let (day, time, zone) = (text(day)?, text_opt(time)?, text(zone)?);
        Ok(time.and_then(|time| instant(&zone, &day, &time)))
    }
}

/// The columns from which the derived fields are computed. A guest or topic that the actor does not see is null.
pub(super) fn columns(actor: &Actor, backend: DatabaseBackend) -> Vec<(&'static str, Expr)> {
    let own = |name: &'static str| column::<AgendaItem>(name);
    let start = ["starts_on", "start_time", "time_zone"].map(column::<Session>);
    let start = json_text(backend, json_array(backend, start));
    let start = Session::TABLE.visible_row(actor, own("session_id")).expr(start).take();
    let topic = Topic::TABLE.visible_row(actor, own("topic_id")).expr(Expr::val(1)).take();
    vec![
        (START, scalar_subquery(start)),
        (ELAPSED, elapsed()),
        (SPEAKER, scalar_subquery(guest::select_name(actor, own("guest_id")))),
        (SEES_TOPIC, Expr::exists(topic)),
    ]
}

/// The minutes of the items of the session before this one.
fn elapsed() -> Expr {
    let own = |name: &'static str| column::<AgendaItem>(name);
    let other = |name: &'static str| Expr::col(("other", name));
    let is_before = Expr::tuple(["position", "id"].map(other)).lt(Expr::tuple(["position", "id"].map(own)));
    let minutes = Query::select()
        .expr(Expr::expr(Func::coalesce([other("duration_minutes").sum(), Expr::val(0)])).cast_as("bigint"))
        .from_as(AgendaItem::NAME, "other")
        .and_where(other("session_id").eq(own("session_id")))
        .cond_where(Condition::all().add(other("deleted_at").is_null()).add(is_before))
        .take();
    scalar_subquery(minutes)
}

/// Computes the times and the speaker. A deleted item has no times.
pub(super) fn derive(
    item: &mut Stored<AgendaItem>,
    row: Option<&QueryResult>,
    actor: &Actor,
) -> Result<(), Error> {
    let Some(row) = row else { return Ok(()) };
    let start = json_of::<StartCells>(row, START)?.filter(|_| item.deleted_at.is_none());
    let start = start.map(StartCells::instant).transpose()?.flatten();
    let elapsed: i64 = row.try_get("", ELAPSED).map_err(failed)?;
    let until = elapsed + i64::from(item.data.duration_minutes.get());
    let at = |minutes| start.map(|start| InstantParam(start + TimeDelta::minutes(minutes)));
    let speaker: Option<String> = row.try_get("", SPEAKER).map_err(failed)?;
    if !actor.is_staff() {
        let sees_topic: bool = row.try_get("", SEES_TOPIC).map_err(failed)?;
        item.data.topic.take_if(|_| !sees_topic);
        item.data.guest.take_if(|_| speaker.is_none());
    }
    item.derived = AgendaDerived { starts_at: at(elapsed), ends_at: at(until), speaker };
    Ok(())
}
