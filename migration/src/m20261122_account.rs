//! Accounts, and the utilities that they are bound to.

use crate::columns::{id, instant, instant_null, refers, text};
use crate::prelude::*;

crate::migration!(manager => {
    let account = Table::create()
        .table("account")
        .col(id("id").primary_key())
        .col(text(manager, "email"))
        .col(text(manager, "email_key").unique_key())
        .col(text(manager, "name"))
        .col(text(manager, "role"))
        .col(text(manager, "password_hash"))
        .col(instant("created_at"))
        .col(instant_null("disabled_at"))
        .take();
    manager.create_table(account).await?;

    let binding = Table::create()
        .table("account_utility")
        .col(id("account_id"))
        .col(id("utility_id"))
        .primary_key(Index::create().col("account_id").col("utility_id"))
        .foreign_key(&mut refers("account_utility", "account_id", "account"))
        .foreign_key(&mut refers("account_utility", "utility_id", "utility"))
        .take();
    manager.create_table(binding).await
});
