//! Interest registrations, and the requests that are not confirmed yet.

use crate::columns::{
    create_sets, id, id_null, index, instant, instant_null, json, json_null, resource, text, text_null,
};
use crate::prelude::*;

crate::migration!(manager => {
    let request = Table::create()
        .table("interest_request")
        .col(id("id").primary_key())
        .col(instant("created_at"))
        .col(instant_null("confirmed_at"))
        // Null once the request is confirmed or has expired.
        .col(json_null("body"))
        .take();
    manager.create_table(request).await?;
    index(manager, "interest_request", &["created_at"]).await?;

    let table = resource("interest_registration")
        .col(text(manager, "utility_name"))
        .col(text(manager, "name_key"))
        .col(text(manager, "city"))
        .col(text(manager, "city_key"))
        .col(text_null(manager, "website"))
        .col(text(manager, "given_name"))
        .col(text(manager, "family_name"))
        .col(text(manager, "email"))
        .col(text(manager, "email_key"))
        .col(text_null(manager, "phone"))
        .col(text_null(manager, "function"))
        .col(text_null(manager, "message"))
        .col(text(manager, "language"))
        .col(json("registration_consent"))
        .col(json("consents"))
        .col(text(manager, "status"))
        .col(text_null(manager, "decline_reason"))
        .col(id_null("member_id"))
        .take();
    manager.create_table(table).await?;
    index(manager, "interest_registration", &["email_key"]).await?;
    index(manager, "interest_registration", &["name_key"]).await?;
    create_sets(manager, "interest_registration_set", "interest_registration").await
});
