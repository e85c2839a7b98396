//! The search index: the words, the keys by which they are found, and the resources in which they occur.

use crate::columns::{id, integer, text};
use crate::prelude::*;

crate::migration!(manager => {
    // All columns are part of the primary key; without a rowid, SQLite stores the rows in the order of the
    // key.
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

    // The version of the algorithm that split the texts into the words of these tables; empty until the index
    // is built.
    let state = Table::create().table("search_state").col(integer("version").primary_key()).take();
    manager.create_table(state).await
});
