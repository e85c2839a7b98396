//! Topics and their supporters.

use crate::columns::{
    create_sets, id, index, instant, integer, json, json_null, refers, resource, text, text_null,
};
use crate::prelude::*;

crate::migration!(manager => {
    let table = resource("topic")
        .col(text(manager, "slug").unique_key())
        .col(text(manager, "title"))
        .col(text(manager, "title_key"))
        .col(json("titles"))
        .col(json_null("description"))
        .col(id("proposed_by_id"))
        .col(text_null(manager, "status"))
        .foreign_key(&mut refers("topic", "proposed_by_id", "member"))
        .take();
    manager.create_table(table).await?;
    let usual = Index::create()
        .name("topic_usual")
        .table("topic")
        .col(("created_at", IndexOrder::Desc))
        .col("id")
        .take();
    manager.create_index(usual).await?;
    index(manager, "topic", &["proposed_by_id"]).await?;
    create_sets(manager, "topic_set", "topic").await?;

    // The row of withdrawn support stays, so that the versions continue when the member supports the topic
    // again.
    let table = Table::create()
        .table("support")
        .col(id("id").primary_key())
        .col(id("topic_id"))
        .col(id("member_id"))
        .col(ColumnDef::new("given").boolean().not_null())
        .col(integer("version"))
        .col(instant("updated_at"))
        .index(Index::create().unique().name("support_topic_id_member_id").col("topic_id").col("member_id"))
        .foreign_key(&mut refers("support", "topic_id", "topic"))
        .foreign_key(&mut refers("support", "member_id", "member"))
        .take();
    manager.create_table(table).await?;
    index(manager, "support", &["member_id"]).await
});
