//! Counting partnerships by status or year, those that somebody does not see, and those with a country: from indexes alone.

use sea_orm_migration::prelude::*;

use crate::columns::index;

crate::step!(manager => {
    index(manager, "partnership", &["deleted_at", "visibility", "status", "start_first", "id"]).await?;
    index(manager, "partnership", &["deleted_at", "visibility", "start_first"]).await?;
    index(manager, "partnership_party", &["field", "utility_id", "owner_id"]).await?;
    index(manager, "partnership_party", &["field", "owner_id"]).await?;
    index(manager, "funding", &["deleted_at", "programme_id", "partnership_id"]).await?;
    index(manager, "utility", &["country", "id"]).await
});
