//! The store: the only access to the data. A reader is one snapshot; a write is one closure.
//!
//! The top layer: may import every other folder of the kernel. No other folder of the kernel imports it.

mod after_commit;
pub mod change_feed;
mod group_commit;
pub mod idempotency;
pub mod json_writer;
pub mod running_imports;
mod staged_imports;
pub mod stream;
mod write_transaction;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseConnection, TransactionOptions};
use tokio::sync::{Notify, Semaphore, watch};
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::clock::Clock;
use vku_domain::kernel::error::Error;

use self::change_feed::{LogPosition, unknown_position};
use self::group_commit::GroupCommit;
use self::idempotency::InFlightKeys;
use self::json_writer::JsonQueue;
use self::running_imports::RunningImports;
use super::crypto::encryption::Secret;
use super::crypto::keyring::Keyring;
use super::crypto::signed_token::TokenKey;
use super::database::cache_generation::TablesRead;
use super::database::error::failed;
use super::database::retry::begin;
use super::database::sqlite_readers::Thread;
use super::database::{Database, EXPORTS};
use crate::kernel::transaction::Reader;
use crate::kernel::transaction::connection::Connection;

/// The data of the exchange, on SQLite or PostgreSQL.
#[derive(Clone)]
pub struct Store {
    database: Database,
    group: Arc<GroupCommit>,
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
            group: Arc::default(),
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

    /// Begins to search; see [`Self::read`].
    ///
    /// Errors: 503 if the database is unavailable.
    pub async fn search<'a>(&'a self, actor: &'a Actor) -> Result<Reader<'a>, Error> {
        self.begin_read(self.database.searching(), actor).await
    }

    /// Begins to read with a single statement, which is a snapshot of its own. Reading fails at a second statement.
    pub fn read_by_statement<'a>(&'a self, actor: &'a Actor) -> Reader<'a> {
        Reader::new(Connection::of_statement(self.database.statements().clone()), actor, &self.cursors)
    }

    /// Begins to read stored JSON: on SQLite, from a snapshot of which only rows are read. `None` on PostgreSQL, and if no
    /// connection is free.
    pub(crate) async fn read_rows<'a>(&'a self, actor: &'a Actor, thread: Thread) -> Option<Reader<'a>> {
        let reader = self.database.sqlite_readers()?.take(thread).await?;
        Some(Reader::new(Connection::of_sqlite(reader), actor, &self.cursors))
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
}
