//! Who may import what.

use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;

use crate::kernel::table::Table;
use crate::{Visitor, visit};

/// Checks whether the actor may import this collection.
///
/// Errors: 401, 403; 404 for an unknown collection.
pub async fn may_import(collection: &str, actor: &Actor) -> Result<(), Error> {
    visit(collection, ImportPermission(actor)).await.ok_or_else(Error::not_found)?
}

struct ImportPermission<'a>(&'a Actor);

impl Visitor for ImportPermission<'_> {
    type Answer = Result<(), Error>;

    async fn visit<T: Table>(self) -> Self::Answer {
        self.0.require_import::<T>()
    }
}
