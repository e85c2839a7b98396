//! What tables have in common: id, version and times; the child tables for sets and parties.

use crate::prelude::*;

/// A text column. PostgreSQL compares it by bytes (`COLLATE "C"`), as SQLite does, so that both databases
/// sort in the same order; for people, rows are sorted by a folded key in a separate column.
pub(crate) fn text(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = text_null(manager, name);
    column.not_null();
    column
}

/// A nullable text column.
pub(crate) fn text_null(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DbBackend::Postgres => column.custom(r#"text COLLATE "C""#),
        _ => column.text(),
    };
    column
}

/// A timestamp in UTC, truncated to microseconds.
pub(crate) fn instant(name: &'static str) -> ColumnDef {
    let mut column = instant_null(name);
    column.not_null();
    column
}

/// A nullable timestamp.
pub(crate) fn instant_null(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.timestamp_with_time_zone();
    column
}

/// A nullable JSON column.
pub(crate) fn json_null(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.json_binary();
    column
}

/// A JSON column.
pub(crate) fn json(name: &'static str) -> ColumnDef {
    let mut column = json_null(name);
    column.not_null();
    column
}

/// A UUID column for the id of another row.
pub(crate) fn id(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.uuid().not_null();
    column
}

/// A nullable UUID column for the id of another row.
pub(crate) fn id_null(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.uuid();
    column
}

/// A 64-bit integer column.
pub(crate) fn integer(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer().not_null();
    column
}

/// The table of a resource with id, version and times; the caller adds its own columns.
pub(crate) fn resource(name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(name)
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(integer("version").check(Expr::col("version").gte(1)))
        .col(instant("created_at"))
        .col(instant("updated_at"))
        .col(instant_null("deleted_at"));
    table
}

/// A foreign key that restricts deletion, so that nothing is deleted by cascade.
pub(crate) fn refers(
    from: &'static str,
    column: &'static str,
    to: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(from, column).to(to, "id").on_delete(ForeignKeyAction::Restrict).take()
}

/// Creates the table of the sets of a resource: `field` is the member, `position` keeps the order.
pub(crate) async fn create_sets(
    manager: &SchemaManager<'_>,
    name: &'static str,
    owner: &'static str,
) -> Result<(), DbErr> {
    let table = Table::create()
        .table(name)
        .col(id("owner_id"))
        .col(text(manager, "field"))
        .col(text(manager, "value"))
        .col(integer("position"))
        .primary_key(Index::create().col("owner_id").col("field").col("value"))
        .foreign_key(&mut refers(name, "owner_id", owner))
        .take();
    manager.create_table(table).await?;
    index(manager, name, &["field", "value", "owner_id"]).await
}

/// Creates the table of the parties of a resource: `field` is the member or the role.
pub(crate) async fn create_parties(
    manager: &SchemaManager<'_>,
    name: &'static str,
    owner: &'static str,
) -> Result<(), DbErr> {
    let exactly_one = Expr::col("utility_id").is_null().ne(Expr::col("organisation_id").is_null());
    let table = Table::create()
        .table(name)
        .col(id("owner_id"))
        .col(integer("position"))
        .col(text(manager, "field"))
        .col(id_null("utility_id").check(exactly_one))
        .col(id_null("organisation_id"))
        .col(text_null(manager, "from"))
        .col(text_null(manager, "from_first"))
        .col(text_null(manager, "until"))
        .col(text_null(manager, "until_last"))
        .primary_key(Index::create().col("owner_id").col("field").col("position"))
        .foreign_key(&mut refers(name, "owner_id", owner))
        .foreign_key(&mut refers(name, "utility_id", "utility"))
        .foreign_key(&mut refers(name, "organisation_id", "organisation"))
        .take();
    manager.create_table(table).await?;
    index(manager, name, &["utility_id"]).await?;
    index(manager, name, &["organisation_id"]).await
}

/// Creates an index that is named after its table and columns.
pub(crate) async fn index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let mut index = Index::create().name(format!("{table}_{}", columns.join("_"))).table(table).take();
    columns.iter().for_each(|column| {
        index.col(*column);
    });
    manager.create_index(index).await
}

/// Creates a unique index on a column for rows that are not deleted; with `only`, for rows in which that
/// column is true.
pub(crate) async fn unique_among_living(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &'static str,
    only: Option<&'static str>,
) -> Result<(), DbErr> {
    let name = format!("{table}_{column}_unique");
    let mut index = Index::create().unique().name(name).table(table).col(column).to_owned();
    index.and_where(Expr::col("deleted_at").is_null());
    if let Some(only) = only {
        index.and_where(Expr::col(only).eq(true));
    }
    manager.create_index(index).await
}

/// Declares the steps of a migration, which is named after its file; the body gets the schema manager.
#[macro_export]
macro_rules! migration {
    ($manager:ident => $steps:block) => {
        pub(crate) fn steps<'a>($manager: &'a SchemaManager<'a>) -> Steps<'a> {
            Box::pin(async move { $steps })
        }
    };
}

/// Creates an index of the rows that are not deleted.
pub(crate) async fn index_of_living(
    manager: &SchemaManager<'_>,
    table: &str,
    name: &str,
    columns: &[&str],
) -> Result<(), DbErr> {
    let columns = columns.join(", ");
    let create =
        format!("CREATE INDEX {table}_{name}_living ON {table} ({columns}) WHERE deleted_at IS NULL");
    manager.get_connection().execute_unprepared(&create).await.map(|_| ())
}

/// Drops an index.
pub(crate) async fn drop_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    name: &str,
) -> Result<(), DbErr> {
    let mut index = Index::drop();
    index.name(name).table(table);
    manager.drop_index(index).await
}
