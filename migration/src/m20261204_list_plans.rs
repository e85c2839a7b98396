//! More indexes for lists: those that have the largest values first, and those that are filtered by a value, which few or
//! most rows may have. Indexes for statistics do not lead SQLite any more to find a list by the visibility that most rows
//! have, and to sort it.

use crate::prelude::*;

crate::migration!(manager => {
    drop(manager, "partnership", "partnership_deleted_at_visibility_status_start_first_id").await?;
    drop(manager, "partnership", "partnership_deleted_at_visibility_start_first").await?;
    drop(manager, "partnership", "partnership_shown_living").await?;
    // For totals and statistics: to see whether a row counts without reading it.
    let mut shown = Index::create();
    shown.name("partnership_shown").table("partnership").col("id").col("visibility").col("deleted_at");
    manager.create_index(shown).await?;
    // For statistics by year, too.
    living(manager, "partnership", "start", &["start_first", "id", "visibility"]).await?;
    // For statistics by status, too.
    living(manager, "partnership", "status", &["status", "start_first DESC", "title_key", "id", "visibility"]).await?;
    living(manager, "partnership", "last_end", &["end_last DESC", "id"]).await?;
    living(manager, "partnership", "last_status", &["coalesce(status, '') DESC", "id"]).await?;

    // Those by a country and a sector, whatever their status.
    let by_country = ["country", "value", "start_first DESC", "owner_id", "status", "visibility", "title_key", "version", "deleted_at"];
    living(manager, "partnership_country", "start", &by_country).await?;

    living(manager, "utility", "climate_zone", &["climate_zone", "name_key", "id"]).await?;
    living(manager, "utility", "country_order", &["country", "id"]).await?;
    living(manager, "utility", "last_country", &["country DESC", "id"]).await?;

    living(manager, "session", "start", &["start_key", "id"]).await?;
    living(manager, "session", "day", &["starts_on", "id"]).await?;
    living(manager, "session", "status", &["status", "start_key DESC", "title_key", "id"]).await?;
    living(manager, "session", "last_status", &["coalesce(status, '') DESC", "id"]).await?;
    living(manager, "session", "of_kind", &["kind", "start_key DESC", "title_key", "id"]).await?;
    living(manager, "session", "last_kind", &["kind DESC", "id"]).await?;
    living(manager, "session", "format", &["format", "start_key DESC", "title_key", "id"]).await
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
