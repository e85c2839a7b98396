//! What is delivered on request: pings, and deliveries once more. Each is attempted once.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::webhook::Webhook;

use super::events::Event;
use super::{log, progress};
use crate::kernel::database::error::failed;
use crate::kernel::id::new_id;
use crate::kernel::transaction::Writer;

pub(super) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_request")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub webhook_id: Uuid,
        pub created_at: DateTimeUtc,
        pub event: Json,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Writer<'_> {
    /// Requests a ping, and returns the id of its event.
    ///
    /// Errors: 401, 403, 404.
    pub async fn ping_webhook(&self, webhook: &Key) -> Result<String, Error> {
        let webhook = self.open::<Webhook>(Action::Update, webhook).await?.id;
        let event = Event::ping(webhook, self.written_at());
        self.request_delivery(webhook, event.stored_form()?).await?;
        Ok(event.id)
    }

    /// Requests a delivery once more, and returns the id of its event.
    ///
    /// Errors: 401, 403, 404; 422 if the webhook has no such delivery.
    pub async fn replay_webhook_delivery(&self, webhook: &Key, delivery: Uuid) -> Result<String, Error> {
        let webhook = self.open::<Webhook>(Action::Update, webhook).await?.id;
        let found = log::row::Entity::find_by_id(delivery).filter(log::row::Column::WebhookId.eq(webhook));
        let Some(found) = found.one(self.tx()).await.map_err(failed)? else {
            let detail = bilingual!(
                "This webhook has no such delivery.",
                "Eine solche Zustellung hat dieser Webhook nicht."
            );
            return Err(Error::invalid_at("/delivery_id", "unknown_reference", detail));
        };
        let event = Event::stored(found.event.clone())?;
        self.request_delivery(webhook, found.event).await?;
        Ok(event.id)
    }

    /// Has a webhook continue with the first change at an instant or later, if it is further.
    ///
    /// Errors: 401, 403, 404; 422 for an instant in the future.
    pub async fn replay_webhook_since(&self, webhook: &Key, since: DateTime<Utc>) -> Result<(), Error> {
        use progress::row::Column;
        let webhook = self.open::<Webhook>(Action::Update, webhook).await?.id;
        if since > self.written_at() {
            let detail =
                bilingual!("The instant must not be in the future.", "Der Zeitpunkt liegt in der Zukunft.");
            return Err(Error::invalid_at("/since", "out_of_range", detail));
        }
        let row = progress::row::Entity::find_by_id(webhook).one(self.tx()).await.map_err(failed)?;
        let cursor = match row {
            Some(row) => self.feed_before(since, &row.cursor).await?,
            None => None,
        };
        let Some(cursor) = cursor else { return Ok(()) };
        let update = progress::row::Entity::update_many()
            .col_expr(Column::Cursor, Expr::val(cursor))
            .col_expr(Column::Pending, Expr::val(None::<serde_json::Value>))
            .filter(Column::WebhookId.eq(webhook));
        update.exec(self.tx()).await.map(drop).map_err(failed)
    }

    async fn request_delivery(&self, webhook: Uuid, event: serde_json::Value) -> Result<(), Error> {
        let row = row::Model { id: new_id(), webhook_id: webhook, created_at: self.written_at(), event };
        let insert = row::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.tx()).await.map(drop).map_err(failed)
    }
}
