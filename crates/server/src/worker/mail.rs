//! The worker that sends mails: at once when one is posted, when it starts, and now and then for what has to be tried
//! again or was posted by an instance that is no more.

use std::time::Duration;

use tokio::sync::watch;
use vku_domain::kernel::error::Error;
use vku_persistence::kernel::store::Store;
use vku_persistence::mail::delivery::{Claimed, Outcome, Sending};

use super::smtp::{Refusal, Smtp};

/// How often it looks without being told.
const LOOK: Duration = Duration::from_secs(5);
/// How often it forgets what is old.
const SWEEP: Duration = Duration::from_secs(3_600);
/// How often it tries to note what became of a mail, and how long it waits in between.
const NOTED: u32 = 60;
const AGAIN: Duration = Duration::from_secs(1);

/// Sends until `ended` says so; the mail that is under way then is finished first. Without a mail server the mails wait.
pub async fn run(store: Store, smtp: Option<Smtp>, mut ended: watch::Receiver<bool>) {
    let mut away = false;
    let mut sweeps = tokio::time::interval(SWEEP);
    while !*ended.borrow() {
        let result = match &smtp {
            Some(smtp) => send(&store, smtp, &ended).await,
            None => Ok(()),
        };
        if let (Err(error), false) = (&result, away) {
            // An outage of the database is told once.
            tracing::warn!(%error, "e-mails cannot be sent at the moment");
        }
        away = result.is_err();
        tokio::select! {
            () = store.mails().notified() => {}
            () = tokio::time::sleep(LOOK) => {}
            changed = ended.changed() => if changed.is_err() { return },
            _ = sweeps.tick() => {
                if let Err(error) = sweep(&store).await {
                    tracing::warn!(%error, "old data cannot be deleted at the moment");
                }
            }
        }
    }
}

/// Forgets old mails, and what they asked to confirm and nobody has.
async fn sweep(store: &Store) -> Result<(), Error> {
    store.sweep_mails().await?;
    store.sweep_interests().await.map(drop)
}

/// Sends all there is to be sent now.
async fn send(store: &Store, smtp: &Smtp, ended: &watch::Receiver<bool>) -> Result<(), Error> {
    let Some(sending) = store.begin_sending().await? else { return Ok(()) };
    loop {
        let mails = store.claim_mails(&sending).await?;
        if mails.is_empty() {
            return Ok(());
        }
        for mail in &mails {
            if *ended.borrow() {
                // What is claimed and not sent is free when this worker is no more.
                return Ok(());
            }
            match smtp.send(mail).await {
                Ok(()) => {
                    tracing::debug!(mail = %mail.id, "sent");
                    note(store, &sending, mail, Outcome::Sent).await?;
                }
                Err(Refusal::Later(why)) => {
                    tracing::warn!(mail = %mail.id, %why, "an e-mail is retried later");
                    note(store, &sending, mail, Outcome::Later(&why)).await?;
                }
                Err(Refusal::Never(why)) => {
                    tracing::warn!(mail = %mail.id, %why, "an e-mail cannot be sent");
                    note(store, &sending, mail, Outcome::Never(&why)).await?;
                }
            }
        }
    }
}

/// Notes what became of a mail, if need be when the database is back: what is sent and not noted is sent again.
async fn note(store: &Store, sending: &Sending, mail: &Claimed, outcome: Outcome<'_>) -> Result<(), Error> {
    for _ in 0..NOTED {
        if store.note_mail(sending, mail, outcome).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(AGAIN).await;
    }
    store.note_mail(sending, mail, outcome).await
}
