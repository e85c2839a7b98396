//! Partnerships.

use crate::columns::{create_parties, create_sets, index, json_null, resource, text, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let table = resource("partnership")
        .col(text(manager, "slug").unique_key())
        .col(text(manager, "title"))
        .col(text(manager, "title_key"))
        .col(json_null("summary"))
        .col(text_null(manager, "status"))
        .col(text_null(manager, "start"))
        .col(text(manager, "start_first"))
        .col(text_null(manager, "end"))
        .col(text(manager, "end_last"))
        .col(json_null("based_on"))
        .col(text(manager, "visibility"))
        .col(text_null(manager, "source_url"))
        .take();
    manager.create_table(table).await?;
    index(manager, "partnership", &["start_first", "title_key", "id"]).await?;
    create_sets(manager, "partnership_set", "partnership").await?;
    create_parties(manager, "partnership_party", "partnership").await
});
