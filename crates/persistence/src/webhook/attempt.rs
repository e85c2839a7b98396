//! The result of an attempt to deliver: it moves the webhook on in the log, or has it wait, or disables it.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use serde_json::{Value, json};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::bilingual::Locale;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::mail::Mail;
use vku_domain::user::User;
use vku_domain::webhook::{DeliveryFailure, DeliveryState, Webhook, WebhookDisabledReason};

use super::due::{Delivery, DueWebhook, Origin, Pending, WebhookWorker};
use super::{log, progress, request};
use crate::kernel::database::error::failed;
use crate::kernel::id::new_id;
use crate::kernel::store::Store;
use crate::kernel::transaction::Writer;

/// The pauses after one failure, two and so on; the last one repeats. Together they are a little longer than three
/// days.
const PAUSES: [TimeDelta; 9] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(14),
    TimeDelta::hours(20),
    TimeDelta::hours(24),
];
/// How long all attempts have to fail before the webhook is disabled.
const PATIENCE: TimeDelta = TimeDelta::days(3);
/// The status with which a receiver ends all deliveries.
const GONE: u16 = 410;

/// An attempt to deliver an event.
pub struct Attempt {
    /// How long it took.
    pub duration: std::time::Duration,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Why it failed; `None` if it has succeeded.
    pub failure: Option<DeliveryFailure>,
    /// The beginning of the answer.
    pub response: Option<String>,
}

impl Store {
    /// Records an attempt. Returns whether the worker continues with the next event: not after a failure, and not if
    /// the webhook was changed meanwhile.
    ///
    /// Errors: the database is unavailable.
    pub async fn record_webhook_attempt(
        &self,
        worker: &WebhookWorker,
        webhook: &DueWebhook,
        delivery: &Delivery,
        attempt: &Attempt,
    ) -> Result<bool, Error> {
        let record =
            async |writer: &mut Writer<'_>| writer.record_attempt(worker, webhook, delivery, attempt).await;
        self.in_own_transaction(record).await
    }

    /// Records that a webhook that nobody has claimed has nothing to deliver up to a token.
    ///
    /// Errors: the database is unavailable.
    pub async fn skip_webhook_to(&self, webhook: &DueWebhook, end: &str) -> Result<(), Error> {
        use progress::row::Column;
        self.in_own_transaction(async |writer| {
            let update = progress::row::Entity::update_many()
                .col_expr(Column::Cursor, Expr::val(end))
                .filter(Column::WebhookId.eq(webhook.id))
                .filter(Column::Cursor.eq(webhook.cursor.as_str()))
                .filter(Column::ClaimedBy.is_null());
            update.exec(writer.tx()).await.map(drop).map_err(failed)
        })
        .await
    }
}

