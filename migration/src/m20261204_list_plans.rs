//! More indexes for lists: those that have the largest values first, and those that are filtered by a value, which few or
//! most rows may have. Indexes for statistics do not lead SQLite any more to find a list by the visibility that most rows
//! have, and to sort it.

use crate::columns::{drop_index, index_of_living};
use crate::prelude::*;

crate::migration!(manager => {
    drop_index(manager, "partnership", "partnership_deleted_at_visibility_status_start_first_id").await?;
    drop_index(manager, "partnership", "partnership_deleted_at_visibility_start_first").await?;
    drop_index(manager, "partnership", "partnership_shown_living").await?;
    // For totals and statistics: to see whether a row counts without reading it.
    let mut shown = Index::create();
    shown.name("partnership_shown").table("partnership").col("id").col("visibility").col("deleted_at");
    manager.create_index(shown).await?;
    // For statistics by year, too.
    index_of_living(manager, "partnership", "start", &["start_first", "id", "visibility"]).await?;
    // For statistics by status, too.
    index_of_living(manager, "partnership", "status", &["status", "start_first DESC", "title_key", "id", "visibility"]).await?;
    index_of_living(manager, "partnership", "last_end", &["end_last DESC", "id"]).await?;
    index_of_living(manager, "partnership", "last_status", &["coalesce(status, '') DESC", "id"]).await?;

    // Those by a country and a sector, whatever their status.
    let by_country = ["country", "value", "start_first DESC", "owner_id", "status", "visibility", "title_key", "version", "deleted_at"];
    index_of_living(manager, "partnership_country", "start", &by_country).await?;

    index_of_living(manager, "utility", "climate_zone", &["climate_zone", "name_key", "id"]).await?;
    index_of_living(manager, "utility", "country_order", &["country", "id"]).await?;
    index_of_living(manager, "utility", "last_country", &["country DESC", "id"]).await?;

    index_of_living(manager, "session", "start", &["start_key", "id"]).await?;
    index_of_living(manager, "session", "day", &["starts_on", "id"]).await?;
    index_of_living(manager, "session", "status", &["status", "start_key DESC", "title_key", "id"]).await?;
    index_of_living(manager, "session", "last_status", &["coalesce(status, '') DESC", "id"]).await?;
    index_of_living(manager, "session", "of_kind", &["kind", "start_key DESC", "title_key", "id"]).await?;
    index_of_living(manager, "session", "last_kind", &["kind DESC", "id"]).await?;
    index_of_living(manager, "session", "format", &["format", "start_key DESC", "title_key", "id"]).await
});
