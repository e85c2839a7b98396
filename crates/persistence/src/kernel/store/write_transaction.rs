//! A write: one transaction, with everything that has to be committed with it.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::ConnectionTrait;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::InputSource;

use super::Store;
use super::after_commit::AfterCommit;
use super::group_commit::Begun;
use crate::kernel::bulk_import::query_plans::discard_plans;
use crate::kernel::database::error::failed;
use crate::kernel::search;
use crate::kernel::transaction::change_log::{self, NewChange};
use crate::kernel::transaction::json_row;
use crate::kernel::transaction::staging::Staging;
use crate::kernel::transaction::{Collected, Reader, WriteContext, Writer};
use crate::kernel::write::outdated_json;

/// From this many changes on, a write updates the planner statistics.
const ANALYZE_FROM: usize = 1_000;

impl Store {
    /// Executes `work`, and commits if it returns `Ok`; rolls back otherwise, and in a dry run.
    ///
    /// The change-log rows are appended in the same transaction, as its last statement.
    pub async fn write<R>(
        &self,
        writing: &WriteContext<'_>,
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let result = self.write_now(writing, work).await;
        match &result {
            Err(error) => self.database.writes().failed(error),
            Ok(_) if writing.dry_run => {}
            Ok(_) => self.database.writes().succeeded(),
        }
        result
    }

    /// Runs a write that belongs to no resource, as the operator and without a request id.
    pub(crate) async fn in_own_transaction<R>(
        &self,
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let operator = Actor::operator(self.now());
        let writing =
            WriteContext { actor: &operator, request_id: "", dry_run: false, origin: InputSource::Request };
        self.write(&writing, work).await
    }

    async fn write_now<R>(
        &self,
        writing: &WriteContext<'_>,
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut writer = self.begin_write(writing).await?;
        match work(&mut writer).await {
            Ok(result) if !writing.dry_run => self.commit(writer).await.map(|()| result),
            result => self.roll_back(writer).await.and(result),
        }
    }

    /// Boxed, like the other parts of a write, so that it is compiled once and not for each kind of work.
    fn begin_write<'a>(&'a self, writing: &'a WriteContext<'_>) -> BoxFuture<'a, Result<Writer<'a>, Error>> {
        async move {
            let Begun { tx, slot } = self.begin_or_join(writing).await?;
            let reader = Reader::new(tx, writing.actor, &self.cursors);
            Ok(Writer::new(reader, &self.database, slot, self.now(), writing.clone()))
        }
        .boxed()
    }

    /// Commits a write, or rolls it back if the staged rows of an import cannot be published.
    fn commit<'a>(&'a self, mut writer: Writer<'a>) -> BoxFuture<'a, Result<(), Error>> {
        async move {
            if let Err(error) = writer.publish().await {
                return self.roll_back(writer).await.and(Err(error));
            }
            let may_share = self.may_share(writer.writing());
            // The slot is released after the transaction.
            let Collected { write_slot, tx, changes, indexed, deferred, json, staging, has_mail } =
                writer.finish();
            // Everything that must be committed with the work is in the same transaction: the log here,
            // and before it the response of an idempotency key; without that, a crash in between would
            // let the work be done twice.
            let staged = staging.as_ref().map_or(0, Staging::staged);
            let is_large = changes.len() + staged >= ANALYZE_FROM;
            if is_large && staged == 0 {
                discard_plans(&tx).await?;
            }
            let first = staging.as_ref().and_then(|staging| staging.first.clone());
            let first = first.or_else(|| changes.first().map(NewChange::mark));
            let has_json =
                |change: &NewChange| json.iter().any(|json| json.is_of(change.resource_id, change.version));
            let changed: Vec<_> = changes
                .iter()
                .filter(|change| !has_json(change))
                .map(|change| (change.resource, change.resource_id))
                .collect();
            let has_changes = staging.is_some() || !changes.is_empty();
            let published = staging.as_ref().map(|staging| staging.resource);
            let marking = outdated_json::marking(&tx, &changes, published).await?;
            let outdates = !marking.is_empty();
            let mut last = search::begin(&tx, indexed).await?;
            if !json.is_empty() {
                last.push(tx.get_database_backend().build(&json_row::insert(json)?));
            }
            // Other changes of the transaction may mark what it has stored.
            last.extend(marking);
            last.extend(deferred);
            last.extend(change_log::appending(&tx, changes).await?);
            let in_group = self.last_in_group(&tx, may_share);
            let is_in_group = in_group.is_some();
            last.extend(in_group);
            tx.execute_all(last).await.map_err(failed)?;
            let written = tx.tables().written();
            let after =
                AfterCommit { written, first, changed, published, has_changes, outdates, has_mail, is_large };
            match is_in_group {
                true if tx.is_shared() => self.leave_group(write_slot, tx, after).await,
                true => self.open_group(write_slot, tx, after).await,
                false => {
                    let committed = self.commit_and_notify(tx, after).await;
                    drop(write_slot);
                    committed
                }
            }
        }
        .boxed()
    }

    /// Rolls a write back.
    ///
    /// Errors: others, whose transaction it shared, could not commit.
    fn roll_back<'a>(&'a self, writer: Writer<'a>) -> BoxFuture<'a, Result<(), Error>> {
        async move {
            let Collected { write_slot, tx, staging, .. } = writer.finish();
            if tx.is_shared() {
                return self.give_up_in_group(write_slot, tx).await;
            }
            // The result of the rollback does not matter: without a commit there is nothing to undo, and a
            // connection whose rollback failed is closed instead of reused.
            let _ = tx.rollback().await;
            drop(write_slot);
            if let Some(staging) = staging {
                self.abandon(staging).await;
            }
            Ok(())
        }
        .boxed()
    }
}
