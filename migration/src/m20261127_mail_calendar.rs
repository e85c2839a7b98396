//! The calendar attachment of an e-mail about a session.

use sea_orm_migration::prelude::*;

use crate::columns::text_null;

crate::migration!(manager => {
    let table = Table::alter().table("mail").add_column(text_null(manager, "calendar")).take();
    manager.alter_table(table).await
});
