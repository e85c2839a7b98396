//! Recording what was written in the change log.

use std::marker::PhantomData;

use serde_json::Value;
use uuid::Uuid;
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

/// A written row that is still to be recorded in the change log.
pub(crate) struct Written<T>(Uuid, PhantomData<fn() -> T>);

impl<T: Table> Written<T> {
    pub(super) fn new(id: Uuid) -> Self {
        Self(id, PhantomData)
    }

    pub(crate) async fn record_change(
        self,
        writer: &mut Writer<'_>,
        action: ChangeAction,
        status_change: Option<StatusChange>,
    ) -> Result<Stored<T>, Error> {
        writer.record_written(self.0, action, status_change).await
    }
}

impl Writer<'_> {
    /// Reads the written resource, as the response and as the state in the change log.
    pub(super) async fn record_written<T: Table>(
        &mut self,
        id: Uuid,
        action: ChangeAction,
        status_change: Option<StatusChange>,
    ) -> Result<Stored<T>, Error> {
        let stored = self.read_back::<T>(id).await?;
        self.log(stored, action, status_change)
    }

    /// Records a resource that was written and read again.
    pub(in crate::kernel) fn log<T: Table>(
        &mut self,
        stored: Stored<T>,
        action: ChangeAction,
        status_change: Option<StatusChange>,
    ) -> Result<Stored<T>, Error> {
        self.record(NewChange {
            at: self.written_at(),
            actor: self.actor().account,
            request_id: self.writing().request_id.to_owned(),
            resource: T::NAME,
            resource_id: stored.id,
            parent_id: parent_of(&stored),
            action,
            version: stored.version,
            visibility: logged_visibility(&stored),
            state: logged_state(&stored)?,
            status_change,
        });
        Ok(self.shown(stored))
    }
}

pub(in crate::kernel) fn status_change<T: Resource>(
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
