//! Restoring a deleted resource, which is refused while one that it refers to is deleted.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::resource::reference::Key;

use super::pipeline::Accepted;
use super::{code_lists, dependents};
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    /// Restores a deleted resource.
    ///
    /// Errors: 401, 403, 404, 409 (not deleted, or a resource that it refers to is deleted), 412.
    pub(crate) fn restore_any<'a>(
        &'a mut self,
        table: &'static AnyTable,
        key: &'a Key,
        parent: Option<&'a Key>,
        precondition: &'a Precondition,
    ) -> LocalBoxFuture<'a, Result<Box<dyn AnyStored>, Error>> {
        async move {
            self.actor().require(table.resource, Action::Restore)?;
            let (deleted, parent) = match self.open_any(table, Action::Restore, key, parent, true).await {
                Err(error) if error.code == Code::NotFound => {
                    // The resource may exist without being deleted.
                    self.open_any(table, Action::Restore, key, parent, false).await?;
                    let detail = bilingual!("The resource is not deleted.", "Es ist nicht gelöscht.");
                    return Err(Error::new(Code::NotDeleted, detail));
                }
                found => found?,
            };
            if *precondition != Precondition::Missing {
                self.check_precondition(&*deleted, precondition)?;
            }
            let mut data = deleted.data().boxed();
            let mut violations = self.resolve(&mut *data).await?;
            violations.append(code_lists::unknown_codes(table, self.tx(), &*data).await?);
            data.validate(parent.as_ref().map(|parent| parent.data()), &mut violations);
            if !violations.is_empty() {
                let detail = bilingual!(
                    "A resource that this one refers to has been deleted or changed; see `errors`.",
                    "Worauf es verweist, ist gelöscht oder hat sich geändert; siehe `errors`."
                );
                return Err(Error::with_violations(Code::ReferenceGone, detail, violations));
            }
            let dependents = dependents::deleted_targets_of_sub_resources(
                table,
                self.tx(),
                deleted.id(),
                self.written_at(),
            )
            .await?;
            if !dependents.is_empty() {
                let detail = bilingual!(
                    "A resource that sub-resources refer to has been deleted; see `dependents`.",
                    "Worauf Teile davon verweisen, ist gelöscht; siehe `dependents`."
                );
                return Err(Error { dependents, ..Error::new(Code::ReferenceGone, detail) });
            }
            self.write(Accepted::change(table, deleted, data, None)).await
        }
        .boxed_local()
    }
}
