//! A server that may send webhooks to its own machine, a worker that delivers them, and a receiver.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::sync::watch;
use vku_http::kernel::config::HttpConfig;
use vku_http::kernel::outbound::TargetPolicy;
use vku_persistence::kernel::store::Store;
use vku_server::worker::webhook::{Client, run};

use super::path;
use crate::api::fixtures::{UTILITIES, WEBHOOKS, abroad, create, merged};
use crate::api::interests::office_later;
use crate::harness::hosts::Hosts;
use crate::harness::receiver::{Received, Receiver};
use crate::harness::{Caller, TestApp};

/// How long a test waits for a state.
const DEADLINE: Duration = Duration::from_secs(60);

/// A worker on a thread of its own, as in the server.
pub(super) struct Worker {
    end: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(super) fn start(store: &Store, targets: TargetPolicy, timeout: Duration) -> Self {
        let (end, ended) = watch::channel(false);
        let store = store.clone();
        let thread = std::thread::spawn(move || {
            let client = Client::new(targets).with_timeout(timeout);
            actix_web::rt::System::new().block_on(run(store, client, ended));
        });
        Self { end, thread: Some(thread) }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end.send_replace(true);
        let ended = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

/// Dropped in this order: the worker before its database.
pub(super) struct Site {
    worker: Option<Worker>,
    pub(super) receiver: Receiver,
    pub(super) hosts: Arc<Hosts>,
    pub(super) app: TestApp,
    office: Mutex<Caller>,
}

impl Site {
    /// Starts an instance on the database of the app.
    pub(super) fn start(app: &TestApp) -> Self {
        Self::with_timeout(app, Duration::from_secs(15))
    }

    pub(super) fn with_timeout(app: &TestApp, timeout: Duration) -> Self {
        let hosts = Arc::<Hosts>::default();
        let config = HttpConfig { webhook_targets: hosts.policy(true), ..HttpConfig::default() };
        let app = app.another_instance(config);
        let worker = Worker::start(&app.store, hosts.policy(true), timeout);
        let office = Mutex::new(app.coordinator());
        Self { worker: Some(worker), receiver: Receiver::start(), hosts, app, office }
    }

    /// Ends the worker.
    pub(super) fn stop(&mut self) {
        self.worker = None;
    }

    pub(super) fn office(&self) -> Caller {
        self.office.lock().unwrap().clone()
    }

    /// Creates a webhook of the office that is sent to the receiver.
    pub(super) async fn webhook(&self, more: Value) -> Value {
        let body = merged(&json!({"name": "Zxq", "url": self.receiver.url()}), &more);
        create(&self.office(), WEBHOOKS, &body).await.json()
    }

    /// Its secret.
    pub(super) async fn secret(&self, webhook: &Value) -> String {
        let reveal = format!("{}/reveal-secret", path(webhook));
        let shown = self.office().post(&reveal, &Value::Null).await.ok().json();
        shown["secret"].as_str().unwrap().to_owned()
    }

    /// Creates utilities, and returns their ids.
    pub(super) async fn utilities(&self, names: &[&str]) -> Vec<Value> {
        let mut ids = Vec::new();
        for name in names {
            let made = create(&self.office(), UTILITIES, &abroad(&format!("Zxq {name}"))).await;
            ids.push(made.json()["id"].clone());
        }
        ids
    }

    /// Moves the clock, signs the office in again, and has the worker look.
    pub(super) async fn advance(&self, by: TimeDelta) {
        self.app.clock.advance(by);
        let office = office_later(&self.app).await;
        *self.office.lock().unwrap() = office;
        self.app.store.webhooks().notify_one();
    }

    /// Waits until the webhook is in a state.
    pub(super) async fn until(&self, webhook: &Value, reached: impl Fn(&Value) -> bool) -> Value {
        self.until_for(&self.office(), webhook, reached).await
    }

    /// The same, as another caller reads it.
    pub(super) async fn until_for(
        &self,
        caller: &Caller,
        webhook: &Value,
        reached: impl Fn(&Value) -> bool,
    ) -> Value {
        let begun = Instant::now();
        loop {
            let now = caller.get(&path(webhook)).await.ok().json();
            if reached(&now) {
                return now;
            }
            assert!(begun.elapsed() < DEADLINE, "never: {now:#}");
            tokio::task::yield_now().await;
        }
    }

    /// Waits until the log has this many deliveries, and returns them, oldest first.
    pub(super) async fn deliveries(&self, webhook: &Value, count: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let mut all = self.office().all(&format!("{}/deliveries", path(webhook))).await;
            if all.len() >= count {
                all.reverse();
                return all;
            }
            assert!(begun.elapsed() < DEADLINE, "{count} deliveries are expected: {all:#?}");
            tokio::task::yield_now().await;
        }
    }
}

/// The ids of the resources of some requests.
pub(super) fn resources(requests: &[Received]) -> Vec<Value> {
    requests.iter().map(|request| request.json()["data"]["resource_id"].clone()).collect()
}