impl Writer<'_> {
    async fn record_attempt(
        &mut self,
        worker: &WebhookWorker,
        webhook: &DueWebhook,
        delivery: &Delivery,
        attempt: &Attempt,
    ) -> Result<bool, Error> {
        let row = progress::row::Entity::find_by_id(webhook.id).one(self.tx()).await.map_err(failed)?;
        let Some(row) = row.filter(|row| row.claimed_by == Some(worker.id())) else { return Ok(false) };
        let (before, after) = match &delivery.origin {
            Origin::Request(request) => {
                self.log_attempt(webhook.id, delivery, attempt, 1).await?;
                request::row::Entity::delete_by_id(*request).exec(self.tx()).await.map_err(failed)?;
                return self.is_unchanged(webhook).await;
            }
            Origin::Feed { before, after } => (before, after),
        };
        let number = row.attempts + 1;
        self.log_attempt(webhook.id, delivery, attempt, number).await?;
        if row.cursor != *before {
            // A replay has moved the webhook meanwhile.
            return Ok(false);
        }
        if attempt.failure.is_none() {
            self.move_on(webhook.id, after).await?;
            return self.is_unchanged(webhook).await;
        }
        let since = row.failing_since.unwrap_or(self.written_at());
        let pending = Pending { event: delivery.event.clone(), after: after.clone() };
        self.wait(webhook.id, number, since, &pending).await?;
        if attempt.status == Some(GONE) {
            self.disable_webhook(webhook.id, WebhookDisabledReason::Gone).await?;
        } else if since + PATIENCE <= self.written_at() {
            self.disable_webhook(webhook.id, WebhookDisabledReason::Failing).await?;
        }
        Ok(false)
    }

    async fn log_attempt(
        &self,
        webhook: Uuid,
        delivery: &Delivery,
        attempt: &Attempt,
        number: i64,
    ) -> Result<(), Error> {
        let state = if attempt.failure.is_none() { DeliveryState::Succeeded } else { DeliveryState::Failed };
        let row = log::row::Model {
            id: new_id(),
            webhook_id: webhook,
            at: self.written_at(),
            event: delivery.event.stored_form()?,
            attempt: number,
            state: state.to_string(),
            status: attempt.status.map(i64::from),
            failure: attempt.failure.map(|failure| failure.to_string()),
            duration_ms: attempt.duration.as_millis().try_into().unwrap_or(i64::MAX),
            response: attempt.response.clone(),
        };
        let insert = log::row::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.tx()).await.map(drop).map_err(failed)
    }

    async fn move_on(&self, webhook: Uuid, cursor: &str) -> Result<(), Error> {
        use progress::row::Column;
        let update = progress::row::Entity::update_many()
            .col_expr(Column::Cursor, Expr::val(cursor))
            .col_expr(Column::Pending, Expr::val(None::<Value>))
            .col_expr(Column::Attempts, Expr::val(0))
            .col_expr(Column::NextAttemptAt, Expr::val(self.written_at()))
            .col_expr(Column::FailingSince, Expr::val(None::<DateTime<Utc>>))
            .filter(Column::WebhookId.eq(webhook));
        update.exec(self.tx()).await.map(drop).map_err(failed)
    }

    /// Has a webhook wait, and keeps the event, so that it has the same id when it is tried again.
    async fn wait(
        &self,
        webhook: Uuid,
        failures: i64,
        since: DateTime<Utc>,
        pending: &Pending,
    ) -> Result<(), Error> {
        use progress::row::Column;
        let mut random = [0];
        getrandom::fill(&mut random).map_err(Error::internal)?;
        let update = progress::row::Entity::update_many()
            .col_expr(Column::Attempts, Expr::val(failures))
            .col_expr(Column::NextAttemptAt, Expr::val(self.written_at() + pause(failures, random[0])))
            .col_expr(Column::FailingSince, Expr::val(since))
            .col_expr(Column::Pending, Expr::val(serde_json::to_value(pending).map_err(Error::internal)?))
            .filter(Column::WebhookId.eq(webhook));
        update.exec(self.tx()).await.map(drop).map_err(failed)
    }

    /// Whether the webhook still is what the worker has read.
    async fn is_unchanged(&self, webhook: &DueWebhook) -> Result<bool, Error> {
        let stored = self.get::<Webhook>(&Key::Id(webhook.id), None, false).await;
        Ok(stored.is_ok_and(|stored| stored.version == webhook.version))
    }

    /// Disables a webhook, and writes to the account that has created it.
    pub(super) async fn disable_webhook(
        &mut self,
        webhook: Uuid,
        reason: WebhookDisabledReason,
    ) -> Result<(), Error> {
        use progress::row::Column;
        let update = progress::row::Entity::update_many()
            .col_expr(Column::DisabledReason, Expr::val(reason.as_str()))
            .filter(Column::WebhookId.eq(webhook));
        update.exec(self.tx()).await.map_err(failed)?;
        let disabled = json!({ "enabled": false });
        let disabled = self.patch::<Webhook>(&Key::Id(webhook), None, &Precondition::Any, disabled).await?;
        let owner = progress::row::Entity::find_by_id(webhook)
            .select_only()
            .column(Column::OwnerId)
            .into_tuple::<Option<Uuid>>()
            .one(self.tx())
            .await
            .map_err(failed)?;
        let Some(owner) = owner.flatten() else { return Ok(()) };
        // A deleted account gets no e-mail.
        let Ok(owner) = self.get::<User>(&Key::Id(owner), None, false).await else { return Ok(()) };
        self.post(mail(&owner.data, &disabled.data, reason)).await
    }
}

fn mail(owner: &User, webhook: &Webhook, reason: WebhookDisabledReason) -> Mail {
    let name = &webhook.name;
    let why = match reason {
        WebhookDisabledReason::Failing => bilingual!(
            "No delivery has succeeded for three days.",
            "Seit drei Tagen ist keine Zustellung gelungen."
        ),
        WebhookDisabledReason::Gone => bilingual!(
            "The receiver answered that it is gone (410).",
            "Der Empfänger hat geantwortet, dass es ihn nicht mehr gibt (410)."
        ),
        WebhookDisabledReason::RoleLost => bilingual!(
            "Your account no longer has a role that may see what the webhook sees.",
            "Ihr Konto hat keine Rolle mehr, die sehen darf, was der Webhook sieht."
        ),
    };
    let subject = bilingual!("The webhook “{name}” was disabled", "Der Webhook „{name}“ wurde abgeschaltet");
    let text = bilingual!(
        "The webhook “{name}” was disabled. {why}\n\nNothing is lost: once it is enabled again (`enabled`), it \
         continues where it stopped. `GET /api/v1/webhooks/{{id}}/deliveries` shows the last attempts.\n",
        "Der Webhook „{name}“ wurde abgeschaltet. {why}\n\nEs ist nichts verloren: Wird er wieder eingeschaltet \
         (`enabled`), macht er dort weiter, wo er aufgehört hat. `GET /api/v1/webhooks/{{id}}/deliveries` zeigt die \
         letzten Versuche.\n",
        why
    );
    Mail::new(owner.email.clone(), Locale::De, &subject, &text)
}

/// The pause after this many failures, with up to a tenth more, so that webhooks that fail together are not tried
/// together.
fn pause(failures: i64, random: u8) -> TimeDelta {
    let index = usize::try_from(failures - 1).unwrap_or_default();
    let pause = PAUSES.get(index).or(PAUSES.last()).copied().unwrap_or(PATIENCE);
    pause + pause * i32::from(random) / 2_550
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_to_a_day_and_last_three_days_together() {
        let seconds = |failures| pause(failures, 0).num_seconds();
        assert_eq!((seconds(1), seconds(2), seconds(9), seconds(10)), (5, 300, 86_400, 86_400));
        assert!((1..=8).all(|failures| seconds(failures) < seconds(failures + 1)));
        let all: TimeDelta = (1..=9).map(|failures| pause(failures, 0)).sum();
        assert!(all > PATIENCE && all - PAUSES[8] < PATIENCE);
        assert_eq!(pause(1, 255), TimeDelta::milliseconds(5_500));
    }
}
