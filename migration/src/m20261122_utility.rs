//! Utilities.

use crate::columns::{create_sets, index, json, json_null, resource, text, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let table = resource("utility")
        .col(text(manager, "slug").unique_key())
        .col(text(manager, "name"))
        .col(text(manager, "name_key"))
        .col(json("aliases"))
        .col(text(manager, "kind"))
        .col(text_null(manager, "legal_form"))
        .col(text(manager, "country"))
        .col(text_null(manager, "region"))
        .col(text_null(manager, "city"))
        .col(text(manager, "city_key"))
        .col(ColumnDef::new("latitude").double())
        .col(ColumnDef::new("longitude").double())
        .col(text_null(manager, "climate_zone"))
        .col(json_null("population_served"))
        .col(json_null("employees"))
        .col(text_null(manager, "website"))
        .col(json_null("description"))
        .col(text(manager, "visibility"))
        .col(text_null(manager, "source_url"))
        .take();
    manager.create_table(table).await?;
    index(manager, "utility", &["name_key", "id"]).await?;
    index(manager, "utility", &["country"]).await?;
    create_sets(manager, "utility_set", "utility").await
});
