//! Indexes of the change log: for the state before a change, and for the filters of the audit log.

use sea_orm_migration::prelude::*;

use crate::columns::index;

crate::migration!(manager => {
    index(manager, "change", &["resource_id", "version"]).await?;
    index(manager, "change", &["parent_id", "position"]).await?;
    index(manager, "change", &["actor", "position"]).await?;
    index(manager, "change", &["at"]).await
});
