//! The JSON of resources beside their rows, so that a list need not be put together from rows of many tables.

use crate::columns::{integer, text, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let table = Table::create()
        .table("resource_json")
        .col(ColumnDef::new("resource_id").uuid().not_null().primary_key())
        .col(text(manager, "resource"))
        .col(integer("version"))
        .col(text(manager, "build"))
        .col(text_null(manager, "day"))
        .col(text(manager, "json"))
        .take();
    manager.create_table(table).await?;
    // SQLite and PostgreSQL have the same partial indexes.
    let outdated = r#"CREATE INDEX "resource_json_outdated" ON "resource_json" ("resource_id") WHERE "version" = 0"#;
    manager.get_connection().execute_unprepared(outdated).await.map(drop)
});
