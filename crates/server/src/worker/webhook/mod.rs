//! The worker that delivers changes to webhooks: after each commit, when a failed delivery is due again, and at intervals
//! for those that an instance that has ended has left.
//!
//! Each webhook gets its events one after the other. Webhooks do not wait for each other; there are so few that each
//! that has something to deliver gets it at once.

mod client;
mod deliveries;

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep, sleep_until};
use vku_persistence::kernel::store::Store;

pub use self::client::Client;
use self::deliveries::Deliveries;

/// The interval at which it looks for something to deliver without a notification.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// The minimum time between two looks, so that many commits in a row cost little.
const PAUSE: Duration = Duration::from_millis(50);
/// The interval at which it deletes old data.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(3_600);

/// Delivers until `ended` is set; what is being sent then is finished first. Runs in a `LocalSet`, such as that of actix.
pub async fn run(store: Store, client: Client, mut ended: watch::Receiver<bool>) {
    let mut deliveries = Deliveries::new(store.clone(), client, ended.clone());
    let mut sweeps = interval(CLEANUP_INTERVAL);
    let mut is_unavailable = false;
    while !*ended.borrow() {
        let next = deliveries.begin_due().await;
        if let (Err(error), false) = (&next, is_unavailable) {
            // An outage of the database is logged once.
            tracing::warn!(%error, source = ?error.source, "webhooks cannot be delivered at the moment");
        }
        is_unavailable = next.is_err();
        let (not_before, next) =
            (Instant::now() + PAUSE, next.ok().flatten().unwrap_or(POLL_INTERVAL).min(POLL_INTERVAL));
        tokio::select! {
            () = store.webhooks().notified() => {}
            () = sleep(next) => {}
            true = deliveries.ended() => {}
            changed = ended.changed() => if changed.is_err() { break },
            _ = sweeps.tick() => {
                if let Err(error) = store.sweep_webhook_deliveries().await {
                    tracing::warn!(%error, "old deliveries of webhooks cannot be deleted at the moment");
                }
            }
        }
        tokio::select! {
            () = sleep_until(not_before) => {}
            changed = ended.changed() => if changed.is_err() { break },
        }
    }
    while deliveries.ended().await {}
}
