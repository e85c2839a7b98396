//! Changing a resource.

use serde_json::Value;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::input::draft::Draft;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::Key;

use super::parent_of;
use super::record_change::update_action;
use crate::kernel::table::Table;
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
        let (before, parent) = self.open::<T>(Action::Update, key, parent, false).await?;
        self.check_precondition(&before, precondition)?;
        let draft = Draft::patch(self.actor(), &before, body, self.writing().origin)?;
        let parent = parent_of(&before).zip(parent);
        let accepted = self.accept(draft, Some(before), parent.as_ref()).await?;
        self.write(accepted).await
    }

    /// Changes a resource because another one was changed, without checking permissions; runs no write hooks.
    pub(crate) async fn update_as_side_effect<T: Table>(
        &mut self,
        before: Stored<T>,
        data: T,
    ) -> Result<Stored<T>, Error> {
        let (action, change) = update_action(&before.data, &data, None);
        self.replace(&before, data).await?.record_change(self, action, change)
    }
}
