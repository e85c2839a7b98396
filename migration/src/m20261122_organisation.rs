//! Organisations.

use crate::columns::{index, json, resource, text, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let table = resource("organisation")
        .col(text(manager, "slug").unique_key())
        .col(text(manager, "name"))
        .col(text(manager, "name_key"))
        .col(text_null(manager, "short_name"))
        .col(json("aliases"))
        .col(text(manager, "kind"))
        .col(text_null(manager, "country"))
        .col(text_null(manager, "website"))
        .col(text_null(manager, "iati_identifier"))
        .take();
    manager.create_table(table).await?;
    index(manager, "organisation", &["name_key", "id"]).await
});
