//! The store: the only access to the data. A reader is one snapshot; a write is one closure.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use uuid::Uuid;
use vku_domain::kernel::actor::Actor;
use vku_domain::kernel::clock::Clock;
use vku_domain::kernel::draft::InputSource;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::Resource;

use super::bulk_import::{self, ImportState};
use super::database::{Database, EXPORTS, begin};
use super::encryption::Secret;
use super::error::failed;
use super::idempotency::InFlightKeys;
use super::keyring::Keyring;
use super::search::{self, Reindexed};
use super::signed_token::TokenKey;
use super::staging::Staging;
use crate::change_log::{self, NewChange};
use crate::import::RunningImports;

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
    clock: Arc<dyn Clock>,
}

/// The actor and the request of a write, and whether it is a dry run.
#[derive(Clone, Debug)]
pub struct WriteContext<'a> {
    /// The actor who writes.
    pub actor: &'a Actor,
    /// The request id in the change log.
    pub request_id: &'a str,
    /// Whether everything is executed and checked, and then rolled back.
    pub dry_run: bool,
    /// Whether the data comes from a request or from an import.
    pub origin: InputSource,
}

/// The options of a transaction that writes.
pub(super) fn write_options() -> TransactionOptions {
    TransactionOptions {
        isolation_level: None,
        access_mode: None,
        // A deferred transaction would fail at its first write if another has written since its first read.
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
    }
}

/// From this many changes on, a write updates the planner statistics.
const MANY: usize = 1_000;

impl Store {
    /// Opens the store on a migrated database; the keys of cursors and refresh tokens are created on the
    /// first start and stored encrypted.
    ///
    /// Errors: the database is unavailable, or its keys were encrypted with another secret.
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
        let (imports, mails) = (Arc::default(), Arc::default());
        let store = Self { database, cursors, refreshes, noting, running, exports, imports, mails, clock };
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

    /// The key that signs refresh tokens, password-reset tokens and links in mails.
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

    /// Wakes the mail worker; notified after each commit that queues a mail.
    pub fn mails(&self) -> &Notify {
        &self.mails
    }

    /// Returns the cache generation: data that is read after this call may be cached as long as the
    /// generation and the day (UTC) are the same. `None` if it is unknown whether other processes have
    /// written.
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
        self.read_on(self.database.reading(), actor).await
    }

    /// Begins to read on one of these connections.
    pub(super) async fn read_on<'a>(
        &'a self,
        connections: &DatabaseConnection,
        actor: &'a Actor,
    ) -> Result<Reader<'a>, Error> {
        // The connections are configured so that a transaction is a snapshot; on SQLite a deferred
        // transaction is one anyway.
        let tx = begin(connections, TransactionOptions::default()).await.map_err(failed)?;
        Ok(Reader { tx, actor, cursors: &self.cursors })
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

    async fn write_now<R>(
        &self,
        writing: &WriteContext<'_>,
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let turn = self.database.acquire_write_slot().await;
        let tx = begin(self.database.writing(), write_options()).await.map_err(failed)?;
        let reader = Reader { tx, actor: writing.actor, cursors: &self.cursors };
        let mut writer = Writer {
            reader,
            database: &self.database,
            turn,
            at: self.now(),
            writing: writing.clone(),
            changes: Vec::new(),
            indexed: Vec::new(),
            met: ImportState::default(),
            staging: None,
            posted: false,
            cancels: false,
        };
        let mut result = work(&mut writer).await;
        if let (Ok(_), false) = (&result, writing.dry_run)
            && let Err(error) = writer.publish().await
        {
            result = Err(error);
        }
        let Writer { reader, turn, changes, indexed, staging, posted, .. } = writer;
        match result {
            Ok(answer) if !writing.dry_run => {
                // Everything that must be committed with the work is in the same transaction: the log here,
                // and before it the response of an idempotency key; without that, a crash in between would
                // let the work be done twice.
                let staged = staging.as_ref().map_or(0, Staging::staged);
                let many = changes.len() + staged >= MANY;
                if many && staged == 0 {
                    bulk_import::replan(&reader.tx).await?;
                }
                search::write(&reader.tx, indexed).await?;
                change_log::append(&reader.tx, changes).await?;
                // The generation changes after the commit and before the response, even if the client is
                // gone, so that no later request gets cached data from before.
                let generation_guard = self.database.generation().begin_write();
                reader.tx.commit().await.map_err(failed)?;
                drop(generation_guard);
                self.database.notify();
                self.database.shorten_log();
                if posted {
                    self.mails.notify_one();
                }
                if many {
                    self.database.analyze().await;
                }
                Ok(answer)
            }
            result => {
                // The result of the rollback does not matter: without a commit there is nothing to undo, and
                // a connection whose rollback failed is closed instead of reused.
                let _ = reader.tx.rollback().await;
                drop(turn);
                if let Some(staging) = staging {
                    self.give_up(staging).await;
                }
                result
            }
        }
    }
}

