//! The funding of partnerships.

use crate::columns::{id, id_null, index, refers, resource, text, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let table = resource("funding")
        .col(id("partnership_id"))
        .col(id_null("programme_id"))
        .col(text(manager, "kind"))
        .col(ColumnDef::new("amount_minor").big_integer())
        .col(text_null(manager, "amount_currency"))
        .col(text_null(manager, "from"))
        .col(text(manager, "from_first"))
        .col(text_null(manager, "to"))
        .foreign_key(&mut refers("funding", "partnership_id", "partnership"))
        .foreign_key(&mut refers("funding", "programme_id", "funding_programme"))
        .take();
    manager.create_table(table).await?;
    index(manager, "funding", &["partnership_id"]).await?;
    index(manager, "funding", &["programme_id"]).await
});
