//! The store: the only access to the data. A reader is one snapshot; a write is one closure.
//!
//! The top layer: may import every other folder of the kernel. No other folder of the kernel imports it.

pub mod change_feed;
pub mod idempotency;
pub mod json_writer;
pub mod running_imports;
mod staged_imports;
pub mod stream;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::{DatabaseConnection, TransactionOptions};
use tokio::sync::{Notify, Semaphore, watch};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::clock::Clock;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::InputSource;

use self::change_feed::{LogPosition, unknown_position};
use self::idempotency::InFlightKeys;
use self::json_writer::JsonQueue;
use self::running_imports::RunningImports;
use super::bulk_import::query_plans::discard_plans;
use super::crypto::encryption::Secret;
use super::crypto::keyring::Keyring;
use super::crypto::signed_token::TokenKey;
use super::database::cache_generation::TablesRead;
use super::database::error::failed;
use super::database::retry::begin;
use super::database::sqlite::set_import_cache;
use super::database::{Database, EXPORTS};
use super::search;
use super::transaction::staging::Staging;
use super::write::outdated_json;
use crate::kernel::transaction::Collected;
use crate::kernel::transaction::Reader;
use crate::kernel::transaction::WriteContext;
use crate::kernel::transaction::Writer;
use crate::kernel::transaction::begin_write;
use crate::kernel::transaction::change_log::{self, NewChange};
use crate::kernel::transaction::connection::Connection;

/// The data of the exchange, on SQLite or PostgreSQL.
#[derive(Clone)]
pub struct Store {
    database: Database,
    cursors: TokenKey,
    refreshes: TokenKey,
    noting: Arc<Semaphore>,
    running: InFlightKeys,
    pub(super) exports: Arc<Semaphore>,
    imports: Arc<RunningImports>,
    mails: Arc<Notify>,
    json: Arc<JsonQueue>,
    webhooks: Arc<Notify>,
    positions: Arc<LogPosition>,
    credentials: Arc<watch::Sender<()>>,
    clock: Arc<dyn Clock>,
}

/// From this many changes on, a write updates the planner statistics.
const ANALYZE_FROM: usize = 1_000;

impl Store {
    /// Opens the store on a migrated database; the keys of cursors and refresh tokens are created on the
    /// first start and stored encrypted.
    ///
    /// Errors: the database is unavailable, or its keys were encrypted with a different secret.
    pub async fn open(
        database: Database,
        secret: Secret,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Keyring), Error> {
        let keyring = Keyring::new(database.clone(), secret, clock.clone());
        let cursors = TokenKey::from_bytes(keyring.symmetric("cursor").await?);
        let refreshes = TokenKey::from_bytes(keyring.symmetric("refresh").await?);
        let noting = Arc::new(Semaphore::new(1));
        let (running, exports) = (InFlightKeys::default(), Arc::new(Semaphore::new(EXPORTS as usize)));
        let (imports, mails, webhooks) = (Arc::default(), Arc::default(), Arc::default());
        let json = Arc::default();
        let (positions, credentials) = (Arc::new(unknown_position()), Arc::new(watch::Sender::new(())));
        let store = Self {
            database,
            cursors,
            refreshes,
            noting,
            running,
            exports,
            imports,
            mails,
            json,
            webhooks,
            positions,
            credentials,
            clock,
        };
        // Delete what is left of an import whose process has died; a database that does not take writes keeps
        // it until it does.
        if let Err(error) = store.sweep_staged().await {
            tracing::warn!(source = ?error.source, "the staged rows of an import could not be removed yet");
        }
        Ok((store, keyring))
    }

    /// The current instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The key that signs cursors and seals the tokens of the change feed.
    pub(crate) fn cursor_key(&self) -> &TokenKey {
        &self.cursors
    }

    /// The key that signs refresh tokens, password-reset tokens and links in e-mails.
    pub(crate) fn token_key(&self) -> &TokenKey {
        &self.refreshes
    }

    /// The semaphore for recording the use of API keys.
    pub(crate) fn background_writes(&self) -> Arc<Semaphore> {
        self.noting.clone()
    }

    /// The idempotency keys whose work is running.
    pub(super) fn running(&self) -> &InFlightKeys {
        &self.running
    }

    /// The imports that run in this instance.
    pub(crate) fn imports_running(&self) -> &Arc<RunningImports> {
        &self.imports
    }

    /// Wakes the mail worker; notified after each commit that queues an e-mail.
    pub fn mails(&self) -> &Notify {
        &self.mails
    }

    /// Wakes the worker that delivers to webhooks; notified after each commit that changes a resource.
    pub fn webhooks(&self) -> &Notify {
        &self.webhooks
    }

    /// Returns the cache generation: data that is read after this call may be cached as long as the generation
    /// and the day (UTC) are the same, or the day is and the tables that it was read from have not changed since.
    /// `None` if it is unknown whether other processes have written.
    pub async fn generation(&self) -> Option<u64> {
        self.database.generation().current().await
    }

