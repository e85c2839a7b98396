//! The tickets for the stream of changes that were used, until they expire.

use crate::columns::{id, index, instant};
use crate::prelude::*;

crate::migration!(manager => {
    let table =
        Table::create().table("event_ticket").col(id("id").primary_key()).col(instant("expires_at")).take();
    manager.create_table(table).await?;
    index(manager, "event_ticket", &["expires_at"]).await
});
