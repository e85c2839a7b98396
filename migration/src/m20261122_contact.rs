//! Contacts of members.

use crate::columns::{id, index, json, refers, resource, text, text_null, unique_among_living};
use crate::prelude::*;

crate::migration!(manager => {
    let table = resource("contact")
        .col(id("member_id"))
        .col(text(manager, "given_name"))
        .col(text(manager, "given_name_key"))
        .col(text(manager, "family_name"))
        .col(text(manager, "family_name_key"))
        .col(text(manager, "name_key"))
        .col(text(manager, "email"))
        .col(text_null(manager, "phone"))
        .col(text_null(manager, "function"))
        .col(text(manager, "language"))
        .col(ColumnDef::new("is_primary").boolean().not_null())
        .col(json("consents"))
        .col(ColumnDef::new("in_directory").boolean().not_null())
        .foreign_key(&mut refers("contact", "member_id", "member"))
        .take();
    manager.create_table(table).await?;
    index(manager, "contact", &["member_id"]).await?;
    unique_among_living(manager, "contact", "member_id", Some("is_primary")).await
});
