//! Several instances deliver to the same webhooks, one of them at a time.

use std::time::Duration;

use serde_json::json;

use super::site::{Site, Worker, resources};
use crate::harness::on_both;

on_both! {
    async fn two_instances_deliver_each_change_once_and_in_order(app: TestApp) {
        let site = Site::start(&app);
        let targets = || site.hosts.policy(true);
        let _same = Worker::start(&site.app.store, targets(), Duration::from_secs(15));
        let _other = Worker::start(&app.store, targets(), Duration::from_secs(15));
        let webhook = site.webhook(json!({"resources": ["utility"]})).await;
        let mut ids = Vec::new();
        for round in 0..6 {
            let names: Vec<_> = (0..5).map(|number| format!("{round} {number}")).collect();
            ids.extend(site.utilities(&names.iter().map(String::as_str).collect::<Vec<_>>()).await);
            app.store.webhooks().notify_one();
            site.receiver.requests(ids.len() - 4).await;
        }
        let received = site.receiver.requests(ids.len()).await;
        assert_eq!(resources(&received), ids);
        let log = site.deliveries(&webhook, ids.len()).await;
        assert_eq!(log.len(), ids.len());
        assert!(log.iter().all(|delivery| delivery["state"] == "succeeded"));
    }

    /// A worker that ends in the middle leaves the rest to the next one.
    async fn a_worker_that_ends_leaves_the_rest_to_the_next_one(app: TestApp) {
        let mut site = Site::start(&app);
        site.webhook(json!({"resources": ["utility"]})).await;
        let names: Vec<_> = (0..20).map(|number| format!("number {number}")).collect();
        let ids = site.utilities(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        site.receiver.requests(1).await;
        site.stop();
        let _next = Worker::start(&site.app.store, site.hosts.policy(true), Duration::from_secs(15));
        assert_eq!(resources(&site.receiver.requests(ids.len()).await), ids);
    }
}
