//! Logins (families of refresh tokens) and API keys. Neither table contains a credential: refresh tokens are
//! derived, API keys are hashed.

use crate::columns::{id, index, instant, instant_null, integer, refers, text};
use crate::prelude::*;

crate::migration!(manager => {
    let login = Table::create()
        .table("login")
        .col(id("id").primary_key())
        .col(id("account_id"))
        .col(integer("counter"))
        .col(instant("created_at"))
        .col(instant("last_used_at"))
        .col(instant_null("rotated_at"))
        .col(instant("expires_at"))
        .col(instant_null("ended_at"))
        .col(text(manager, "client"))
        .foreign_key(&mut refers("login", "account_id", "account"))
        .take();
    manager.create_table(login).await?;
    index(manager, "login", &["account_id", "created_at"]).await?;

    let key = Table::create()
        .table("api_key")
        .col(id("id").primary_key())
        .col(id("account_id"))
        .col(text(manager, "name"))
        .col(text(manager, "prefix").unique_key())
        .col(ColumnDef::new("hash").blob().not_null())
        .col(text(manager, "scopes"))
        .col(instant("created_at"))
        .col(instant_null("expires_at"))
        .col(instant_null("last_used_at"))
        .col(instant_null("revoked_at"))
        .foreign_key(&mut refers("api_key", "account_id", "account"))
        .take();
    manager.create_table(key).await?;
    index(manager, "api_key", &["account_id", "created_at"]).await
});
