//! Indexes for statistics, and the country of each party: partnerships by status, year or country,
//! partnerships that an actor does not see, and funding are counted from indexes alone.

use crate::columns::{index, text_null};
use crate::prelude::*;

crate::migration!(manager => {
    index(manager, "partnership", &["deleted_at", "visibility", "status", "start_first", "id"]).await?;
    index(manager, "partnership", &["deleted_at", "visibility", "start_first"]).await?;
    let table = Table::alter().table("partnership_party").add_column(text_null(manager, "country")).take();
    manager.alter_table(table).await?;
    let fill = r#"UPDATE "partnership_party" SET "country" = (SELECT "country" FROM "utility" WHERE "id" = "utility_id")"#;
    manager.get_connection().execute_unprepared(fill).await?;
    index(manager, "partnership_party", &["field", "country", "owner_id"]).await?;
    let money = [
        "deleted_at",
        "programme_id",
        "partnership_id",
        "kind",
        "from_first",
        "amount_currency",
        "amount_minor",
    ];
    let mut figures = Index::create().name("funding_figures").table("funding").take();
    money.iter().for_each(|column| {
        figures.col(*column);
    });
    manager.create_index(figures).await
});
