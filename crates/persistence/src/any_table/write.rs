//! Writing a resource.

use serde_json::Value;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::Text;
use vku_domain::kernel::violation::FieldError;

use super::{AnyTable, JsonResource, ResourceKey};
use crate::kernel::transaction::Writer;

impl AnyTable {
    /// Creates a resource; see [`Writer::create`].
    pub async fn create(
        &'static self,
        writer: &mut Writer<'_>,
        parent: Option<&Key>,
        body: Value,
    ) -> Result<JsonResource, Error> {
        JsonResource::of(&*writer.create_any(self, parent, body).await?)
    }

    /// Changes a resource; see [`Writer::patch`].
    pub async fn patch(
        &'static self,
        writer: &mut Writer<'_>,
        at: &ResourceKey,
        precondition: &Precondition,
        body: Value,
    ) -> Result<JsonResource, Error> {
        let written = writer.patch_any(self, &at.key, at.parent.as_ref(), precondition, body).await?;
        JsonResource::of(&*written)
    }

    /// Deletes a resource; see [`Writer::delete`].
    pub async fn delete(
        &'static self,
        writer: &mut Writer<'_>,
        at: &ResourceKey,
        precondition: &Precondition,
    ) -> Result<(), Error> {
        writer.delete_any(self, &at.key, at.parent.as_ref(), precondition).await
    }

    /// Restores a deleted resource.
    ///
    /// Errors: 401, 403, 404, 409 (not deleted, or a resource that it refers to is deleted), 412.
    pub async fn restore(
        &'static self,
        writer: &mut Writer<'_>,
        at: &ResourceKey,
        precondition: &Precondition,
    ) -> Result<JsonResource, Error> {
        let restored = writer.restore_any(self, &at.key, at.parent.as_ref(), precondition).await?;
        JsonResource::of(&*restored)
    }

    /// Changes the status of a resource.
    ///
    /// Errors: 401, 403, 404, 409 (the transition is not allowed, or data is missing for it), 412, 422.
    pub async fn transition(
        &'static self,
        writer: &mut Writer<'_>,
        at: &ResourceKey,
        precondition: &Precondition,
        to: &str,
        reason: Option<Text>,
    ) -> Result<JsonResource, Error> {
        let statuses = (self.resource.allowed_statuses)(None);
        let Some(to) = statuses.iter().copied().find(|status| *status == to) else {
            let fault = FieldError::unknown_value(to, &statuses);
            return Err(Error::invalid_at("/to", fault.code, fault.detail));
        };
        let parent = at.parent.as_ref();
        let written = writer.transition_any(self, &at.key, parent, precondition, to, reason).await?;
        JsonResource::of(&*written)
    }

    /// Also cancels the registrations of the people concerned, in a deletion or transition that follows.
    ///
    /// Errors: 401, 403, 404.
    pub async fn cancel_dependent_registrations(
        &'static self,
        writer: &mut Writer<'_>,
        at: &ResourceKey,
    ) -> Result<(), Error> {
        writer.cancel_dependent_registrations(self, &at.key, at.parent.as_ref()).await
    }
}
