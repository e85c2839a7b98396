//! The tables of the kernel: slugs, the change log, encrypted keys.

use crate::columns::{id, id_null, index, instant, integer, json, json_null, text};
use crate::prelude::*;

crate::migration!(manager => {
    let slug = Table::create()
        .table("slug")
        .col(text(manager, "resource"))
        .col(text(manager, "slug"))
        .col(id("resource_id"))
        .primary_key(Index::create().col("resource").col("slug"))
        .take();
    manager.create_table(slug).await?;

    let mut position = ColumnDef::new("position");
    match manager.get_database_backend() {
        // 64 bits; in SQLite every INTEGER PRIMARY KEY has them, and AUTOINCREMENT never reuses a value.
        DbBackend::Postgres => position.big_integer(),
        _ => position.integer(),
    };
    let change = Table::create()
        .table("change")
        .col(position.not_null().auto_increment().primary_key())
        .col(instant("at"))
        .col(id_null("actor"))
        .col(text(manager, "request_id"))
        .col(text(manager, "resource"))
        .col(id("resource_id"))
        .col(id_null("parent_id"))
        .col(text(manager, "action"))
        .col(integer("version"))
        .col(text(manager, "visibility"))
        .col(json("state"))
        .col(json_null("passage"))
        .take();
    manager.create_table(change).await?;
    index(manager, "change", &["resource", "resource_id", "position"]).await?;

    let key = Table::create()
        .table("sealed_key")
        .col(text(manager, "name").primary_key())
        .col(ColumnDef::new("sealed").blob().not_null())
        .col(instant("created_at"))
        .take();
    manager.create_table(key).await
});