/// A snapshot, as an actor sees it.
pub struct Reader<'a> {
    tx: DatabaseTransaction,
    actor: &'a Actor,
    cursors: &'a TokenKey,
}

impl<'a> Reader<'a> {
    pub(crate) fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// The actor who reads.
    pub fn actor(&self) -> &'a Actor {
        self.actor
    }

    pub(crate) fn cursors(&self) -> &TokenKey {
        self.cursors
    }
}

/// A transaction in which an actor writes; it also reads, as the actor sees the data.
pub struct Writer<'a> {
    reader: Reader<'a>,
    database: &'a Database,
    turn: Option<SemaphorePermit<'a>>,
    at: DateTime<Utc>,
    writing: WriteContext<'a>,
    changes: Vec<NewChange>,
    indexed: Vec<Reindexed>,
    met: ImportState,
    staging: Option<Staging>,
    posted: bool,
    cancels: bool,
}

impl<'a> std::ops::Deref for Writer<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl<'a> Writer<'a> {
    /// The instant of the write: every row that is created or changed gets it.
    pub(crate) fn written_at(&self) -> DateTime<Utc> {
        self.at
    }

    pub(crate) fn writing(&self) -> &WriteContext<'_> {
        &self.writing
    }

    /// Records that a mail was queued: the mail worker is woken after the commit.
    pub(crate) fn mail_queued(&mut self) {
        self.posted = true;
    }

    /// Chooses that this write cancels registrations that would prevent it.
    pub(crate) fn cancel_registrations(&mut self) {
        self.cancels = true;
    }

    /// Whether this write cancels registrations that would prevent it.
    pub(crate) fn cancels(&self) -> bool {
        self.cancels
    }

    /// The resources that the rows of an import have referred to so far.
    pub(super) fn batch_state(&self) -> &ImportState {
        &self.met
    }

    /// The same, to record another row.
    pub(super) fn batch_state_mut(&mut self) -> &mut ImportState {
        &mut self.met
    }

    /// The id of the resource that was changed first; all other changes follow from it.
    pub(super) fn changed(&self) -> Option<Uuid> {
        self.changes.first().map(|change| change.resource_id)
    }

    pub(super) fn database(&self) -> &'a Database {
        self.database
    }

    pub(super) fn staging(&self) -> Option<&Staging> {
        self.staging.as_ref()
    }

    pub(super) fn staging_mut(&mut self) -> &mut Option<Staging> {
        &mut self.staging
    }

    /// Continues in another transaction, and returns the previous one.
    pub(super) fn exchange(&mut self, tx: DatabaseTransaction) -> DatabaseTransaction {
        std::mem::replace(&mut self.reader.tx, tx)
    }

    /// Releases the write slot, so that others can write.
    pub(super) fn end_turn(&mut self) {
        self.turn = None;
    }

    /// Waits for the write slot again.
    pub(super) async fn take_turn(&mut self) {
        self.turn = self.database.acquire_write_slot().await;
    }

    /// Takes the changes and words recorded so far.
    pub(super) fn take_noted(&mut self) -> (Vec<NewChange>, Vec<Reindexed>) {
        (std::mem::take(&mut self.changes), std::mem::take(&mut self.indexed))
    }

    /// Publishes staged rows, if there are any.
    async fn publish(&mut self) -> Result<(), Error> {
        self.flush().await?;
        match &self.staging {
            Some(staging) => staging.publish(&self.reader.tx).await,
            None => Ok(()),
        }
    }

    /// Records the words of a written resource; they are indexed just before the commit.
    pub(crate) fn reindex_resource<T: Resource>(&mut self, id: Uuid, before: Option<&T>, after: &T) {
        self.reindex(Reindexed::of(id, before, after));
    }

    pub(super) fn reindex(&mut self, reindexed: Reindexed) {
        self.indexed.push(reindexed);
    }

    /// The number of recorded changes and index entries.
    pub(crate) fn change_count(&self) -> (usize, usize) {
        (self.changes.len(), self.indexed.len())
    }

    /// Drops the changes and index entries that were recorded after this count, because they were rolled
    /// back.
    pub(crate) fn truncate_changes(&mut self, (changes, indexed): (usize, usize)) {
        self.changes.truncate(changes);
        self.indexed.truncate(indexed);
    }

    /// Records a change; it is appended to the log just before the commit.
    pub(crate) fn record(&mut self, change: NewChange) {
        self.changes.push(change);
    }
}
