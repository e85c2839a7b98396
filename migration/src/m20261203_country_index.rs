//! A table from which partnerships by a country, a sector and a status are read in the order of their start, in place of
//! the copies of sectors and status in the rows of the parties.

use crate::columns::{id, index, instant_null, integer, text, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let mut table = Table::create();
    table
        .table("partnership_country")
        .col(id("owner_id"))
        .col(text(manager, "country"))
        .col(text(manager, "value"))
        .col(integer("version"))
        .col(instant_null("deleted_at"))
        .col(text_null(manager, "status"))
        .col(text(manager, "visibility"))
        .col(text(manager, "start_first"))
        .col(text(manager, "title_key"))
        .primary_key(Index::create().col("owner_id").col("country").col("value"));
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    manager.create_table(table).await?;
    let rows = |value: &str, join: &str| {
        format!(
            "SELECT owner.id, party.country, {value}, owner.version, owner.deleted_at, owner.status, owner.visibility, owner.start_first, owner.title_key \
             FROM partnership AS owner JOIN partnership_party AS party ON party.owner_id = owner.id \
             AND party.field = 'partner'{join} WHERE party.country IS NOT NULL"
        )
    };
    let join = " JOIN partnership_set AS entry ON entry.owner_id = owner.id AND entry.field = 'sectors'";
    let fill = format!("INSERT INTO partnership_country {} UNION {}", rows("''", ""), rows("entry.value", join));
    manager.get_connection().execute_unprepared(&fill).await?;
    let order = "CREATE INDEX partnership_country_order ON partnership_country \
                 (country, value, status, start_first DESC, owner_id, visibility, title_key, version, deleted_at) \
                 WHERE deleted_at IS NULL";
    manager.get_connection().execute_unprepared(order).await?;

    let mut old = Index::drop();
    old.name("partnership_party_field_country_status_sectors_owner_id").table("partnership_party");
    manager.drop_index(old).await?;
    for column in ["sectors", "status"] {
        manager.alter_table(Table::alter().table("partnership_party").drop_column(column).take()).await?;
    }
    index(manager, "partnership_party", &["field", "country", "owner_id"]).await
});
