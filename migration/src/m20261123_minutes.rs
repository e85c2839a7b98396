//! The minutes of sessions.

use crate::columns::{id, index, json, refers, resource, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let table = resource("minutes")
        .col(id("session_id"))
        .col(json("text"))
        .col(json("decisions"))
        .col(text_null(manager, "status"))
        .foreign_key(&mut refers("minutes", "session_id", "session"))
        .take();
    manager.create_table(table).await?;
    index(manager, "minutes", &["session_id"]).await
});
