//! Activities, results and documents of partnerships.

use crate::columns::{create_parties, id, index, json, json_null, refers, resource, text, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let activity = resource("activity")
        .col(id("partnership_id"))
        .col(text(manager, "kind"))
        .col(text(manager, "title"))
        .col(text(manager, "title_key"))
        .col(text(manager, "starts_on"))
        .col(text_null(manager, "ends_on"))
        .col(text(manager, "last_on"))
        .col(text_null(manager, "country"))
        .col(json_null("participants"))
        .col(text_null(manager, "expert_days"))
        .col(json_null("description"))
        .foreign_key(&mut refers("activity", "partnership_id", "partnership"))
        .take();
    manager.create_table(activity).await?;
    index(manager, "activity", &["partnership_id"]).await?;

    let result = resource("result")
        .col(id("partnership_id"))
        .col(text(manager, "name"))
        .col(text(manager, "name_key"))
        .col(text(manager, "unit"))
        .col(text_null(manager, "baseline"))
        .col(text_null(manager, "target"))
        .col(text_null(manager, "sdg_target"))
        .col(json("values"))
        .foreign_key(&mut refers("result", "partnership_id", "partnership"))
        .take();
    manager.create_table(result).await?;
    index(manager, "result", &["partnership_id"]).await?;
    create_parties(manager, "result_party", "result").await?;

    let document = resource("document")
        .col(id("partnership_id"))
        .col(text(manager, "title"))
        .col(text(manager, "title_key"))
        .col(text(manager, "url"))
        .col(text(manager, "kind"))
        .col(text(manager, "language"))
        .foreign_key(&mut refers("document", "partnership_id", "partnership"))
        .take();
    manager.create_table(document).await?;
    index(manager, "document", &["partnership_id"]).await
});
