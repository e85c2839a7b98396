//! Sessions.

use crate::columns::{
    create_parties, create_sets, index, instant_null, json_null, resource, text, text_null,
};
use crate::prelude::*;

crate::migration!(manager => {
    let table = resource("session")
        .col(text(manager, "slug").unique_key())
        .col(text(manager, "title"))
        .col(text(manager, "title_key"))
        .col(text(manager, "kind"))
        .col(json_null("focus_topic"))
        .col(json_null("description"))
        .col(text(manager, "starts_on"))
        .col(text_null(manager, "ends_on"))
        .col(text_null(manager, "start_time"))
        .col(text_null(manager, "end_time"))
        .col(text(manager, "start_key"))
        .col(text(manager, "time_zone"))
        .col(text_null(manager, "format"))
        .col(text_null(manager, "place"))
        .col(text_null(manager, "online_url"))
        .col(text_null(manager, "status"))
        .col(ColumnDef::new("capacity").big_integer())
        .col(ColumnDef::new("room_capacity").big_integer())
        .col(ColumnDef::new("waiting_list").boolean().not_null())
        .col(instant_null("registration_closes_at"))
        .col(text(manager, "visibility"))
        .col(text_null(manager, "source_url"))
        .take();
    manager.create_table(table).await?;
    index(manager, "session", &["start_key", "title_key", "id"]).await?;
    create_sets(manager, "session_set", "session").await?;
    create_parties(manager, "session_party", "session").await
});
