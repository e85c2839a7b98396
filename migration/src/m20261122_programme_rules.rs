//! Who is eligible for money of a programme, and its calls for applications.

use crate::columns::json_null;
use crate::prelude::*;

crate::migration!(manager => {
    // SQLite adds one column per statement.
    for name in ["rules", "calls"] {
        let table = Table::alter().table("funding_programme").add_column(json_null(name)).take();
        manager.alter_table(table).await?;
    }
    Ok(())
});
