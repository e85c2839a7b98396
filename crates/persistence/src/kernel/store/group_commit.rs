//! Group commit on SQLite, where one transaction writes at a time, and its commit costs more than its statements.
//!
//! A writer that has done its work while others wait leaves its transaction open for them: they continue it, each in a
//! savepoint, so that one that fails undoes only its own work. A task that has waited for the write slot together with
//! them commits the group. Everybody is answered after that, also those who failed: what they have seen may never have
//! been committed. A page that several of them change is written to the log once, and the disk is asked to keep it once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, Statement};
use tokio::sync::{SemaphorePermit, oneshot};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::InputSource;

use super::Store;
use super::after_commit::AfterCommit;
use crate::kernel::database::cache_generation::WriteLock;
use crate::kernel::database::error::failed;
use crate::kernel::transaction::connection::Connection;
use crate::kernel::transaction::{WriteContext, begin_write};

/// How many writes share a transaction at most.
const MAX_MEMBERS: usize = 64;
/// For how long others may join a transaction: so much later is the first one answered.
const MAX_AGE: Duration = Duration::from_millis(20);

const SAVEPOINT: &str = "SAVEPOINT member";
const NEXT_SAVEPOINT: &str = "RELEASE SAVEPOINT member; SAVEPOINT member";
const ROLL_BACK: &str = "ROLLBACK TO SAVEPOINT member";

/// The transaction that the next writer may join.
#[derive(Default)]
pub(super) struct GroupCommit {
    open: Mutex<Option<Group>>,
}

/// Receives whether the group was committed.
type Committed = oneshot::Receiver<Result<(), Error>>;

/// A transaction that several writers use, one after the other.
struct Group {
    /// Declared before the transaction, so that it is dropped first.
    lock: Option<WriteLock>,
    tx: Arc<DatabaseTransaction>,
    opened: Instant,
    /// Whether somebody has joined who has not left yet. If it is still so for the next one, the request of that member
    /// was aborted.
    is_in_use: bool,
    after_commit: AfterCommit,
    /// Those who wait for the commit.
    members: Vec<oneshot::Sender<Result<(), Error>>>,
}

impl Group {
    fn add_member(&mut self) -> Committed {
        let (sender, receiver) = oneshot::channel();
        self.members.push(sender);
        receiver
    }

    /// Records that somebody uses the transaction from now on. Returns whether another one has never left: the request was
    /// aborted, and what it has written is to be rolled back. It may also have been at the very end of its work.
    fn begin_use(&mut self) -> bool {
        let was_aborted = std::mem::replace(&mut self.is_in_use, true);
        if was_aborted {
            self.after_commit.add(AfterCommit::unknown());
        }
        was_aborted
    }

    fn answer(members: Vec<oneshot::Sender<Result<(), Error>>>, result: &Result<(), Error>) {
        for member in members {
            // A member whose request was aborted does not listen.
            let _ = member.send(result.as_ref().copied().map_err(Error::for_another));
        }
    }
}

impl GroupCommit {
    fn open(&self) -> MutexGuard<'_, Option<Group>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a writer begins with.
pub(super) struct Begun<'a> {
    pub(super) tx: Connection,
    pub(super) slot: Option<SemaphorePermit<'a>>,
}

