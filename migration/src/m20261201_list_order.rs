//! Indexes for the lists of large tables: a page in each documented order is read from its first row, and a filter does not
//! read the whole table.

use crate::prelude::*;

crate::migration!(manager => {
    living(manager, "partnership", "title", &["title_key", "id"]).await?;
    living(manager, "partnership", "end", &["end_last", "id"]).await?;
    living(manager, "partnership", "status_order", &["coalesce(status, '')", "id"]).await?;
    // The newest first, also after an import that has written all rows at the same instant.
    living(manager, "partnership", "created", &["created_at DESC", "id"]).await?;
    drop(manager, "partnership", "partnership_updated_at_id").await?;
    living(manager, "partnership", "updated", &["updated_at DESC", "id"]).await?;
    // For totals: to see whether a row counts without reading it.
    living(manager, "partnership", "shown", &["id", "visibility"]).await?;

    drop(manager, "utility", "utility_country").await?;
    living(manager, "utility", "country", &["country", "name_key", "id"]).await?;
    living(manager, "utility", "kind", &["kind", "name_key", "id"]).await?;
    living(manager, "utility", "city", &["city_key", "id"]).await?;
    living(manager, "utility", "created", &["created_at DESC", "id"]).await?;
    drop(manager, "utility", "utility_updated_at_id").await?;
    living(manager, "utility", "updated", &["updated_at DESC", "id"]).await?;
    living(manager, "utility", "shown", &["id", "visibility"]).await?;

    drop(manager, "session", "session_start_key_title_key_id").await?;
    living(manager, "session", "usual", &["start_key DESC", "title_key", "id"]).await?;
    living(manager, "session", "title", &["title_key", "id"]).await?;
    living(manager, "session", "kind", &["kind", "id"]).await?;
    living(manager, "session", "status_order", &["coalesce(status, '')", "id"]).await?;
    living(manager, "session", "created", &["created_at DESC", "id"]).await?;
    living(manager, "session", "updated", &["updated_at DESC", "id"]).await?;

    living(manager, "member", "status_order", &["coalesce(status, '')", "id"]).await?;
    living(manager, "member", "joined", &["coalesce(joined_on, '')", "id"]).await?;
    living(manager, "member", "region", &["coalesce(regional_group, '')", "id"]).await?;
    living(manager, "member", "created", &["created_at DESC", "id"]).await?;
    living(manager, "member", "updated", &["updated_at DESC", "id"]).await?;

    living(manager, "contact", "address", &["lower(email)"]).await
});

/// Creates an index of the rows that are not deleted.
async fn living(manager: &SchemaManager<'_>, table: &str, name: &str, columns: &[&str]) -> Result<(), DbErr> {
    let columns = columns.join(", ");
    let create =
        format!("CREATE INDEX {table}_{name}_living ON {table} ({columns}) WHERE deleted_at IS NULL");
    manager.get_connection().execute_unprepared(&create).await.map(|_| ())
}

async fn drop(manager: &SchemaManager<'_>, table: &'static str, name: &str) -> Result<(), DbErr> {
    let mut index = Index::drop();
    index.name(name).table(table);
    manager.drop_index(index).await
}
