//! Imports, and their files in chunks, so that no statement contains a whole file.

use crate::columns::{id, index, instant, instant_null, integer, json_null, refers, text, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let import = Table::create()
        .table("import")
        .col(id("id").primary_key())
        .col(id("account_id"))
        .col(text(manager, "resource"))
        .col(text(manager, "mode"))
        .col(text(manager, "on_error"))
        .col(text(manager, "format"))
        .col(text(manager, "status"))
        .col(text_null(manager, "problem"))
        .col(instant("created_at"))
        .col(instant_null("finished_at"))
        .col(json_null("report"))
        .col(text_null(manager, "plan_token"))
        .col(instant_null("forgotten_at"))
        .foreign_key(&mut refers("import", "account_id", "user"))
        .take();
    manager.create_table(import).await?;
    index(manager, "import", &["created_at"]).await?;

    let piece = Table::create()
        .table("import_piece")
        .col(id("import_id"))
        .col(integer("position"))
        .col(ColumnDef::new("content").blob().not_null())
        .primary_key(Index::create().col("import_id").col("position"))
        .foreign_key(&mut refers("import_piece", "import_id", "import"))
        .take();
    manager.create_table(piece).await
});
