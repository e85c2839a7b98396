//! Changing a resource.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::input::draft::Draft;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::resource::reference::Key;

use super::record_change::update_action;
use crate::kernel::table::Table;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    /// Changes a resource by the body of a `PATCH` (RFC 7396). A patch that changes nothing writes nothing.
    ///
    /// Errors: 401, 403, 404, 409 (slug taken, status, dependents), 412, 422, 428.
    pub async fn patch<T: Table>(
        &mut self,
        key: &Key,
        parent: Option<&Key>,
        precondition: &Precondition,
        body: Value,
    ) -> Result<Stored<T>, Error> {
        self.patch_any(T::TABLE, key, parent, precondition, body).await?.downcast()
    }

    /// The same for any resource.
    pub(crate) fn patch_any<'a>(
        &'a mut self,
        table: &'static AnyTable,
        key: &'a Key,
        parent: Option<&'a Key>,
        precondition: &'a Precondition,
        body: Value,
    ) -> LocalBoxFuture<'a, Result<Box<dyn AnyStored>, Error>> {
        async move {
            let (before, parent) = self.open_any(table, Action::Update, key, parent, false).await?;
            self.check_precondition(&*before, precondition)?;
            let draft = Draft::patch(self.actor(), &*before, body, self.writing().origin)?;
            let accepted = self.accept(table, draft, Some(before), parent.as_deref()).await?;
            self.write(accepted).await
        }
        .boxed_local()
    }

    /// Changes a resource because another one was changed, without checking permissions; runs no write hooks.
    pub(crate) async fn update_as_side_effect<T: Table>(
        &mut self,
        before: Stored<T>,
        data: T,
    ) -> Result<Stored<T>, Error> {
        let (action, change) = update_action(&before.data, &data, None);
        let written = self.replace(T::TABLE, &before, &data).await?;
        written.record_change(self, action, change)?.downcast()
    }
}
