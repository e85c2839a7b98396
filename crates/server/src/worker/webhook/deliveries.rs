//! The webhooks to which the worker is delivering.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_persistence::kernel::store::Store;
use vku_persistence::webhook::attempt::Attempt;
use vku_persistence::webhook::due::{Delivery, DueWebhook, WebhookWorker};

use super::client::{Client, Message};

/// How often it tries to store the result of an attempt, and the time between two tries.
const MAX_TRIES: u32 = 60;
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// How long a webhook is left alone that another worker has.
const TAKEN: Duration = Duration::from_millis(500);
/// How long a webhook is left alone that could not be read, or whose attempts could not be stored.
const FAILED: Duration = Duration::from_secs(5);

/// What is being delivered.
pub(super) struct Deliveries {
    store: Store,
    client: Rc<Client>,
    ended: watch::Receiver<bool>,
    /// Shows that the claims are valid; only while something is being delivered.
    worker: Option<Rc<WebhookWorker>>,
    running: JoinSet<(Uuid, Result<bool, Error>)>,
    busy: HashSet<Uuid>,
    /// Those that another worker has, or that could not be read, and until when they are left alone.
    blocked: HashMap<Uuid, Instant>,
    /// For each webhook, its cursor, and the token up to which nothing follows that it gets.
    seen: HashMap<Uuid, (String, String)>,
}

impl Deliveries {
    pub(super) fn new(store: Store, client: Client, ended: watch::Receiver<bool>) -> Self {
        Self {
            store,
            client: Rc::new(client),
            ended,
            worker: None,
            running: JoinSet::new(),
            busy: HashSet::new(),
            blocked: HashMap::new(),
            seen: HashMap::new(),
        }
    }

    /// Begins to deliver to all webhooks for which something is due. Returns the time after which there may be more.
    ///
    /// Errors: the database is unavailable.
    pub(super) async fn begin_due(&mut self) -> Result<Option<Duration>, Error> {
        let now = Instant::now();
        self.blocked.retain(|_, until| *until > now);
        for webhook in self.store.due_webhooks().await? {
            if self.busy.contains(&webhook.id) || self.blocked.contains_key(&webhook.id) {
                continue;
            }
            if let Err(error) = self.begin(&webhook).await {
                // The others do not wait for it.
                tracing::warn!(webhook = %webhook.id, %error, source = ?error.source, "a webhook cannot be delivered to");
                self.block(webhook.id, FAILED);
            }
        }
        let next = self.store.next_webhook_attempt().await?;
        let next = next.map(|at| (at - self.store.now()).to_std().unwrap_or_default());
        Ok(next.into_iter().chain((!self.blocked.is_empty()).then_some(TAKEN)).min())
    }

    async fn begin(&mut self, webhook: &DueWebhook) -> Result<(), Error> {
        let seen = self.seen.get(&webhook.id).filter(|(cursor, _)| *cursor == webhook.cursor);
        let from = seen.map(|(_, token)| token.clone());
        let due = self.store.webhook_deliveries_due(webhook, from.as_deref()).await?;
        if due.items.is_empty() {
            if due.has_more {
                // A long way without anything to deliver is not gone again.
                self.store.skip_webhook_to(webhook, &due.end).await?;
                self.store.webhooks().notify_one();
            } else {
                self.seen.insert(webhook.id, (webhook.cursor.clone(), due.end));
            }
            return Ok(());
        }
        let worker = match &self.worker {
            Some(worker) => worker.clone(),
            None => self.worker.insert(Rc::new(self.store.begin_webhook_deliveries().await?)).clone(),
        };
        let sender = Sender {
            store: self.store.clone(),
            client: self.client.clone(),
            ended: self.ended.clone(),
            worker,
            id: webhook.id,
            seen: from.map(|token| (webhook.cursor.clone(), token)),
        };
        self.busy.insert(webhook.id);
        self.running.spawn_local(sender.run());
        Ok(())
    }

    /// Waits for the end of the deliveries to a webhook. `false` if there are none.
    pub(super) async fn ended(&mut self) -> bool {
        let Some(joined) = self.running.join_next().await else { return false };
        match joined {
            Ok((id, result)) => {
                self.busy.remove(&id);
                match result {
                    Ok(true) => {}
                    Ok(false) => self.block(id, TAKEN),
                    Err(error) => {
                        tracing::warn!(webhook = %id, %error, source = ?error.source, "a webhook cannot be delivered to");
                        self.block(id, FAILED);
                    }
                }
            }
            // After a panic, the claim ends with the worker.
            Err(error) => tracing::error!(%error, "delivering to a webhook was aborted"),
        }
        if self.running.is_empty() {
            self.worker = None;
            self.busy.clear();
        }
        true
    }

    fn block(&mut self, webhook: Uuid, pause: Duration) {
        self.blocked.insert(webhook, Instant::now() + pause);
    }
}

/// Delivers what is due to one webhook.
struct Sender {
    store: Store,
    client: Rc<Client>,
    ended: watch::Receiver<bool>,
    worker: Rc<WebhookWorker>,
    id: Uuid,
    seen: Option<(String, String)>,
}

impl Sender {
    /// Returns whether this worker had the webhook.
    async fn run(self) -> (Uuid, Result<bool, Error>) {
        let result = match self.store.claim_webhook(&self.worker, self.id).await {
            Ok(Some(webhook)) => {
                let result = self.deliver(&webhook).await;
                let released =
                    self.patiently(async || self.store.release_webhook(&self.worker, self.id).await);
                result.and(released.await.map(|()| true))
            }
            Ok(None) => Ok(false),
            Err(error) => Err(error),
        };
        (self.id, result)
    }

    async fn deliver(&self, webhook: &DueWebhook) -> Result<(), Error> {
        let seen = self.seen.as_ref().filter(|(cursor, _)| *cursor == webhook.cursor);
        let due = self.store.webhook_deliveries_due(webhook, seen.map(|(_, token)| token.as_str())).await?;
        for delivery in due.items {
            if *self.ended.borrow() {
                break;
            }
            let attempt = self.attempt(webhook, &delivery).await?;
            let record =
                async || self.store.record_webhook_attempt(&self.worker, webhook, &delivery, &attempt).await;
            if !self.patiently(record).await? {
                break;
            }
        }
        Ok(())
    }

    async fn attempt(&self, webhook: &DueWebhook, delivery: &Delivery) -> Result<Attempt, Error> {
        let body = self.store.webhook_body(&webhook.data, &delivery.event).await?;
        let (id, timestamp) = (delivery.event.id.as_str(), self.store.now().timestamp());
        let signatures = webhook.secrets.iter().map(|secret| secret.sign(id, timestamp, &body));
        let signature = signatures.collect::<Result<Vec<_>, _>>()?.join(" ");
        let message = Message { id, timestamp, signature: &signature, body };
        Ok(self.client.send(&webhook.data.url, message).await)
    }

    /// Stores something, and retries while the database is unavailable: an event whose delivery is not recorded is
    /// delivered again.
    async fn patiently<R>(&self, store: impl AsyncFn() -> Result<R, Error>) -> Result<R, Error> {
        for _ in 0..MAX_TRIES {
            if let Ok(result) = store().await {
                return Ok(result);
            }
            sleep(RETRY_PAUSE).await;
        }
        store().await
    }
}
