//! Accounts become users, a resource like others. Passwords get a table of their own, so that reading a user
//! never reads one.

use crate::columns::{create_parties, id, instant, instant_null, refers, text};
use crate::prelude::*;

crate::migration!(manager => {
    manager.rename_table(Table::rename().table("account", "user").take()).await?;
    let mut name_key = text(manager, "name_key");
    let mut version = ColumnDef::new("version");
    let mut disabled = ColumnDef::new("disabled");
    for column in [
        version.big_integer().not_null().default(1),
        &mut instant_null("updated_at"),
        &mut instant_null("deleted_at"),
        disabled.boolean().not_null().default(false),
        name_key.default(""),
    ] {
        manager.alter_table(Table::alter().table("user").add_column(column.take()).take()).await?;
    }

    let password = Table::create()
        .table("password")
        .col(id("user_id").primary_key())
        .col(text(manager, "hash"))
        .col(instant("changed_at"))
        .foreign_key(&mut refers("password", "user_id", "user"))
        .take();
    manager.create_table(password).await?;
    create_parties(manager, "user_party", "user").await?;

    // Names are folded when the user is next written; until then they are sorted in lower case.
    manager
        .get_connection()
        .execute_unprepared(
            r#"UPDATE "user" SET updated_at = created_at, disabled = (disabled_at IS NOT NULL), name_key = lower(name);
            INSERT INTO password (user_id, hash, changed_at) SELECT id, password_hash, created_at FROM "user";
            INSERT INTO user_party (owner_id, position, field, utility_id)
                SELECT account_id, row_number() OVER (PARTITION BY account_id ORDER BY utility_id) - 1, 'utilities', utility_id
                FROM account_utility;"#,
        )
        .await?;
    manager.drop_table(Table::drop().table("account_utility").take()).await?;
    for column in ["password_hash", "disabled_at"] {
        manager.alter_table(Table::alter().table("user").drop_column(column).take()).await?;
    }
    Ok(())
});
