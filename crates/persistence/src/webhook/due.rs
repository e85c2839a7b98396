//! What is to be delivered now, and by whom.
//!
//! A webhook is claimed by one worker at a time, so that its deliveries keep their order. A claim is valid as long as
//! its worker lives, which is shown by a lock that ends with the worker: the webhooks of a killed worker are taken over
//! by the next one at once. If a worker was killed between the answer of a receiver and the commit that records it,
//! the event is delivered again: delivery is at least once.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::query::Query;
use vku_domain::webhook::{Webhook, WebhookDisabledReason};

use super::events::{self, Event};
use super::secret::WebhookSecret;
use super::{progress, request, secret};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::database::job_lock::JobLock;
use crate::kernel::id::new_id;
use crate::kernel::store::Store;
use crate::kernel::transaction::{Reader, Writer};

/// How many changes are read at a time.
const BATCH: u16 = 100;

/// A worker that delivers, until this is dropped.
pub struct WebhookWorker {
    id: Uuid,
    _alive: JobLock,
}

impl WebhookWorker {
    pub(super) fn id(&self) -> Uuid {
        self.id
    }
}

/// A webhook that may have something to deliver.
pub struct DueWebhook {
    /// The id.
    pub id: Uuid,
    /// What it is.
    pub data: Webhook,
    /// The secrets that sign its deliveries.
    pub secrets: Vec<WebhookSecret>,
    /// The token of the feed up to which it is delivered.
    pub cursor: String,
    pub(super) version: i64,
    pending: Option<Value>,
    /// Whether changes may be delivered now, and not only what was requested.
    gets_changes: bool,
}

/// An event that is to be delivered, and what follows from its delivery.
#[derive(Clone)]
pub struct Delivery {
    /// The event.
    pub event: Event,
    /// Where it comes from.
    pub(super) origin: Origin,
}

#[derive(Clone)]
pub(super) enum Origin {
    /// The feed: the tokens before and after the change.
    Feed { before: String, after: String },
    /// A request.
    Request(Uuid),
}

/// The event that could not be delivered, and the token after it.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) event: Event,
    pub(super) after: String,
}

/// What a webhook is to be delivered now.
pub struct Deliveries {
    /// In this order.
    pub items: Vec<Delivery>,
    /// The token up to which the feed was read.
    pub end: String,
    /// Whether the feed may have more.
    pub has_more: bool,
}

impl Store {
    /// Returns the time of the next attempt of all enabled webhooks that are waiting for one; `None` if there is none.
    ///
    /// Errors: the database is unavailable.
    pub async fn next_webhook_attempt(&self) -> Result<Option<DateTime<Utc>>, Error> {
        use progress::row::Column;
        progress::row::Entity::find()
            .select_only()
            .column(Column::NextAttemptAt)
            .filter(Column::NextAttemptAt.gt(self.now()))
            .filter(Column::DisabledReason.is_null())
            .order_by_asc(Column::NextAttemptAt)
            .into_tuple()
            .one(self.database().reading())
            .await
            .map_err(failed)
    }

    /// Returns the webhooks that may have something to deliver now.
    ///
    /// Errors: the database is unavailable.
    pub async fn due_webhooks(&self) -> Result<Vec<DueWebhook>, Error> {
        let operator = Actor::operator(self.now());
        self.read(&operator).await?.due_webhooks().await
    }

    /// Returns what a webhook is to be delivered now; `from` is a later token than its cursor, up to which nothing is to
    /// be delivered.
    ///
    /// Errors: the database is unavailable.
    pub async fn webhook_deliveries_due(
        &self,
        webhook: &DueWebhook,
        from: Option<&str>,
    ) -> Result<Deliveries, Error> {
        let requests = request::row::Entity::find()
            .filter(request::row::Column::WebhookId.eq(webhook.id))
            .order_by_asc(request::row::Column::Id)
            .limit(u64::from(BATCH))
            .all(self.database().reading())
            .await
            .map_err(failed)?;
        let mut items = Vec::new();
        for row in requests {
            items.push(Delivery { event: Event::stored(row.event)?, origin: Origin::Request(row.id) });
        }
        let mut end = from.unwrap_or(&webhook.cursor).to_owned();
        let mut has_more = false;
        if webhook.gets_changes {
            let mut before = webhook.cursor.clone();
            if let Some(pending) = &webhook.pending {
                let Pending { event, after } = serde_json::from_value(pending.clone())
                    .map_err(|_| Corrupt::from("the pending event of a webhook"))?;
                items.push(Delivery { event, origin: Origin::Feed { before, after: after.clone() } });
                (before, end) = (after.clone(), after);
            }
            let page = events::after(self, webhook.id, &webhook.data, &end, usize::from(BATCH)).await?;
            (end, has_more) = (page.end, page.has_more);
            for (event, after) in page.events {
                items.push(Delivery { event, origin: Origin::Feed { before, after: after.clone() } });
                before = after;
            }
        }
        Ok(Deliveries { items, end, has_more })
    }

