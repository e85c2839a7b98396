//! Committing a write, and what follows: others are told what has changed.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;
use vku_domain::kernel::error::Error;

use super::Store;
use crate::kernel::database::error::failed;
use crate::kernel::database::table_set::TableSet;
use crate::kernel::transaction::connection::Connection;

/// What follows the commit of a write, or of several writes together.
#[derive(Default)]
pub(super) struct AfterCommit {
    /// The tables that were written.
    pub(super) written: TableSet,
    /// The mark of the first change in the log.
    pub(super) first: Option<String>,
    /// The resources that were changed.
    pub(super) changed: Vec<(&'static str, Uuid)>,
    /// The resource whose staged rows were published.
    pub(super) published: Option<&'static str>,
    /// Whether resources were changed, so that webhooks may be due.
    pub(super) has_changes: bool,
    /// Whether stored JSON was marked as outdated.
    pub(super) outdates: bool,
    /// Whether an e-mail was queued.
    pub(super) has_mail: bool,
    /// Whether so much was changed that the planner statistics are to be updated.
    pub(super) is_large: bool,
}

impl AfterCommit {
    /// What follows a write of which nobody knows what it has written, if anything.
    pub(super) fn unknown() -> Self {
        Self { written: TableSet::ALL, has_changes: true, outdates: true, has_mail: true, ..Self::default() }
    }

    /// Adds what follows another write of the same transaction.
    pub(super) fn add(&mut self, other: Self) {
        self.written |= other.written;
        self.first = self.first.take().or(other.first);
        self.changed.extend(other.changed);
        self.published = self.published.or(other.published);
        self.has_changes |= other.has_changes;
        self.outdates |= other.outdates;
        self.has_mail |= other.has_mail;
        self.is_large |= other.is_large;
    }
}

impl Store {
    /// Commits, and tells others what has changed.
    ///
    /// Errors: the database does not take the commit.
    pub(super) fn commit_and_notify(
        &self,
        tx: Connection,
        after: AfterCommit,
    ) -> BoxFuture<'_, Result<(), Error>> {
        async move {
            // The generation changes after the commit and before the response, even if the client is
            // gone, so that no later request gets cached data from before.
            let generation_guard = self.database.generation().bump_on_drop(after.written);
            tx.commit().await.map_err(failed)?;
            generation_guard.committed();
            self.database.notify(after.written, after.first);
            self.database.truncate_wal();
            for (resource, id) in after.changed {
                self.json.add(resource, [id]);
            }
            if after.outdates {
                self.json.add_outdated();
            }
            if let Some(resource) = after.published {
                self.json.add_missing(resource);
            }
            if after.has_mail {
                self.mails.notify_one();
            }
            if after.has_changes {
                self.webhooks.notify_one();
            }
            if after.is_large {
                self.database.analyze().await;
            }
            Ok(())
        }
        .boxed()
    }
}
