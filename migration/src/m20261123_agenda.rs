//! Guests and agenda items of sessions.

use crate::columns::{
    create_parties, id, id_null, index, integer, json_null, refers, resource, text, text_null,
};
use crate::prelude::*;

crate::migration!(manager => {
    let guest = resource("guest")
        .col(id("session_id"))
        .col(text_null(manager, "name"))
        .col(text(manager, "name_key"))
        .col(text_null(manager, "function"))
        .col(text_null(manager, "email"))
        .col(text_null(manager, "status"))
        .col(text_null(manager, "talk_title"))
        .foreign_key(&mut refers("guest", "session_id", "session"))
        .take();
    manager.create_table(guest).await?;
    index(manager, "guest", &["session_id"]).await?;
    create_parties(manager, "guest_party", "guest").await?;
    let item = resource("agenda_item")
        .col(id("session_id"))
        .col(text(manager, "position"))
        .col(text(manager, "kind"))
        .col(text(manager, "title"))
        .col(integer("duration_minutes"))
        .col(id_null("guest_id"))
        .col(id_null("topic_id"))
        .col(json_null("about"))
        .foreign_key(&mut refers("agenda_item", "session_id", "session"))
        .foreign_key(&mut refers("agenda_item", "guest_id", "guest"))
        .foreign_key(&mut refers("agenda_item", "topic_id", "topic"))
        .take();
    manager.create_table(item).await?;
    index(manager, "agenda_item", &["session_id", "position"]).await?;
    index(manager, "agenda_item", &["guest_id"]).await?;
    index(manager, "agenda_item", &["topic_id"]).await
});
