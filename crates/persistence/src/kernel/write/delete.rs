//! Deleting a resource, which is refused while others refer to it.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::bilingual::Bilingual;
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::resource::reference::Key;

use super::dependents::{self, DependentKinds};
use crate::kernel::table::Table;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    /// Soft-deletes a resource.
    ///
    /// Errors: 401, 403, 404, 409 (dependents), 412, 428.
    pub async fn delete<T: Table>(
        &mut self,
        key: &Key,
        parent: Option<&Key>,
        precondition: &Precondition,
    ) -> Result<(), Error> {
        self.delete_any(T::TABLE, key, parent, precondition).await
    }

    /// The same for any resource.
    pub(crate) fn delete_any<'a>(
        &'a mut self,
        table: &'static AnyTable,
        key: &'a Key,
        parent: Option<&'a Key>,
        precondition: &'a Precondition,
    ) -> LocalBoxFuture<'a, Result<(), Error>> {
        async move {
            let (before, _) = self.open_any(table, Action::Delete, key, parent, false).await?;
            self.check_precondition(&*before, precondition)?;
            self.check_no_dependents(table.name(), table.resource.registers, before.id()).await?;
            let written = self.mark_deleted(table, &*before).await?;
            let after = written.record_change(self, ChangeAction::Deleted, None)?;
            self.run_after_write(table, Some(&*before), after).await.map(drop)
        }
        .boxed_local()
    }

    /// Refuses to delete a resource that others refer to. `registers` is its `REGISTERS`.
    async fn check_no_dependents(
        &self,
        resource: &'static str,
        registers: bool,
        id: Uuid,
    ) -> Result<(), Error> {
        let kinds = if self.cancels() { DependentKinds::NoRegistrations } else { DependentKinds::All };
        let dependents = dependents::dependents(self.tx(), (resource, id), kinds, self.written_at()).await?;
        if dependents.is_empty() {
            return Ok(());
        }
        let detail = bilingual!(
            "Other resources refer to this one; see `dependents`.",
            "Anderes verweist darauf; siehe `dependents`."
        );
        let detail = if registers { detail.then(cancellation_hint()) } else { detail };
        Err(Error { dependents, ..Error::new(Code::HasDependents, detail) })
    }

    /// Refuses the withdrawal of a contact or member with registrations for future sessions, unless the same
    /// request cancels these.
    ///
    /// Errors: 409.
    pub(crate) async fn check_no_registrations(&self, resource: &'static str, id: Uuid) -> Result<(), Error> {
        if self.cancels() {
            return Ok(());
        }
        let dependents = dependents::dependents(
            self.tx(),
            (resource, id),
            DependentKinds::Registrations,
            self.written_at(),
        )
        .await?;
        if dependents.is_empty() {
            return Ok(());
        }
        let detail = bilingual!(
            "People from this member are registered for future sessions; see `dependents`.",
            "Personen dieses Mitglieds sind für künftige Sitzungen angemeldet; siehe `dependents`."
        );
        Err(Error { dependents, ..Error::new(Code::HasDependents, detail.then(cancellation_hint())) })
    }
}

/// The part of an error that explains how to cancel registrations.
fn cancellation_hint() -> Bilingual {
    bilingual!(
        " Use `cancel_registrations=true` to cancel registrations in the same request, without notifying \
         the people.",
        " `cancel_registrations=true` storniert Anmeldungen im selben Aufruf, ohne den Personen zu schreiben."
    )
}
