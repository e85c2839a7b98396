//! Indexes for the lists of large tables: a page in each documented order is read from its first row, and a filter does not
//! read the whole table.

use crate::columns::{drop_index, index_of_living};
use crate::prelude::*;

crate::migration!(manager => {
    index_of_living(manager, "partnership", "title", &["title_key", "id"]).await?;
    index_of_living(manager, "partnership", "end", &["end_last", "id"]).await?;
    index_of_living(manager, "partnership", "status_order", &["coalesce(status, '')", "id"]).await?;
    // The newest first, also after an import that has written all rows at the same instant.
    index_of_living(manager, "partnership", "created", &["created_at DESC", "id"]).await?;
    drop_index(manager, "partnership", "partnership_updated_at_id").await?;
    index_of_living(manager, "partnership", "updated", &["updated_at DESC", "id"]).await?;
    // For totals: to see whether a row counts without reading it.
    index_of_living(manager, "partnership", "shown", &["id", "visibility"]).await?;

    drop_index(manager, "utility", "utility_country").await?;
    index_of_living(manager, "utility", "country", &["country", "name_key", "id"]).await?;
    index_of_living(manager, "utility", "kind", &["kind", "name_key", "id"]).await?;
    index_of_living(manager, "utility", "city", &["city_key", "id"]).await?;
    index_of_living(manager, "utility", "created", &["created_at DESC", "id"]).await?;
    drop_index(manager, "utility", "utility_updated_at_id").await?;
    index_of_living(manager, "utility", "updated", &["updated_at DESC", "id"]).await?;
    index_of_living(manager, "utility", "shown", &["id", "visibility"]).await?;

    drop_index(manager, "session", "session_start_key_title_key_id").await?;
    index_of_living(manager, "session", "usual", &["start_key DESC", "title_key", "id"]).await?;
    index_of_living(manager, "session", "title", &["title_key", "id"]).await?;
    index_of_living(manager, "session", "kind", &["kind", "id"]).await?;
    index_of_living(manager, "session", "status_order", &["coalesce(status, '')", "id"]).await?;
    index_of_living(manager, "session", "created", &["created_at DESC", "id"]).await?;
    index_of_living(manager, "session", "updated", &["updated_at DESC", "id"]).await?;

    index_of_living(manager, "member", "status_order", &["coalesce(status, '')", "id"]).await?;
    index_of_living(manager, "member", "joined", &["coalesce(joined_on, '')", "id"]).await?;
    index_of_living(manager, "member", "region", &["coalesce(regional_group, '')", "id"]).await?;
    index_of_living(manager, "member", "created", &["created_at DESC", "id"]).await?;
    index_of_living(manager, "member", "updated", &["updated_at DESC", "id"]).await?;

    index_of_living(manager, "contact", "address", &["lower(email)"]).await
});
