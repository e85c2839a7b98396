//! The words that are searched: where they stand, and by which parts they are found.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::columns::{id, integer, text};

crate::step!(manager => {
    // All of each row is in its key, by which the rows lie in SQLite too.
    let keyed = |name: &'static str| {
        let mut table = Table::create();
        table.table(name);
        if manager.get_database_backend() == DbBackend::Sqlite {
            table.extra("WITHOUT ROWID");
        }
        table
    };

    let word = keyed("search_word").col(text(manager, "word").primary_key()).take();
    manager.create_table(word).await?;

    let part = keyed("search_part")
        .col(text(manager, "part"))
        .col(text(manager, "word"))
        .primary_key(Index::create().col("part").col("word"))
        .take();
    manager.create_table(part).await?;

    let hit = keyed("search_hit")
        .col(text(manager, "word"))
        .col(text(manager, "resource"))
        .col(ColumnDef::new("rank").integer().not_null())
        .col(id("resource_id"))
        .primary_key(Index::create().col("word").col("resource").col("rank").col("resource_id"))
        .take();
    manager.create_table(hit).await?;

    // Which way of cutting texts into words the three tables hold; none where they are still to be filled.
    let state = Table::create().table("search_state").col(integer("version").primary_key()).take();
    manager.create_table(state).await
});
