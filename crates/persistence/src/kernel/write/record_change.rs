//! Recording what was written in the change log.

use serde_json::Value;
use vku_domain::kernel::change_log::{ChangeAction, StatusChange};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::{AnyResource, AnyStored};
use vku_domain::kernel::value::Text;

use crate::kernel::read::history::logged_visibility;
use crate::kernel::transaction::Writer;
use crate::kernel::transaction::change_log::NewChange;

/// A resource that was written and read again, and is still to be recorded in the change log.
#[must_use]
pub(crate) struct Written(pub(in crate::kernel) Box<dyn AnyStored>);

impl Written {
    /// Records the change, and returns the resource as the actor may read it.
    pub(crate) fn record_change(
        self,
        writer: &mut Writer<'_>,
        action: ChangeAction,
        status_change: Option<StatusChange>,
    ) -> Result<Box<dyn AnyStored>, Error> {
        let Self(mut stored) = self;
        let meta = stored.meta();
        writer.record(NewChange {
            at: writer.written_at(),
            actor: writer.actor().account,
            request_id: writer.writing().request_id.to_owned(),
            resource: stored.info().name,
            resource_id: meta.id,
            parent_id: meta.parent,
            action,
            version: meta.version,
            visibility: logged_visibility(&*stored),
            state: logged_state(&*stored)?,
            status_change,
        });
        writer.redact(&mut *stored);
        Ok(stored)
    }
}

/// Returns how a change of an existing resource is recorded: as a transition, if the status changes.
pub(super) fn update_action(
    before: &dyn AnyResource,
    after: &dyn AnyResource,
    reason: Option<Text>,
) -> (ChangeAction, Option<StatusChange>) {
    let change = status_change(before, after, reason);
    let action = if change.is_some() { ChangeAction::Transitioned } else { ChangeAction::Updated };
    (action, change)
}

/// Returns the change of the status, if there is one.
pub(super) fn status_change(
    before: &dyn AnyResource,
    after: &dyn AnyResource,
    reason: Option<Text>,
) -> Option<StatusChange> {
    let (from, to) = (before.status(), after.status()?);
    (from != Some(to)).then(|| StatusChange {
        from: from.map(str::to_owned),
        to: to.to_owned(),
        reason: reason.map(|text| text.to_string()),
    })
}

/// Returns the state for the change log.
fn logged_state(stored: &dyn AnyStored) -> Result<Value, Error> {
    let mut state = stored.to_value()?;
    if let Some(members) = state.as_object_mut() {
        members.retain(|name, _| !stored.info().unlogged.contains(&name.as_str()));
    }
    Ok(state)
}
