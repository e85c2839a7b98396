//! Indexes for the orders of lists, so that a page is read from its first row.

use crate::columns::index;
use crate::prelude::*;

crate::migration!(manager => {
    // All columns ascending, an order that no list has.
    let mut old = Index::drop();
    old.name("partnership_start_first_title_key_id").table("partnership");
    manager.drop_index(old).await?;
    let usual = Index::create()
        .name("partnership_usual")
        .table("partnership")
        .col(("start_first", IndexOrder::Desc))
        .col("title_key")
        .col("id")
        .take();
    manager.create_index(usual).await?;
    index(manager, "partnership", &["updated_at", "id"]).await?;
    index(manager, "utility", &["updated_at", "id"]).await?;
    index(manager, "funding", &["from_first", "created_at", "id"]).await
});
