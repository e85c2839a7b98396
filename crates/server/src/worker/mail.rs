//! The worker that sends e-mails: as soon as one is added to the outbox, at its start, and at intervals for those
//! that have to be retried or were added by an instance that has ended.

use std::time::Duration;

use tokio::sync::watch;
use vku_domain::kernel::error::Error;
use vku_persistence::kernel::store::Store;
use vku_persistence::mail::delivery::{Claimed, Outcome, Sending};

use super::smtp::{Refusal, Smtp};

/// The interval at which it checks the outbox without a notification.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// The interval at which it deletes old data.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(3_600);
/// How often it tries to store the outcome of an e-mail, and the time between two attempts.
const MAX_ATTEMPTS: u32 = 60;
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Sends e-mails until `ended` is set; the e-mail that is being sent then is finished first. Without a mail server,
/// the e-mails stay in the outbox.
pub async fn run(store: Store, smtp: Option<Smtp>, mut ended: watch::Receiver<bool>) {
    let mut is_unavailable = false;
    let mut sweeps = tokio::time::interval(CLEANUP_INTERVAL);
    while !*ended.borrow() {
        let result = match &smtp {
            Some(smtp) => send(&store, smtp, &ended).await,
            None => Ok(()),
        };
        if let (Err(error), false) = (&result, is_unavailable) {
            // An outage of the database is logged once.
            tracing::warn!(%error, "e-mails cannot be sent at the moment");
        }
        is_unavailable = result.is_err();
        tokio::select! {
            () = store.mails().notified() => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            changed = ended.changed() => if changed.is_err() { return },
            _ = sweeps.tick() => {
                if let Err(error) = sweep(&store).await {
                    tracing::warn!(%error, "old data cannot be deleted at the moment");
                }
            }
        }
    }
}

/// Deletes old e-mails, and registrations that nobody has confirmed.
async fn sweep(store: &Store) -> Result<(), Error> {
    store.sweep_mails().await?;
    store.sweep_interests().await.map(drop)
}

/// Sends all e-mails that are due.
async fn send(store: &Store, smtp: &Smtp, ended: &watch::Receiver<bool>) -> Result<(), Error> {
    let Some(sending) = store.begin_sending().await? else { return Ok(()) };
    loop {
        let mails = store.claim_mails(&sending).await?;
        if mails.is_empty() {
            return Ok(());
        }
        for mail in &mails {
            if *ended.borrow() {
                // Claimed e-mails that have not been sent are released when this worker ends.
                return Ok(());
            }
            match smtp.send(mail).await {
                Ok(()) => {
                    tracing::debug!(mail = %mail.id, "sent");
                    store_outcome(store, &sending, mail, Outcome::Sent).await?;
                }
                Err(Refusal::Later(why)) => {
                    tracing::warn!(mail = %mail.id, %why, "an e-mail could not be sent and will be retried");
                    store_outcome(store, &sending, mail, Outcome::Later(&why)).await?;
                }
                Err(Refusal::Never(why)) => {
                    tracing::warn!(mail = %mail.id, %why, "an e-mail cannot be sent");
                    store_outcome(store, &sending, mail, Outcome::Never(&why)).await?;
                }
            }
        }
    }
}

/// Stores the outcome of an e-mail, and retries while the database is unavailable: an e-mail whose outcome is not
/// stored is sent again.
async fn store_outcome(
    store: &Store,
    sending: &Sending,
    mail: &Claimed,
    outcome: Outcome<'_>,
) -> Result<(), Error> {
    for _ in 0..MAX_ATTEMPTS {
        if store.record_mail_result(sending, mail, outcome).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
    store.record_mail_result(sending, mail, outcome).await
}
