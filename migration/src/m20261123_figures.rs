//! Counting partnerships by status or year: from an index alone.

use sea_orm_migration::prelude::*;

use crate::columns::index;

crate::step!(manager => {
    index(manager, "partnership", &["deleted_at", "visibility", "status", "start_first"]).await
});
