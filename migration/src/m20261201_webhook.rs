//! Webhooks: what is delivered to where, how far each one is, what is to be sent besides, and the log of deliveries.

use crate::columns::{
    create_sets, id, id_null, index, instant, instant_null, integer, json, json_null, refers, resource, text,
    text_null,
};
use crate::prelude::*;

crate::migration!(manager => {
    let webhook = resource("webhook")
        .col(text(manager, "name"))
        .col(text(manager, "name_key"))
        .col(text(manager, "url"))
        .col(text(manager, "content"))
        .col(text(manager, "as_role"))
        .col(ColumnDef::new("enabled").boolean().not_null())
        .take();
    manager.create_table(webhook).await?;
    index(manager, "webhook", &["name_key", "id"]).await?;
    create_sets(manager, "webhook_set", "webhook").await?;
    let progress = Table::create()
        .table("webhook_progress")
        .col(id("webhook_id").primary_key())
        .col(id_null("owner_id"))
        // The token of the change feed up to which all changes are delivered.
        .col(text(manager, "cursor"))
        // The event that could not be delivered yet.
        .col(json_null("pending"))
        .col(text(manager, "secret"))
        .col(ColumnDef::new("secret_shown").boolean().not_null())
        .col(text_null(manager, "old_secret"))
        .col(instant_null("old_secret_until"))
        .col(integer("attempts"))
        .col(instant("next_attempt_at"))
        .col(instant_null("failing_since"))
        .col(text_null(manager, "disabled_reason"))
        .col(id_null("claimed_by"))
        .foreign_key(&mut refers("webhook_progress", "webhook_id", "webhook"))
        .take();
    manager.create_table(progress).await?;
    let request = Table::create()
        .table("webhook_request")
        .col(id("id").primary_key())
        .col(id("webhook_id"))
        .col(instant("created_at"))
        .col(json("event"))
        .foreign_key(&mut refers("webhook_request", "webhook_id", "webhook"))
        .take();
    manager.create_table(request).await?;
    index(manager, "webhook_request", &["webhook_id", "id"]).await?;
    let delivery = Table::create()
        .table("webhook_delivery")
        .col(id("id").primary_key())
        .col(id("webhook_id"))
        .col(instant("at"))
        .col(json("event"))
        .col(integer("attempt"))
        .col(text(manager, "state"))
        .col(ColumnDef::new("status").big_integer())
        .col(text_null(manager, "failure"))
        .col(integer("duration_ms"))
        .col(text_null(manager, "response"))
        .foreign_key(&mut refers("webhook_delivery", "webhook_id", "webhook"))
        .take();
    manager.create_table(delivery).await?;
    index(manager, "webhook_delivery", &["webhook_id", "id"]).await?;
    index(manager, "webhook_delivery", &["at"]).await
});
