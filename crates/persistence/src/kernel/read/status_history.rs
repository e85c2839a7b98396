//! The status changes of a resource, from the change log.

use std::collections::HashMap;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use uuid::Uuid;
use vku_domain::kernel::change_log::StatusChange;
use vku_domain::kernel::clock::instant;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::{AnyStored, ResourceInfo};

use super::history::visible_levels;
use crate::kernel::database::error::failed;
use crate::kernel::id::padded_ids;
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

impl Reader<'_> {
    /// Returns the reasons for which resources last entered a status, by id, as far as the actor could see
    /// the change.
    ///
    /// Errors: the database is unavailable.
    pub(crate) async fn reasons(
        &self,
        resource: &ResourceInfo,
        of: &[&dyn AnyStored],
        status: &str,
    ) -> Result<HashMap<Uuid, String>, Error> {
        if of.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<_> = of.iter().map(|item| item.id()).collect();
        let rows = row::Entity::find()
            .filter(row::Column::Resource.eq(resource.name))
            .filter(row::Column::ResourceId.is_in(padded_ids(&ids)))
            .filter(row::Column::StatusChange.is_not_null())
            .order_by_asc(row::Column::Position)
            .all(self.tx())
            .await
            .map_err(failed)?;
        let mut reasons = HashMap::new();
        for change in rows {
            let change = change.into_change()?;
            let Some(item) = of.iter().find(|item| item.id() == change.resource_id) else { continue };
            let Some(status_change) =
                change.status_change.filter(|_| visible_levels(self, *item).contains(&change.visibility))
            else {
                continue;
            };
            match status_change.reason.filter(|_| status_change.to == status) {
                Some(reason) => reasons.insert(change.resource_id, reason),
                None => reasons.remove(&change.resource_id),
            };
        }
        Ok(reasons)
    }

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
