//! The status changes of a resource, from the change log.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, DatabaseBackend, EntityTrait, Order, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::change_log::StatusChange;
use vku_domain::kernel::clock::instant;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::value::Visibility;

use super::history::{logged_level, visible_levels};
use crate::kernel::database::error::failed;
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::conditions::scalar_subquery;
use crate::kernel::table::json::json_text;
use crate::kernel::transaction::Reader;
use crate::kernel::transaction::change_log::row;

/// A status change in the history of a resource.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Step {
    /// The time, RFC 3339.
    pub at: String,
    /// The status before; absent if it was unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The status after.
    pub to: String,
    /// The reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Selects the last change of the status of a row that the actor could see: an object with `to` and maybe `reason`, as
/// text. The resource has a visibility of its own.
pub(crate) fn last_status_change(table: &AnyTable, actor: &Actor, backend: DatabaseBackend) -> Expr {
    let change = |column: row::Column| Expr::col((row::Entity, column));
    let sees = actor.visible_levels();
    let by_level = change(row::Column::Visibility).is_in(sees.iter().map(|level| level.as_str()));
    // An actor who sees the resource as a participant sees all changes.
    let levels = Visibility::ALL.iter().filter(|level| sees.contains(&logged_level(table.resource, **level)));
    let levels: Vec<_> = levels.map(|level| level.as_str()).collect();
    let participates = table.visibility.map(|visibility| visibility().is_not_in(levels));
    let status_change = change(row::Column::StatusChange);
    let select = Query::select()
        .expr(json_text(backend, status_change.clone()))
        .from(row::Entity)
        .and_where(change(row::Column::Resource).eq(table.name()))
        .and_where(change(row::Column::ResourceId).eq(table.column("id")))
        .and_where(status_change.is_not_null())
        .cond_where(Condition::any().add(by_level).add_option(participates))
        .order_by((row::Entity, row::Column::Position), Order::Desc)
        .limit(1)
        .take();
    scalar_subquery(select)
}

impl Reader<'_> {
    /// Returns the status changes of a resource, oldest first, as far as the actor could see them. Call it
    /// only for a resource that the actor has been shown: an actor who sees it as a participant sees all of
    /// them.
    ///
    /// Errors: the database is unavailable.
    pub(crate) fn steps<'a>(&'a self, of: &'a dyn AnyStored) -> LocalBoxFuture<'a, Result<Vec<Step>, Error>> {
        async move {
            let levels = visible_levels(self, of);
            let rows = row::Entity::find()
                .filter(row::Column::Visibility.is_in(levels.iter().map(|visibility| visibility.as_str())))
                .filter(row::Column::Resource.eq(of.info().name))
                .filter(row::Column::ResourceId.eq(of.id()))
                .filter(row::Column::StatusChange.is_not_null())
                .order_by_asc(row::Column::Position)
                .all(self.tx())
                .await
                .map_err(failed)?;
            let changes = rows.into_iter().map(row::Model::into_change).collect::<Result<Vec<_>, _>>()?;
            let actor = self.actor();
            let own = of.data().is_own(Some(of.id()), None, actor);
            let redact = of.info().redact_history;
            let could_see = |mut state: Value| actor.is_staff() || redact(&mut state, own, actor);
            let steps = changes.into_iter().filter_map(|change| {
                let StatusChange { from, to, reason } = change.status_change?;
                let before = |status: &String| {
                    let mut state = change.state.clone();
                    state.as_object_mut().map(|members| members.insert("status".into(), json!(status)));
                    could_see(state)
                };
                let from = from.filter(before);
                could_see(change.state).then(|| Step { at: instant(change.at), from, to, reason })
            });
            Ok(steps.collect())
        }
        .boxed_local()
    }
}
