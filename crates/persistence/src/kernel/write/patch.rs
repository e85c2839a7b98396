//! Changing a resource.

use serde_json::Value;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::input::draft::Draft;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::Key;

use super::parent_of;
use super::record_change::status_change;
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
        self.check(&before, precondition)?;
        let draft = Draft::patch(self.actor(), &before, body, self.writing().origin)?;
        let mut data = self.resolve_and_validate(draft, Some(&before.data), parent.as_ref()).await?;
        self.check_writable_members(Some(&before.data), &data)?;
        self.check_transition(&before.data, &data)?;
        if data.slug() != before.data.clone().slug() {
            self.claim_slug(before.id, &mut data).await?;
        }
        if data == before.data {
            return Ok(self.shown(before));
        }
        T::check_references(self, &before, &data).await?;
        T::before_write(self, parent_of(&before), Some(&before), &mut data).await?;
        let change = status_change(&before.data, &data, None);
        let action = if change.is_some() { ChangeAction::Transitioned } else { ChangeAction::Updated };
        let after = self.replace(before.clone(), data).await?.record_change(self, action, change).await?;
        self.run_after_write(Some(&before), after).await
    }

    /// Changes a resource because another one was changed, without checking permissions; runs no write hooks.
    pub(crate) async fn update_as_side_effect<T: Table>(
        &mut self,
        before: Stored<T>,
        data: T,
    ) -> Result<Stored<T>, Error> {
        let change = status_change(&before.data, &data, None);
        let action = if change.is_some() { ChangeAction::Transitioned } else { ChangeAction::Updated };
        self.replace(before, data).await?.record_change(self, action, change).await
    }
}
