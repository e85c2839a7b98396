//! The log of deliveries: every attempt, with its result.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::query::Paging;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::webhook::{DeliveryFailure, DeliveryState, Webhook};

use super::events::Event;
use crate::kernel::codec::{text, text_opt};
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::read::keyset::{self, Keyset, KeysetPage, PageDirection};
use crate::kernel::store::Store;
use crate::kernel::transaction::Reader;

/// How long an attempt is stored.
const RETENTION: TimeDelta = TimeDelta::days(30);

pub(super) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_delivery")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub webhook_id: Uuid,
        pub at: DateTimeUtc,
        pub event: Json,
        pub attempt: i64,
        pub state: String,
        pub status: Option<i64>,
        pub failure: Option<String>,
        pub duration_ms: i64,
        pub response: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

vku_domain::filter! {
    /// The filter of the deliveries of a webhook.
    DeliveryFilter {
        /// The result of the attempt.
        state: Vec<DeliveryState>,
    }
}

/// An attempt to deliver.
pub struct Delivery {
    /// UUIDv7.
    pub id: Uuid,
    /// When the attempt was made.
    pub at: DateTime<Utc>,
    /// The event.
    pub event: Event,
    /// The number of the attempt; from 1.
    pub attempt: i64,
    /// The result.
    pub state: DeliveryState,
    /// The status of the answer.
    pub status: Option<i64>,
    /// Why the attempt failed.
    pub failure: Option<DeliveryFailure>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The beginning of the answer.
    pub response: Option<String>,
}

impl TryFrom<row::Model> for Delivery {
    type Error = Corrupt;

    fn try_from(row: row::Model) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.id,
            at: row.at,
            event: Event::stored(row.event)?,
            attempt: row.attempt,
            state: text(row.state)?,
            status: row.status,
            failure: text_opt(row.failure)?,
            duration_ms: row.duration_ms,
            response: row.response,
        })
    }
}

/// A page of deliveries.
pub struct Deliveries {
    /// The attempts, newest first.
    pub items: Vec<Delivery>,
    /// The cursor of the older attempts, if there are any.
    pub next: Option<String>,
    /// The cursor of the newer attempts, if there may be any.
    pub prev: Option<String>,
}

/// The attempt that a cursor points to.
#[derive(Serialize, Deserialize)]
struct DeliveryPosition(PageDirection, Uuid);

impl Reader<'_> {
    /// Returns a page of the deliveries of a webhook.
    ///
    /// Errors: 401, 403, 404; 400 for a cursor of another list.
    pub async fn webhook_deliveries(
        &self,
        webhook: &Key,
        filter: &DeliveryFilter,
        paging: &Paging,
    ) -> Result<Deliveries, Error> {
        let webhook = self.get::<Webhook>(webhook, None, false).await?.id;
        let list = format!("webhook deliveries|{webhook}|{}", paging.fingerprint);
        let cursor = paging.cursor.as_ref();
        let cursor: Option<DeliveryPosition> =
            cursor.map(|token| keyset::open(self.cursors(), &list, token)).transpose()?;
        let keyset = Keyset::new(cursor.as_ref().map(|cursor| cursor.0), paging.limit);
        let beyond = cursor.map(|DeliveryPosition(direction, id)| {
            direction.beyond(row::Column::Id.into_expr(), Expr::val(id))
        });
        let states = filter.state.iter().map(|state| state.as_str());
        let condition = Condition::all()
            .add(row::Column::WebhookId.eq(webhook))
            .add_option((!filter.state.is_empty()).then(|| row::Column::State.is_in(states)))
            .add_option(beyond);
        let rows = row::Entity::find()
            .filter(condition)
            .order_by(row::Column::Id, keyset.direction().descending())
            .limit(keyset.rows_to_read())
            .all(self.tx())
            .await
            .map_err(failed)?;
        let token = |row: &row::Model, direction| {
            keyset::sign(self.cursors(), &list, &DeliveryPosition(direction, row.id))
        };
        let KeysetPage { rows, next, prev } = keyset.page(rows, token)?;
        let items = rows.into_iter().map(Delivery::try_from).collect::<Result<_, _>>()?;
        Ok(Deliveries { items, next, prev })
    }
}

impl Store {
    /// Deletes the attempts that are older than a month.
    ///
    /// Errors: the database is unavailable.
    pub async fn sweep_webhook_deliveries(&self) -> Result<u64, Error> {
        self.in_own_transaction(async |writer| {
            let old = row::Entity::delete_many().filter(row::Column::At.lt(writer.written_at() - RETENTION));
            Ok(old.exec(writer.tx()).await.map_err(failed)?.rows_affected)
        })
        .await
    }
}
