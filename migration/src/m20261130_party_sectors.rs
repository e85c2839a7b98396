//! The sectors of a partnership in the rows of its parties, so that one index finds partnerships by a country and a
//! sector.

use crate::columns::{index, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let table = Table::alter().table("partnership_party").add_column(text_null(manager, "sectors")).take();
    manager.alter_table(table).await?;
    let join = match manager.get_database_backend() {
        DbBackend::Postgres => "string_agg",
        _ => "group_concat",
    };
    let fill = format!(
        r#"UPDATE "partnership_party" SET "sectors" = (SELECT '|' || {join}("value", '|') || '|' FROM "partnership_set"
        WHERE "partnership_set"."owner_id" = "partnership_party"."owner_id" AND "partnership_set"."field" = 'sectors')"#
    );
    manager.get_connection().execute_unprepared(&fill).await?;
    let mut old = Index::drop();
    old.name("partnership_party_field_country_owner_id").table("partnership_party");
    manager.drop_index(old).await?;
    index(manager, "partnership_party", &["field", "country", "owner_id", "sectors"]).await
});
