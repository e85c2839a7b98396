//! The change log: every write appends to it; history, audit and followers read it.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Query;
use sea_orm::{ActiveValue, ConnectionTrait, Iterable, QueryTrait, Statement};
use serde_json::{Value, json};
use vku_domain::kernel::change_log::{Change, ChangeAction, StatusChange};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::value::Visibility;

use super::connection::Connection;
use crate::kernel::codec::text;
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::database::log_watermark;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "change")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub position: i64,
        pub at: DateTimeUtc,
        pub actor: Option<Uuid>,
        pub request_id: String,
        pub resource: String,
        pub resource_id: Uuid,
        pub parent_id: Option<Uuid>,
        pub action: String,
        pub version: i64,
        pub visibility: String,
        pub state: Json,
        // The first migration calls the column `passage`, an old name for a change of the status. Migrations are never
        // edited, and a rename would not be worth another one.
        #[sea_orm(column_name = "passage")]
        pub status_change: Option<Json>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A change that is not yet in the log: it gets its position when it is appended.
pub(crate) struct NewChange {
    pub(crate) at: DateTime<Utc>,
    pub(crate) actor: Option<Uuid>,
    pub(crate) request_id: String,
    pub(crate) resource: &'static str,
    pub(crate) resource_id: Uuid,
    pub(crate) parent_id: Option<Uuid>,
    pub(crate) action: ChangeAction,
    pub(crate) version: i64,
    pub(crate) visibility: Visibility,
    pub(crate) state: Value,
    pub(crate) status_change: Option<StatusChange>,
}

/// How many rows one statement appends.
const CHUNK: usize = 200;

/// The statements that append changes to the log, to be executed as the last before the commit.
pub(crate) async fn appending(tx: &Connection, changes: Vec<NewChange>) -> Result<Vec<Statement>, Error> {
    let (backend, is_one) = (tx.get_database_backend(), changes.len() == 1);
    if changes.len() > 1 {
        log_watermark::reserve(tx).await?;
    }
    let mut rows = changes.into_iter().map(NewChange::into_row).peekable();
    let mut statements = Vec::new();
    while rows.peek().is_some() {
        let chunk: Vec<_> = rows.by_ref().take(CHUNK).collect();
        let insert = row::Entity::insert_many(chunk).build(backend);
        statements.push(if is_one { log_watermark::reserving(insert)? } else { insert });
    }
    Ok(statements)
}

/// The changes of an unpublished import: numbered in order, followed by the columns of the log.
pub(crate) mod staged {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "import_change")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub staging_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub resource: String,
        pub resource_id: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The columns of the log without the position, which is assigned when a change is appended.
fn columns() -> impl Iterator<Item = row::Column> {
    <row::Column as Iterable>::iter().filter(|column| !matches!(column, row::Column::Position))
}

/// Stores changes until their import is published; the first one gets the number `from`.
pub(crate) async fn stage(
    tx: &Connection,
    staging_id: Uuid,
    from: i64,
    changes: Vec<NewChange>,
) -> Result<(), Error> {
    let mut rows = (from..).zip(changes.into_iter().map(NewChange::into_row)).peekable();
    while rows.peek().is_some() {
        let names = ["staging_id".to_owned(), "number".to_owned()];
        let names = names.into_iter().chain(columns().map(|column| column.to_string()));
        let mut insert = Query::insert().into_table(staged::Entity).columns(names).take();
        for (number, mut row) in rows.by_ref().take(CHUNK) {
            let values = columns().filter_map(|column| row.take(column).into_value());
            let values = [staging_id.into(), number.into()].into_iter().chain(values);
            insert.values_panic(values.map(Expr::val));
        }
        tx.execute(&insert).await.map_err(failed)?;
    }
    Ok(())
}

/// Appends the changes of an import to the log, as the last statement before the commit.
pub(crate) async fn append_staged(tx: &Connection, staging_id: Uuid) -> Result<(), Error> {
    log_watermark::reserve(tx).await?;
    let columns: Vec<_> = columns().map(|column| column.to_string()).collect();
    let columns = columns.join(", ");
    let append = format!(
        "INSERT INTO change ({columns}) SELECT {columns} FROM import_change WHERE staging_id = $1 ORDER BY number"
    );
    let append = Statement::from_sql_and_values(tx.get_database_backend(), append, [staging_id.into()]);
    tx.execute_raw(append).await.map_err(failed)?;
    let delete = staged::Entity::delete_many().filter(staged::Column::StagingId.eq(staging_id));
    delete.exec(tx).await.map(drop).map_err(failed)
}

impl NewChange {
    /// The mark of the change, by which other instances find it in the log.
    pub(crate) fn mark(&self) -> String {
        log_watermark::mark(self.resource_id, self.at)
    }

    fn into_row(self) -> row::ActiveModel {
        let to_json =
            |change: StatusChange| json!({"from": change.from, "to": change.to, "reason": change.reason});
        row::ActiveModel {
            position: ActiveValue::NotSet,
            at: ActiveValue::Set(self.at),
            actor: ActiveValue::Set(self.actor),
            request_id: ActiveValue::Set(self.request_id),
            resource: ActiveValue::Set(self.resource.to_owned()),
            resource_id: ActiveValue::Set(self.resource_id),
            parent_id: ActiveValue::Set(self.parent_id),
            action: ActiveValue::Set(self.action.to_string()),
            version: ActiveValue::Set(self.version),
            visibility: ActiveValue::Set(self.visibility.to_string()),
            state: ActiveValue::Set(self.state),
            status_change: ActiveValue::Set(self.status_change.map(to_json)),
        }
    }
}

impl row::Model {
    pub(crate) fn into_change(self) -> Result<Change, Corrupt> {
        let text_of =
            |change: &Value, name: &str| change.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Change {
            position: self.position,
            at: self.at,
            actor: self.actor,
            request_id: self.request_id,
            resource: self.resource,
            resource_id: self.resource_id,
            parent_id: self.parent_id,
            action: text(self.action)?,
            version: self.version,
            visibility: text(self.visibility)?,
            state: self.state,
            status_change: self.status_change.map(|change| StatusChange {
                from: text_of(&change, "from"),
                to: text_of(&change, "to").unwrap_or_default(),
                reason: text_of(&change, "reason"),
            }),
        })
    }
}
