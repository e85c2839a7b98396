//! The change log: every write appends to it; history, audit and followers read it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Query;
use sea_orm::{
    ActiveValue, ConnectionTrait, DatabaseTransaction, Iterable, QueryOrder, QuerySelect, Statement,
};
use serde_json::{Value, json};
use vku_domain::change::{Change, ChangeAction, StatusChange};
use vku_domain::kernel::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::{Resource, Stored, instant};
use vku_domain::kernel::value::Visibility;

use crate::kernel::error::{Corrupt, failed};
use crate::kernel::history::visible_levels;
use crate::kernel::load::padded_ids;
use crate::kernel::log_watermark;
use crate::kernel::store::{Reader, Store};
use crate::kernel::table::text;

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
        pub passage: Option<Json>,
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
    pub(crate) passage: Option<StatusChange>,
}

/// How many rows one statement appends.
const CHUNK: usize = 200;

/// Appends changes to the log, as the last statement before the commit.
pub(crate) async fn append(tx: &DatabaseTransaction, changes: Vec<NewChange>) -> Result<(), Error> {
    if !changes.is_empty() {
        log_watermark::reserve(tx).await?;
    }
    let mut rows = changes.into_iter().map(NewChange::into_row).peekable();
    while rows.peek().is_some() {
        let chunk: Vec<_> = rows.by_ref().take(CHUNK).collect();
        row::Entity::insert_many(chunk).exec_without_returning(tx).await.map_err(failed)?;
    }
    Ok(())
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
    tx: &DatabaseTransaction,
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
pub(crate) async fn append_staged(tx: &DatabaseTransaction, staging_id: Uuid) -> Result<(), Error> {
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
    fn into_row(self) -> row::ActiveModel {
        let to_json =
            |passage: StatusChange| json!({"from": passage.from, "to": passage.to, "reason": passage.reason});
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
            passage: ActiveValue::Set(self.passage.map(to_json)),
        }
    }
}

impl row::Model {
    pub(crate) fn into_change(self) -> Result<Change, Corrupt> {
        let text_of =
            |passage: &Value, name: &str| passage.get(name).and_then(Value::as_str).map(str::to_owned);
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
            status_change: self.passage.map(|passage| StatusChange {
                from: text_of(&passage, "from"),
                to: text_of(&passage, "to").unwrap_or_default(),
                reason: text_of(&passage, "reason"),
            }),
        })
    }
}

/// A status change in the history of a resource.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Step {
    /// The time, RFC 3339.
    pub at: String,
    /// The status before; absent if it was unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The status after.
    pub to: String,
    /// The reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Store {
    /// Returns the log after a position, oldest first, up to the high watermark; for staff, and for internal
    /// followers.
    ///
    /// Errors: 401 or 403 for everybody else, because the log contains data that others may not see.
    pub async fn changes_after(
        &self,
        actor: &Actor,
        position: i64,
        limit: u64,
    ) -> Result<Vec<Change>, Error> {
        if !actor.is_staff() {
            return Err(Error::refused(actor));
        }
        let end = log_watermark::high_watermark(self.database()).await?;
        let reader = self.read(actor).await?;
        let rows = row::Entity::find()
            .filter(row::Column::Position.gt(position))
            .filter(row::Column::Position.lte(end))
            .order_by_asc(row::Column::Position)
            .limit(limit)
            .all(reader.tx())
            .await
            .map_err(failed)?;
        Ok(rows.into_iter().map(row::Model::into_change).collect::<Result<_, _>>()?)
    }
}

impl Reader<'_> {
    /// Returns the reasons for which resources last entered a status, by id, as far as the actor could see
    /// the change.
    ///
    /// Errors: the database is unavailable.
    pub(crate) async fn reasons<T: Resource>(
        &self,
        of: &[&Stored<T>],
        status: &str,
    ) -> Result<HashMap<Uuid, String>, Error> {
        if of.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = row::Entity::find()
            .filter(row::Column::Resource.eq(T::NAME))
            .filter(row::Column::ResourceId.is_in(padded_ids(&of.iter().map(|it| it.id).collect::<Vec<_>>())))
            .filter(row::Column::Passage.is_not_null())
            .order_by_asc(row::Column::Position)
            .all(self.tx())
            .await
            .map_err(failed)?;
        let mut reasons = HashMap::new();
        for change in rows {
            let change = change.into_change()?;
            let Some(item) = of.iter().find(|item| item.id == change.resource_id) else { continue };
            let Some(status_change) =
                change.status_change.filter(|_| visible_levels(self, item).contains(&change.visibility))
            else {
                continue;
            };
            match status_change.reason.filter(|_| status_change.to == status) {
                Some(reason) => reasons.insert(item.id, reason),
                None => reasons.remove(&item.id),
            };
        }
        Ok(reasons)
    }

    /// Returns the status changes of a resource, oldest first, as far as the actor could see them. Call it
    /// only for a resource that the actor has been shown: an actor who sees it as a participant sees all of
    /// them.
    ///
    /// Errors: the database is unavailable.
    pub async fn steps<T: Resource>(&self, of: &Stored<T>) -> Result<Vec<Step>, Error> {
        let levels = visible_levels(self, of);
        let rows = row::Entity::find()
            .filter(row::Column::Visibility.is_in(levels.iter().map(|visibility| visibility.as_str())))
            .filter(row::Column::Resource.eq(T::NAME))
            .filter(row::Column::ResourceId.eq(of.id))
            .filter(row::Column::Passage.is_not_null())
            .order_by_asc(row::Column::Position)
            .all(self.tx())
            .await
            .map_err(failed)?;
        let changes = rows.into_iter().map(row::Model::into_change).collect::<Result<Vec<_>, _>>()?;
        let actor = self.actor();
        let own = of.data.is_own(Some(of.id), None, actor);
        let could_see = |mut state: Value| actor.is_staff() || T::redact_history(&mut state, own, actor);
        let steps = changes.into_iter().filter_map(|change| {
            let StatusChange { from, to, reason } = change.status_change?;
            let before = |status: &String| {
                let mut state = change.state.clone();
                state.as_object_mut().map(|members| members.insert("status".into(), json!(status)));
                could_see(state)
            };
            let from = from.filter(before);
            could_see(change.state).then(|| Step { at: instant(change.at), from, to, reason })
        });
        Ok(steps.collect())
    }
}