    /// Starts a worker, and releases the claims of those that have died.
    ///
    /// Errors: the database is unavailable.
    pub async fn begin_webhook_deliveries(&self) -> Result<WebhookWorker, Error> {
        let id = new_id();
        let alive = JobLock::acquire(self.database(), id).await?;
        self.release_dead_webhook_workers().await?;
        Ok(WebhookWorker { id, _alive: alive })
    }

    /// Claims a webhook, and returns it as it is now; `None` if another worker has it, or nothing is due any more.
    ///
    /// Errors: the database is unavailable.
    pub async fn claim_webhook(&self, worker: &WebhookWorker, id: Uuid) -> Result<Option<DueWebhook>, Error> {
        let claimed = self.try_claim_webhook(worker, id).await?;
        if claimed.is_some() {
            return Ok(claimed);
        }
        self.release_dead_webhook_workers().await?;
        self.try_claim_webhook(worker, id).await
    }

    async fn try_claim_webhook(&self, worker: &WebhookWorker, id: Uuid) -> Result<Option<DueWebhook>, Error> {
        use progress::row::Column;
        self.in_own_transaction(async |writer| {
            let claim = progress::row::Entity::update_many()
                .col_expr(Column::ClaimedBy, Expr::val(worker.id))
                .filter(Column::WebhookId.eq(id))
                .filter(Column::ClaimedBy.is_null());
            let is_claimed = claim.exec(writer.tx()).await.map_err(failed)?.rows_affected == 1;
            let due = writer.due_webhooks().await?.into_iter().find(|due| due.id == id);
            let Some(due) = due.filter(|_| is_claimed) else {
                writer.release_webhook(worker.id, Some(id)).await?;
                return Ok(None);
            };
            let owner = writer.webhook_owner(id).await?;
            if !due.data.as_role.is_within(owner) {
                writer.release_webhook(worker.id, Some(id)).await?;
                writer.disable_webhook(id, WebhookDisabledReason::RoleLost).await?;
                return Ok(None);
            }
            Ok(Some(due))
        })
        .await
    }

    /// Releases a webhook.
    ///
    /// Errors: the database is unavailable.
    pub async fn release_webhook(&self, worker: &WebhookWorker, webhook: Uuid) -> Result<(), Error> {
        self.release(worker.id, Some(webhook)).await
    }

    /// Releases the claims of workers that have died.
    async fn release_dead_webhook_workers(&self) -> Result<(), Error> {
        let workers: Vec<Uuid> = progress::row::Entity::find()
            .select_only()
            .column(progress::row::Column::ClaimedBy)
            .distinct()
            .filter(progress::row::Column::ClaimedBy.is_not_null())
            .into_tuple()
            .all(self.database().reading())
            .await
            .map_err(failed)?;
        for worker in workers {
            if !JobLock::is_held(self.database(), worker).await? {
                self.release(worker, None).await?;
            }
        }
        Ok(())
    }

    async fn release(&self, worker: Uuid, webhook: Option<Uuid>) -> Result<(), Error> {
        self.in_own_transaction(async |writer| writer.release_webhook(worker, webhook).await).await
    }
}

impl Reader<'_> {
    async fn due_webhooks(&self) -> Result<Vec<DueWebhook>, Error> {
        let at = self.actor().at;
        let rows = progress::row::Entity::find().all(self.tx()).await.map_err(failed)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let requested: Vec<Uuid> = request::row::Entity::find()
            .select_only()
            .column(request::row::Column::WebhookId)
            .distinct()
            .into_tuple()
            .all(self.tx())
            .await
            .map_err(failed)?;
        let mut due = Vec::new();
        for webhook in self.list(&Query::<Webhook>::all(), None).await?.items {
            let Some(row) = rows.iter().find(|row| row.webhook_id == webhook.id) else { continue };
            let gets_changes = webhook.data.enabled && row.next_attempt_at <= at;
            if gets_changes || requested.contains(&webhook.id) {
                due.push(DueWebhook {
                    id: webhook.id,
                    version: webhook.version,
                    data: webhook.data,
                    secrets: secret::valid(self.cursors(), row, at)?,
                    cursor: row.cursor.clone(),
                    pending: row.pending.clone(),
                    gets_changes,
                });
            }
        }
        Ok(due)
    }
}

impl Writer<'_> {
    async fn release_webhook(&self, worker: Uuid, webhook: Option<Uuid>) -> Result<(), Error> {
        use progress::row::Column;
        let mut update = progress::row::Entity::update_many()
            .col_expr(Column::ClaimedBy, Expr::val(None::<Uuid>))
            .filter(Column::ClaimedBy.eq(worker));
        if let Some(webhook) = webhook {
            update = update.filter(Column::WebhookId.eq(webhook));
        }
        update.exec(self.tx()).await.map(drop).map_err(failed)
    }
}
