//! Policy updates.

use crate::columns::{create_sets, json, resource, text};
use crate::prelude::*;

crate::migration!(manager => {
    let table = resource("policy_update")
        .col(text(manager, "title"))
        .col(text(manager, "title_key"))
        .col(json("titles"))
        .col(json("summary"))
        .col(text(manager, "level"))
        .col(text(manager, "published_on"))
        .col(text(manager, "source_url"))
        .take();
    manager.create_table(table).await?;
    let usual = Index::create()
        .name("policy_update_usual")
        .table("policy_update")
        .col(("published_on", IndexOrder::Desc))
        .col("title_key")
        .col("id")
        .take();
    manager.create_index(usual).await?;
    create_sets(manager, "policy_update_set", "policy_update").await
});
