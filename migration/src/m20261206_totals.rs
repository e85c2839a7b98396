//! Indexes from which lists are counted without reading the rows: they also have the columns that say who sees a row.
//! SQLite also wants the column of the index's condition.

use crate::columns::{drop_index, index_of_living};
use crate::prelude::*;

crate::migration!(manager => {
    let shown = Index::create().name("session_shown").table("session").col("id").col("visibility").col("status").col("deleted_at").take();
    manager.create_index(shown).await?;
    drop_index(manager, "session", "session_status_living").await?;
    let status = ["status", "start_key DESC", "title_key", "id", "visibility", "deleted_at"];
    index_of_living(manager, "session", "status", &status).await?;
    for filter in ["country", "kind", "climate_zone"] {
        drop_index(manager, "utility", &format!("utility_{filter}_living")).await?;
        index_of_living(manager, "utility", filter, &[filter, "name_key", "id", "visibility", "deleted_at"]).await?;
    }
    Ok(())
});
