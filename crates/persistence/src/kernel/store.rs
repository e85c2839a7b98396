//! The store: the only door to the data. Reading is one snapshot, writing is one closure.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::clock::Clock;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::InputSource;
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

/// Who writes, in which request, and whether it is a rehearsal.
#[derive(Clone, Debug)]
pub struct WriteContext<'a> {
    /// Who writes.
    pub actor: &'a Actor,
    /// Goes into the change log.
    pub request_id: &'a str,
    /// Everything is done and checked, then rolled back.
    pub dry_run: bool,
    /// A request, or a file of history.
    pub origin: InputSource,
}

/// How a transaction that writes begins.
pub(super) fn write_options() -> TransactionOptions {
    TransactionOptions {
        isolation_level: None,
        access_mode: None,
        // A deferred one would fail at its first write when another has written since its first read.
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
    }
}

/// From how many changes on a write makes the database count its rows anew, so that its plans fit them.
const MANY: usize = 1_000;

impl Store {
    /// Opens the store on a migrated database; the keys of cursors and of refresh tokens are made on first start
    /// and kept sealed.
    ///
    /// Errors: the database is away, or its keys were sealed with another secret.
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
        // What is left of an import whose process died; a database that takes no writes keeps it until it does.
        if let Err(error) = store.sweep_staged().await {
            tracing::warn!(source = ?error.source, "the staged rows of an import could not be removed yet");
        }
        Ok((store, keyring))
    }

    /// The current instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// What refresh tokens are made and known by.
    pub(crate) fn token_key(&self) -> &TokenKey {
        &self.refreshes
    }

    /// Whose turn it is to note the use of an API key.
    pub(crate) fn background_writes(&self) -> Arc<Semaphore> {
        self.noting.clone()
    }

    /// The idempotency keys whose work runs.
    pub(super) fn running(&self) -> &InFlightKeys {
        &self.running
    }

    /// The imports that this instance works on.
    pub(crate) fn imports_running(&self) -> &Arc<RunningImports> {
        &self.imports
    }

    /// Wakes whoever sends mails: told after each commit of one.
    pub fn mails(&self) -> &Notify {
        &self.mails
    }

    /// The generation of what is stored: what is read after it was taken may be kept as long as it is the current one,
    /// and the day (UTC) is the same. `None` where nobody knows whether other processes have written.
    pub async fn generation(&self) -> Option<u64> {
        self.database.generation().current().await
    }

    /// The connections beneath, for readiness and for migrations.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Begins to read: everything read by this reader is of one instant.
    ///
    /// Errors: 503 where the database is away.
    pub async fn read<'a>(&'a self, actor: &'a Actor) -> Result<Reader<'a>, Error> {
        self.read_on(self.database.reading(), actor).await
    }

    /// Begins to read on connections that read.
    pub(super) async fn read_on<'a>(
        &'a self,
        connections: &DatabaseConnection,
        actor: &'a Actor,
    ) -> Result<Reader<'a>, Error> {
        // A snapshot, as the connections that read are made: SQLite's deferred transaction is one by itself.
        let tx = begin(connections, TransactionOptions::default()).await.map_err(failed)?;
        Ok(Reader { tx, actor, cursors: &self.cursors })
    }

    /// Writes: commits what `work` did when it answers `Ok`, and nothing otherwise or in a rehearsal.
    ///
    /// The change log's rows are appended in the same transaction, as its last statement.
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
                // What has to stand or fall with the work is in the same transaction: the log here, and just before it the
                // answer of an idempotency key, without which a crash in between would let the work be done twice.
                let staged = staging.as_ref().map_or(0, Staging::staged);
                let many = changes.len() + staged >= MANY;
                if many && staged == 0 {
                    bulk_import::replan(&reader.tx).await?;
                }
                search::write(&reader.tx, indexed).await?;
                change_log::append(&reader.tx, changes).await?;
                // Whoever reads after the answer, or after the client is gone, gets nothing that was kept before.
                let moving = self.database.generation().begin_write();
                reader.tx.commit().await.map_err(failed)?;
                drop(moving);
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
                // Whether or not the roll-back is heard: without a commit there is nothing to undo, and a connection whose
                // roll-back failed is closed instead of used again.
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

/// A reading actor: one snapshot of what it may see.
pub struct Reader<'a> {
    tx: DatabaseTransaction,
    actor: &'a Actor,
    cursors: &'a TokenKey,
}

impl<'a> Reader<'a> {
    pub(crate) fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// Who reads.
    pub fn actor(&self) -> &'a Actor {
        self.actor
    }

    pub(crate) fn cursors(&self) -> &TokenKey {
        self.cursors
    }
}

/// A writing actor: reads what it may see, and changes what it may change.
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
    /// The instant of the write: every row that it makes or changes carries it.
    pub(crate) fn written_at(&self) -> DateTime<Utc> {
        self.at
    }

    pub(crate) fn writing(&self) -> &WriteContext<'_> {
        &self.writing
    }

    /// Notes that a mail was posted: whoever sends mails is woken after the commit.
    pub(crate) fn mail_queued(&mut self) {
        self.posted = true;
    }

    /// Chooses that registrations which stand in the way are cancelled.
    pub(crate) fn cancel_registrations(&mut self) {
        self.cancels = true;
    }

    /// Whether registrations that stand in the way are cancelled.
    pub(crate) fn cancels(&self) -> bool {
        self.cancels
    }

    /// What the rows of an import meant so far.
    pub(super) fn batch_state(&self) -> &ImportState {
        &self.met
    }

    /// The same, to note what another one means.
    pub(super) fn batch_state_mut(&mut self) -> &mut ImportState {
        &mut self.met
    }

    /// The id of what was changed first: all else followed from that.
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

    /// Goes on in another transaction; answers with the one before.
    pub(super) fn exchange(&mut self, tx: DatabaseTransaction) -> DatabaseTransaction {
        std::mem::replace(&mut self.reader.tx, tx)
    }

    /// Lets others write.
    pub(super) fn end_turn(&mut self) {
        self.turn = None;
    }

    /// Waits until it may write again.
    pub(super) async fn take_turn(&mut self) {
        self.turn = self.database.acquire_write_slot().await;
    }

    /// Hands over what was noted so far.
    pub(super) fn take_noted(&mut self) -> (Vec<NewChange>, Vec<Reindexed>) {
        (std::mem::take(&mut self.changes), std::mem::take(&mut self.indexed))
    }

    /// Publishes what is staged, if anything is.
    async fn publish(&mut self) -> Result<(), Error> {
        self.flush().await?;
        match &self.staging {
            Some(staging) => staging.publish(&self.reader.tx).await,
            None => Ok(()),
        }
    }

    /// Notes the words of what is written; all are kept just before the commit.
    pub(crate) fn reindex_resource<T: Resource>(&mut self, id: Uuid, before: Option<&T>, after: &T) {
        self.reindex(Reindexed::of(id, before, after));
    }

    pub(super) fn reindex(&mut self, reindexed: Reindexed) {
        self.indexed.push(reindexed);
    }

    /// How much is noted: changes and words.
    pub(crate) fn change_count(&self) -> (usize, usize) {
        (self.changes.len(), self.indexed.len())
    }

    /// Forgets what was noted after that, because it was undone.
    pub(crate) fn truncate_changes(&mut self, (changes, indexed): (usize, usize)) {
        self.changes.truncate(changes);
        self.indexed.truncate(indexed);
    }

    /// Notes a change; all are appended to the log just before the commit.
    pub(crate) fn record(&mut self, change: NewChange) {
        self.changes.push(change);
    }
}
