//! Stored responses to requests with an idempotency key, kept for a day. They may contain personal data, so
//! each has the id of its account and of the resource that it is about.

use crate::columns::{id, id_null, index, instant, integer, text, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let answer = Table::create()
        .table("answer")
        .col(ColumnDef::new("key").blob().not_null().primary_key())
        .col(id("account_id"))
        .col(ColumnDef::new("request").blob().not_null())
        .col(instant("at"))
        .col(id_null("resource_id"))
        .col(integer("status"))
        .col(text_null(manager, "tag"))
        .col(text_null(manager, "location"))
        .col(text(manager, "media_type"))
        .col(ColumnDef::new("body").blob().not_null())
        .take();
    manager.create_table(answer).await?;
    index(manager, "answer", &["at"]).await
});
