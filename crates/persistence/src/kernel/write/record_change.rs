//! Recording what was written in the change log.

use serde_json::Value;
use vku_domain::kernel::change_log::{ChangeAction, StatusChange};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::lifecycle::State;
use vku_domain::kernel::resource::{Resource, Stored};
use vku_domain::kernel::value::Text;

use super::parent_of;
use crate::kernel::read::history::logged_visibility;
use crate::kernel::table::Table;
use crate::kernel::transaction::Writer;
use crate::kernel::transaction::change_log::NewChange;

/// A resource that was written and read again, and is still to be recorded in the change log.
#[must_use]
pub(crate) struct Written<T: Table>(pub(in crate::kernel) Stored<T>);

impl<T: Table> Written<T> {
    /// Records the change, and returns the resource as the actor may read it.
    pub(crate) fn record_change(
        self,
        writer: &mut Writer<'_>,
        action: ChangeAction,
        status_change: Option<StatusChange>,
    ) -> Result<Stored<T>, Error> {
        let Self(stored) = self;
        writer.record(NewChange {
            at: writer.written_at(),
            actor: writer.actor().account,
            request_id: writer.writing().request_id.to_owned(),
            resource: T::NAME,
            resource_id: stored.id,
            parent_id: parent_of(&stored),
            action,
            version: stored.version,
            visibility: logged_visibility(&stored),
            state: logged_state(&stored)?,
            status_change,
        });
        Ok(writer.redacted(stored))
    }
}

/// Returns how a change of an existing resource is recorded: as a transition, if the status changes.
pub(super) fn update_action<T: Resource>(
    before: &T,
    after: &T,
    reason: Option<Text>,
) -> (ChangeAction, Option<StatusChange>) {
    let change = status_change(before, after, reason);
    let action = if change.is_some() { ChangeAction::Transitioned } else { ChangeAction::Updated };
    (action, change)
}

/// Returns the change of the status, if there is one.
pub(super) fn status_change<T: Resource>(
    before: &T,
    after: &T,
    reason: Option<Text>,
) -> Option<StatusChange> {
    let (from, to) = (before.status(), after.status()?);
    (from != Some(to)).then(|| StatusChange {
        from: from.map(|state| state.word().to_owned()),
        to: to.word().to_owned(),
        reason: reason.map(|text| text.to_string()),
    })
}

/// Returns the state for the change log.
fn logged_state<T: Resource>(stored: &Stored<T>) -> Result<Value, Error> {
    let mut state = serde_json::to_value(stored).map_err(Error::internal)?;
    if let Some(members) = state.as_object_mut() {
        members.retain(|name, _| !T::UNLOGGED.contains(&name.as_str()));
    }
    Ok(state)
}
