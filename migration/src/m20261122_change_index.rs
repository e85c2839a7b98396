//! Indexes of the change log: for the state before a change, and for the filters of the audit log.

use crate::columns::index;
use crate::prelude::*;

crate::migration!(manager => {
    index(manager, "change", &["resource_id", "version"]).await?;
    index(manager, "change", &["parent_id", "position"]).await?;
    index(manager, "change", &["actor", "position"]).await?;
    index(manager, "change", &["at"]).await
});
