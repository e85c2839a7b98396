//! Funding programmes.

use crate::columns::{create_parties, create_sets, index, json_null, resource, text, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let table = resource("funding_programme")
        .col(text(manager, "slug").unique_key())
        .col(text(manager, "name"))
        .col(text(manager, "name_key"))
        .col(text(manager, "kind"))
        .col(text_null(manager, "start"))
        .col(text(manager, "start_first"))
        .col(text_null(manager, "end"))
        .col(text(manager, "end_last"))
        .col(ColumnDef::new("volume_minor").big_integer())
        .col(text_null(manager, "volume_currency"))
        .col(json_null("description"))
        .col(text_null(manager, "url"))
        .col(text_null(manager, "source_url"))
        .take();
    manager.create_table(table).await?;
    index(manager, "funding_programme", &["name_key", "id"]).await?;
    create_sets(manager, "funding_programme_set", "funding_programme").await?;
    create_parties(manager, "funding_programme_party", "funding_programme").await
});