    /// The database, for readiness checks and migrations.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Begins to read: everything that the reader returns belongs to one snapshot.
    ///
    /// Errors: 503 if the database is unavailable.
    pub async fn read<'a>(&'a self, actor: &'a Actor) -> Result<Reader<'a>, Error> {
        self.begin_read(self.database.reading(), actor).await
    }

    /// Begins to read with a single statement, which is a snapshot of its own. Reading fails at a second statement.
    pub fn read_by_statement<'a>(&'a self, actor: &'a Actor) -> Reader<'a> {
        Reader::new(Connection::of_statement(self.database.statements().clone()), actor, &self.cursors)
    }

    /// Runs some work, and records the tables that it reads: by all readers that it begins in this task.
    pub async fn recording_reads<R>(&self, work: impl Future<Output = R>) -> (R, Arc<TablesRead>) {
        self.database.generation().recording_reads(work).await
    }

    /// Begins to read on one of these connections.
    pub(super) async fn begin_read<'a>(
        &'a self,
        connections: &DatabaseConnection,
        actor: &'a Actor,
    ) -> Result<Reader<'a>, Error> {
        // The connections are configured so that a transaction is a snapshot; on SQLite a deferred
        // transaction is one anyway.
        let tx = begin(connections, TransactionOptions::default()).await.map_err(failed)?;
        Ok(Reader::new(Connection::new(tx), actor, &self.cursors))
    }

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
            result => {
                self.roll_back(writer).await;
                result
            }
        }
    }

    /// Boxed, like the other parts of a write, so that it is compiled once and not for each kind of work.
    fn begin_write<'a>(&'a self, writing: &'a WriteContext<'_>) -> BoxFuture<'a, Result<Writer<'a>, Error>> {
        async move {
            let write_slot = self.database.acquire_write_slot().await;
            let tx = begin_write(&self.database).await.map_err(failed)?;
            let reader = Reader::new(tx, writing.actor, &self.cursors);
            Ok(Writer::new(reader, &self.database, write_slot, self.now(), writing.clone()))
        }
        .boxed()
    }

    /// Commits a write, or rolls it back if the staged rows of an import cannot be published.
    fn commit<'a>(&'a self, mut writer: Writer<'a>) -> BoxFuture<'a, Result<(), Error>> {
        async move {
            if let Err(error) = writer.publish().await {
                self.roll_back(writer).await;
                return Err(error);
            }
            let Collected { tx, write_slot, changes, indexed, deferred, staging, has_mail } = writer.finish();
            // Everything that must be committed with the work is in the same transaction: the log here,
            // and before it the response of an idempotency key; without that, a crash in between would
            // let the work be done twice.
            let staged = staging.as_ref().map_or(0, Staging::staged);
            let many = changes.len() + staged >= ANALYZE_FROM;
            if many && staged == 0 {
                discard_plans(&tx).await?;
            }
            let first = staging.as_ref().and_then(|staging| staging.first.clone());
            let first = first.or_else(|| changes.first().map(NewChange::mark));
            let changed: Vec<_> =
                changes.iter().map(|change| (change.resource, change.resource_id)).collect();
            let published = staging.as_ref().map(|staging| staging.resource);
            let marking = outdated_json::marking(&tx, &changes, published).await?;
            let outdates = !marking.is_empty();
            let has_changes = staging.is_some() || !changes.is_empty();
            let mut last = search::begin(&tx, indexed).await?;
            last.extend(marking);
            last.extend(deferred);
            last.extend(change_log::appending(&tx, changes).await?);
            tx.execute_all(last).await.map_err(failed)?;
            if staging.is_some() {
                set_import_cache(&tx, false).await.map_err(failed)?;
            }
            // The generation changes after the commit and before the response, even if the client is
            // gone, so that no later request gets cached data from before.
            let written = tx.tables().written();
            let generation_guard = self.database.generation().bump_on_drop(written);
            tx.commit().await.map_err(failed)?;
            generation_guard.committed();
            self.database.notify(written, first);
            self.database.truncate_wal();
            for (resource, id) in changed {
                self.json.add(resource, [id]);
            }
            if outdates {
                self.json.add_outdated();
            }
            if let Some(resource) = published {
                self.json.add_missing(resource);
            }
            if has_mail {
                self.mails.notify_one();
            }
            if has_changes {
                self.webhooks.notify_one();
            }
            if many {
                self.database.analyze().await;
            }
            drop(write_slot);
            Ok(())
        }
        .boxed()
    }

    fn roll_back<'a>(&'a self, writer: Writer<'a>) -> BoxFuture<'a, ()> {
        async move {
            let Collected { tx, write_slot, staging, .. } = writer.finish();
            if staging.is_some() {
                // A larger cache than needed does no harm.
                let _ = set_import_cache(&tx, false).await;
            }
            // The result of the rollback does not matter: without a commit there is nothing to undo, and a
            // connection whose rollback failed is closed instead of reused.
            let _ = tx.rollback().await;
            drop(write_slot);
            if let Some(staging) = staging {
                self.abandon(staging).await;
            }
        }
        .boxed()
    }
}