impl Store {
    /// Begins a transaction that writes, or joins the open one.
    ///
    /// Errors: the database is unavailable.
    pub(super) async fn begin_or_join(&self, writing: &WriteContext<'_>) -> Result<Begun<'_>, Error> {
        if self.may_share(writing) {
            let slot = self.database.slots().acquire_to_join().await;
            match self.join_group().await {
                Joining::Joined(tx) => return Ok(Begun { tx: Connection::joined(tx), slot }),
                Joining::NoGroup => {}
                Joining::Closed => self.database.slots().commit_open_group().await,
            }
            return self.begin(slot).await;
        }
        self.begin(self.database.acquire_write_slot().await).await
    }

    async fn begin<'a>(&'a self, slot: Option<SemaphorePermit<'a>>) -> Result<Begun<'a>, Error> {
        let tx = begin_write(&self.database).await.map_err(failed)?;
        Ok(Begun { tx, slot })
    }

    /// Whether the write may share its transaction: an import has more than one, and a dry run has none to commit.
    pub(super) fn may_share(&self, writing: &WriteContext<'_>) -> bool {
        self.database.backend() == DatabaseBackend::Sqlite
            && writing.origin == InputSource::Request
            && !writing.dry_run
    }

    /// Joins the open group. The caller has a write slot.
    async fn join_group(&self) -> Joining {
        let (tx, was_aborted) = match &mut *self.group.open() {
            None => return Joining::NoGroup,
            Some(group) if group.members.len() >= MAX_MEMBERS || group.opened.elapsed() > MAX_AGE => {
                return Joining::Closed;
            }
            Some(group) => (group.tx.clone(), group.begin_use()),
        };
        if !was_aborted {
            return Joining::Joined(tx);
        }
        match tx.execute_unprepared(ROLL_BACK).await {
            Ok(_) => Joining::Joined(tx),
            Err(error) => {
                drop(tx);
                self.abandon_group(&failed(error));
                Joining::NoGroup
            }
        }
    }

    /// The last statement of a write that leaves its transaction to the next ones; none if it commits. So it is executed
    /// together with others.
    pub(super) fn last_in_group(&self, tx: &Connection, may_share: bool) -> Option<Statement> {
        let statement = match tx.is_shared() {
            true => NEXT_SAVEPOINT,
            false if may_share && self.database.slots().awaits_group() => SAVEPOINT,
            false => return None,
        };
        Some(Statement::from_string(DatabaseBackend::Sqlite, statement))
    }

    /// Leaves a transaction of one's own to a group, after [`Self::last_in_group`], and waits for its commit.
    ///
    /// Errors: the group could not be committed.
    pub(super) async fn open_group(
        &self,
        slot: Option<SemaphorePermit<'_>>,
        tx: Connection,
        after_commit: AfterCommit,
    ) -> Result<(), Error> {
        let (tx, lock) = tx.into_shared().map_err(failed)?;
        let mut group =
            Group { lock, tx, opened: Instant::now(), is_in_use: false, after_commit, members: Vec::new() };
        let committed = group.add_member();
        *self.group.open() = Some(group);
        let store = self.clone();
        let commit = move || async move { store.commit_group().await }.boxed();
        self.database.slots().set_open_group(Some(Box::new(commit)));
        let mut committer = Committer { store: self.clone(), has_ended: false };
        tokio::spawn(async move { committer.wait_for_slot().await });
        drop(slot);
        committed.await.unwrap_or_else(|_| Err(not_committed()))
    }

    /// Leaves the group that was joined, after [`Self::last_in_group`], and waits for its commit.
    ///
    /// Errors: the group could not be committed.
    pub(super) async fn leave_group(
        &self,
        slot: Option<SemaphorePermit<'_>>,
        tx: Connection,
        after_commit: AfterCommit,
    ) -> Result<(), Error> {
        drop(tx);
        let committed = self.end_membership(Some(after_commit))?;
        drop(slot);
        committed.await.unwrap_or_else(|_| Err(not_committed()))
    }

    /// Undoes the work of a member, and waits for the commit of the others.
    ///
    /// Errors: the group could not be committed.
    pub(super) async fn give_up_in_group(
        &self,
        slot: Option<SemaphorePermit<'_>>,
        tx: Connection,
    ) -> Result<(), Error> {
        let rolled_back = tx.execute_unprepared(ROLL_BACK).await;
        drop(tx);
        if let Err(error) = rolled_back {
            let error = failed(error);
            self.abandon_group(&error);
            return Err(error);
        }
        let committed = self.end_membership(None)?;
        drop(slot);
        committed.await.unwrap_or_else(|_| Err(not_committed()))
    }

    fn end_membership(&self, after_commit: Option<AfterCommit>) -> Result<Committed, Error> {
        let mut open = self.group.open();
        let group = open.as_mut().ok_or_else(not_committed)?;
        group.is_in_use = false;
        if let Some(after_commit) = after_commit {
            group.after_commit.add(after_commit);
        }
        Ok(group.add_member())
    }

    async fn commit_group(&self) {
        let Some(mut group) = self.group.open().take() else { return };
        let was_aborted = group.begin_use();
        let Group { lock, tx, after_commit, members, .. } = group;
        let rolled_back = match was_aborted {
            true => tx.execute_unprepared(ROLL_BACK).await.map(drop).map_err(failed),
            false => Ok(()),
        };
        let committed = match rolled_back {
            Ok(()) => self.commit_and_notify(Connection::left_by_others(tx, lock), after_commit).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &committed {
            self.database.writes().failed(error);
        }
        Group::answer(members, &committed);
    }

    /// Drops the open transaction, which rolls it back: SQLite has ended it, or its connection is broken.
    fn abandon_group(&self, error: &Error) {
        let Some(Group { lock, tx, members, .. }) = self.group.open().take() else { return };
        self.database.slots().set_open_group(None);
        drop(lock);
        drop(tx);
        Group::answer(members, &Err(error.for_another()));
    }
}

/// Whether a writer has joined a group.
enum Joining {
    Joined(Arc<DatabaseTransaction>),
    /// There is a group that takes no more members.
    Closed,
    NoGroup,
}

/// Waits for a write slot, with which the group is committed. If the runtime ends before, the group must not stay open.
struct Committer {
    store: Store,
    has_ended: bool,
}

impl Committer {
    async fn wait_for_slot(&mut self) {
        let _slot = self.store.database.acquire_write_slot().await;
        self.has_ended = true;
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        if !self.has_ended {
            self.store.abandon_group(&not_committed());
        }
    }
}

fn not_committed() -> Error {
    Error::unavailable("the transaction that several writes share was not committed")
}
