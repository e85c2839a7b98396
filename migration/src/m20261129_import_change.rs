//! The changes of an import that is not published yet.

use crate::columns::{id, id_null, instant, integer, json, json_null, text};
use crate::prelude::*;

crate::migration!(manager => {
    let table = Table::create()
        .table("import_change")
        .col(id("staging_id"))
        .col(integer("number"))
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
        .primary_key(Index::create().col("staging_id").col("number"))
        .take();
    manager.create_table(table).await
});
