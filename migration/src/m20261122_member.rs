//! Members.

use crate::columns::{create_sets, id, refers, resource, text_null, unique_among_living};
use crate::prelude::*;

crate::migration!(manager => {
    let table = resource("member")
        .col(id("utility_id"))
        .col(text_null(manager, "status"))
        .col(text_null(manager, "joined_on"))
        .col(text_null(manager, "left_on"))
        .col(text_null(manager, "regional_group"))
        .col(text_null(manager, "note"))
        .foreign_key(&mut refers("member", "utility_id", "utility"))
        .take();
    manager.create_table(table).await?;
    unique_among_living(manager, "member", "utility_id", None).await?;
    create_sets(manager, "member_set", "member").await
});
