//! A transaction, the actor who reads or writes in it, and everything that a write collects for the commit.
//!
//! May import `crypto`, `database`, `codec` and `id`. How resources are read and written is in `read` and
//! `write`.

pub mod change_log;
pub(crate) mod connection;
pub(crate) mod import_state;
pub(crate) mod json_row;
pub(crate) mod reindexed;
pub(crate) mod staging;
pub(crate) mod table_recorder;

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, Statement};
use tokio::sync::SemaphorePermit;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::input::draft::InputSource;
use vku_domain::kernel::resource::any::AnyResource;

use self::change_log::NewChange;
use self::connection::Connection;
use self::import_state::ImportState;
use self::json_row::JsonRow;
use self::reindexed::Reindexed;
use self::staging::Staging;
use super::crypto::signed_token::TokenKey;
use super::database::Database;
use super::database::retry::{begin, immediate};

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

/// Begins a transaction that writes. The caller has a write slot.
pub(crate) async fn begin_write(database: &Database) -> Result<Connection, DbErr> {
    let tx = begin(database.writing(), immediate()).await?;
    let lock = database.generation().locked(&tx).await?;
    Ok(Connection::writing(tx, lock))
}

/// A snapshot, as an actor sees it.
pub struct Reader<'a> {
    tx: Connection,
    actor: &'a Actor,
    cursors: &'a TokenKey,
}

impl<'a> Reader<'a> {
    /// Makes a reader in a transaction that has begun.
    pub(crate) fn new(tx: Connection, actor: &'a Actor, cursors: &'a TokenKey) -> Self {
        Self { tx, actor, cursors }
    }

    pub(crate) fn tx(&self) -> &Connection {
        &self.tx
    }

    /// Ends the reader, and returns its transaction.
    pub(crate) fn into_tx(self) -> Connection {
        self.tx
    }

    /// The actor who reads.
    pub fn actor(&self) -> &'a Actor {
        self.actor
    }

    pub(crate) fn cursors(&self) -> &TokenKey {
        self.cursors
    }
}

/// What is left of a writer when its work is done: the open transaction, and what the write has collected.
pub(crate) struct Collected<'a> {
    pub(crate) tx: Connection,
    pub(crate) write_slot: Option<SemaphorePermit<'a>>,
    pub(crate) changes: Vec<NewChange>,
    pub(crate) indexed: Vec<Reindexed>,
    pub(crate) deferred: Vec<Statement>,
    pub(crate) json: Vec<JsonRow>,
    pub(crate) staging: Option<Staging>,
    pub(crate) has_mail: bool,
}

/// A transaction in which an actor writes; it also reads, as the actor sees the data.
pub struct Writer<'a> {
    reader: Reader<'a>,
    database: &'a Database,
    write_slot: Option<SemaphorePermit<'a>>,
    at: DateTime<Utc>,
    writing: WriteContext<'a>,
    changes: Vec<NewChange>,
    indexed: Vec<Reindexed>,
    deferred: Vec<Statement>,
    json: Vec<JsonRow>,
    import_state: ImportState,
    staging: Option<Staging>,
    has_mail: bool,
    is_silent: bool,
    cancels: bool,
}

impl<'a> std::ops::Deref for Writer<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl<'a> Writer<'a> {
    /// Makes a writer in a transaction that has begun.
    pub(crate) fn new(
        reader: Reader<'a>,
        database: &'a Database,
        write_slot: Option<SemaphorePermit<'a>>,
        at: DateTime<Utc>,
        writing: WriteContext<'a>,
    ) -> Self {
        Self {
            reader,
            database,
            write_slot,
            at,
            writing,
            changes: Vec::new(),
            indexed: Vec::new(),
            deferred: Vec::new(),
            json: Vec::new(),
            import_state: ImportState::default(),
            staging: None,
            has_mail: false,
            is_silent: false,
            cancels: false,
        }
    }

    /// Ends the writer. The transaction is neither committed nor rolled back yet.
    pub(crate) fn finish(self) -> Collected<'a> {
        let Self { reader, write_slot, changes, indexed, deferred, json, staging, has_mail, .. } = self;
        Collected { tx: reader.tx, write_slot, changes, indexed, deferred, json, staging, has_mail }
    }

    /// The instant of the write: every row that is created or changed gets it.
    pub(crate) fn written_at(&self) -> DateTime<Utc> {
        self.at
    }

    pub(crate) fn writing(&self) -> &WriteContext<'_> {
        &self.writing
    }

    /// Records that an e-mail was queued: the mail worker is woken after the commit.
    pub(crate) fn mail_queued(&mut self) {
        self.has_mail = true;
    }

    /// Chooses that this write sends no e-mails from now on, because the people are invented.
    pub fn send_no_mail(&mut self) {
        self.is_silent = true;
    }

    /// Whether this write sends no e-mails.
    pub(crate) fn is_silent(&self) -> bool {
        self.is_silent
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
    pub(crate) fn import_state(&self) -> &ImportState {
        &self.import_state
    }

    /// The same, to record another row.
    pub(crate) fn import_state_mut(&mut self) -> &mut ImportState {
        &mut self.import_state
    }

    /// The id of the resource that was changed first; all other changes follow from it.
    pub(crate) fn changed(&self) -> Option<Uuid> {
        self.changes.first().map(|change| change.resource_id)
    }

    pub(crate) fn database(&self) -> &'a Database {
        self.database
    }

    pub(crate) fn staging(&self) -> Option<&Staging> {
        self.staging.as_ref()
    }

    pub(crate) fn staging_mut(&mut self) -> &mut Option<Staging> {
        &mut self.staging
    }

    /// Continues in another transaction, and returns the previous one. What that one has written is invalidated with
    /// what this one will have.
    pub(crate) fn exchange(&mut self, tx: Connection) -> Connection {
        tx.tables().add_written(self.reader.tx.tables().written());
        std::mem::replace(&mut self.reader.tx, tx)
    }

    /// Releases the write slot, so that others can write.
    pub(crate) fn release_write_slot(&mut self) {
        self.write_slot = None;
    }

    /// Waits for the write slot again.
    pub(crate) async fn acquire_write_slot(&mut self) {
        self.write_slot = self.database.acquire_write_slot().await;
    }

    /// Takes the changes and words recorded so far.
    pub(crate) fn take_recorded(&mut self) -> (Vec<NewChange>, Vec<Reindexed>) {
        (std::mem::take(&mut self.changes), std::mem::take(&mut self.indexed))
    }

    /// Records the words of a written resource; they are indexed just before the commit.
    pub(crate) fn reindex_resource(
        &mut self,
        id: Uuid,
        before: Option<&dyn AnyResource>,
        after: &dyn AnyResource,
    ) {
        self.reindex(Reindexed::of(id, before, after));
    }

    pub(crate) fn reindex(&mut self, reindexed: Reindexed) {
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

    /// Executes a statement just before the commit, with the last ones: nothing of this write reads what it writes.
    pub(crate) fn defer(&mut self, statement: Statement) {
        self.deferred.push(statement);
    }

    /// Stores the JSON of a new resource just before the commit.
    pub(crate) fn store_json(&mut self, row: JsonRow) {
        self.json.push(row);
    }

    /// Records a change; it is appended to the log just before the commit.
    pub(crate) fn record(&mut self, change: NewChange) {
        self.changes.push(change);
    }
}
