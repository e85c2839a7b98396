//! How far a webhook is: the position in the change feed, the failures since the last success, and who delivers.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Role;
use vku_domain::kernel::error::Error;

use crate::kernel::database::error::failed;
use crate::kernel::transaction::Writer;

pub(super) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_progress")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub webhook_id: Uuid,
        pub owner_id: Option<Uuid>,
        pub cursor: String,
        pub pending: Option<Json>,
        pub secret: String,
        pub secret_shown: bool,
        pub old_secret: Option<String>,
        pub old_secret_until: Option<DateTimeUtc>,
        pub attempts: i64,
        pub next_attempt_at: DateTimeUtc,
        pub failing_since: Option<DateTimeUtc>,
        pub disabled_reason: Option<String>,
        pub claimed_by: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Writer<'_> {
    /// Adds the progress of a new webhook, which begins at the end of the feed.
    pub(super) async fn begin_progress(&self, webhook: Uuid) -> Result<(), Error> {
        let cursor = self.feed_end().await?;
        let row = row::Model {
            webhook_id: webhook,
            owner_id: self.actor().account,
            cursor,
            pending: None,
            secret: self.new_webhook_secret(webhook)?,
            secret_shown: false,
            old_secret: None,
            old_secret_until: None,
            attempts: 0,
            next_attempt_at: self.written_at(),
            failing_since: None,
            disabled_reason: None,
            claimed_by: None,
        };
        let insert = row::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.tx()).await.map(drop).map_err(failed)
    }

    /// Forgets the event that could not be delivered, which is then read again.
    pub(super) async fn forget_pending(&self, webhook: Uuid) -> Result<(), Error> {
        let update = row::Entity::update_many()
            .col_expr(row::Column::Pending, Expr::val(None::<serde_json::Value>))
            .filter(row::Column::WebhookId.eq(webhook));
        update.exec(self.tx()).await.map(drop).map_err(failed)
    }

    /// Forgets the failures of a webhook that is enabled again.
    pub(super) async fn resume_progress(&self, webhook: Uuid) -> Result<(), Error> {
        let update = row::Entity::update_many()
            .col_expr(row::Column::Attempts, Expr::val(0))
            .col_expr(row::Column::NextAttemptAt, Expr::val(self.written_at()))
            .col_expr(row::Column::FailingSince, Expr::val(None::<DateTime<Utc>>))
            .col_expr(row::Column::DisabledReason, Expr::val(None::<String>))
            .filter(row::Column::WebhookId.eq(webhook));
        update.exec(self.tx()).await.map(drop).map_err(failed)
    }

    /// Returns the role of the account that has created a webhook; `None` if it is disabled or deleted. The operator
    /// at the command line counts as an administrator.
    pub(super) async fn webhook_owner(&self, webhook: Uuid) -> Result<Option<Role>, Error> {
        let owner = row::Entity::find_by_id(webhook)
            .select_only()
            .column(row::Column::OwnerId)
            .into_tuple::<Option<Uuid>>()
            .one(self.tx())
            .await
            .map_err(failed)?;
        match owner.flatten() {
            Some(owner) => self.role_of(owner).await,
            None => Ok(Some(Role::Admin)),
        }
    }
}
