//! Who may import what.

use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;

use crate::table_of;

/// Checks whether the actor may import this collection.
///
/// Errors: 401, 403; 404 for an unknown collection.
pub fn may_import(collection: &str, actor: &Actor) -> Result<(), Error> {
    table_of(collection).ok_or_else(Error::not_found)?.require_import(actor)
}
