//! The calendar attachment of an e-mail about a session.

use crate::columns::text_null;
use crate::prelude::*;

crate::migration!(manager => {
    let table = Table::alter().table("mail").add_column(text_null(manager, "calendar")).take();
    manager.alter_table(table).await
});
