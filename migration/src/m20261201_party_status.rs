//! The status of a partnership in the rows of its parties, beside the sectors: one index finds partnerships by a country,
//! a sector and a status.

use crate::columns::{index, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    let table = Table::alter().table("partnership_party").add_column(text_null(manager, "status")).take();
    manager.alter_table(table).await?;
    let fill = r#"UPDATE "partnership_party" SET "status" = (SELECT "status" FROM "partnership"
        WHERE "partnership"."id" = "partnership_party"."owner_id")"#;
    manager.get_connection().execute_unprepared(fill).await?;
    let mut old = Index::drop();
    old.name("partnership_party_field_country_owner_id_sectors").table("partnership_party");
    manager.drop_index(old).await?;
    index(manager, "partnership_party", &["field", "country", "owner_id", "status", "sectors"]).await
});
