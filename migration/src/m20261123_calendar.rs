//! Secret calendar links; only their hashes are stored.

use crate::columns::{id, instant, refers};
use crate::prelude::*;

crate::migration!(manager => {
    let table = Table::create()
        .table("calendar_link")
        .col(id("member_id").primary_key())
        .col(ColumnDef::new("hash").blob().not_null().unique_key())
        .col(instant("created_at"))
        .foreign_key(&mut refers("calendar_link", "member_id", "member"))
        .take();
    manager.create_table(table).await
});
