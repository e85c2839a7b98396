//! Notices writes of other processes to a SQLite file, and tells them from those of this process.
//!
//! This process writes on one connection. The `data_version` that this connection sees changes with the commits of all
//! others, and not with its own. So it is read on this connection: when a write has got the write lock, and when the
//! generation is requested. While a write holds the lock, nobody else can commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, Statement};
use sqlx::sqlite::SqlitePool;
use tokio::time::timeout;

/// How long to wait for the writing connection. If it is in use for longer, and no write has begun meanwhile, somebody
/// may have written.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(50);
/// What no connection has seen.
const UNKNOWN: i64 = -1;

/// Selects the version of the data: a number that changes when others commit.
const DATA_VERSION: &str = "PRAGMA data_version";

/// The state of the only connection that writes.
#[derive(Clone, Debug, Default)]
pub(super) struct WritingConnection(Arc<State>);

#[derive(Debug)]
struct State {
    /// The version that the connection saw last.
    version: AtomicI64,
    /// How often the version was read.
    checks: AtomicU64,
    /// Whether a write holds the lock, and the version was read since it has.
    is_locked: AtomicBool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            version: AtomicI64::new(UNKNOWN),
            checks: AtomicU64::new(0),
            is_locked: AtomicBool::new(false),
        }
    }
}

impl WritingConnection {
    /// Forgets the version: the connection is a new one, whose versions are not comparable, or it is unknown whether
    /// it has committed.
    pub(super) fn forget_version(&self) {
        self.0.version.store(UNKNOWN, SeqCst);
    }

    /// Records the version that the connection sees; returns whether others have written, or may have.
    fn has_changed(&self, version: i64) -> bool {
        let has_changed = self.0.version.swap(version, SeqCst) != version;
        self.0.checks.fetch_add(1, SeqCst);
        has_changed
    }

    /// Whether a write holds the lock.
    fn is_locked(&self) -> bool {
        self.0.is_locked.load(SeqCst)
    }

    /// How often others have been looked for.
    fn checks(&self) -> u64 {
        self.0.checks.load(SeqCst)
    }
}

/// The file, and the pool of the connection that writes.
#[derive(Debug)]
pub(super) struct FileWatch {
    pool: SqlitePool,
    writing: WritingConnection,
}

impl FileWatch {
    pub(super) fn new(pool: SqlitePool, writing: WritingConnection) -> Self {
        Self { pool, writing }
    }

    /// Declares that it is unknown whether a commit has happened, or will yet. When the connection is free again, it has
    /// or will not.
    pub(super) fn suspect_commit(&self) {
        self.writing.forget_version();
    }

    /// Declares that a write holds the lock, after [`Self::has_changed_before`], or that it no longer does.
    pub(super) fn set_locked(&self, is_locked: bool) {
        self.writing.0.is_locked.store(is_locked, SeqCst);
    }

    /// Whether others have written, or may have, since this was last checked.
    ///
    /// Errors: the file cannot be read.
    pub(super) async fn has_changed(&self) -> Result<bool, sqlx::Error> {
        let checks = self.writing.checks();
        if self.writing.is_locked() {
            return Ok(false);
        }
        match timeout(ACQUIRE_TIMEOUT, self.version()).await {
            Ok(version) => Ok(self.writing.has_changed(version?)),
            // A write that has begun meanwhile has looked for others.
            Err(_) => Ok(self.writing.checks() == checks),
        }
    }

    async fn version(&self) -> Result<i64, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        sqlx::query_scalar(DATA_VERSION).fetch_one(&mut *connection).await
    }

    /// The same, before a transaction that writes got the lock.
    pub(super) async fn has_changed_before(&self, tx: &DatabaseTransaction) -> Result<bool, DbErr> {
        let select = Statement::from_string(DatabaseBackend::Sqlite, DATA_VERSION);
        let version = tx.query_one_raw(select).await?.map(|row| row.try_get_by_index(0)).transpose()?;
        Ok(version.is_none_or(|version| self.writing.has_changed(version)))
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::table_set::TableSet;
    use super::*;
    use crate::kernel::database::Database;
    use crate::kernel::database::retry::{begin, immediate};

    async fn open(folder: &TempDir) -> Database {
        let url = format!("sqlite://{}", folder.path().join("it.db").display());
        Database::connect(&url).await.unwrap()
    }

    /// Writes as the store does, or rolls it back.
    async fn write(database: &Database, commits: bool) {
        let tx = begin(database.writing(), immediate()).await.unwrap();
        let mut lock = database.generation().locked(&tx).await.unwrap().unwrap();
        tx.execute_unprepared("INSERT INTO it (number) VALUES (1)").await.unwrap();
        // Others ask while the lock is held.
        database.generation().suspend();
        database.generation().current().await.unwrap();
        if commits {
            lock.begin_commit();
            // Others ask while the commit takes its time.
            database.generation().suspend();
            database.generation().current().await.unwrap();
            tx.commit().await.unwrap();
        } else {
            drop(lock);
            tx.rollback().await.unwrap();
        }
    }

    /// Whether a response that was cached before would be read again.
    async fn is_outdated(
        database: &Database,
        reads: &crate::kernel::database::cache_generation::TablesRead,
        since: u64,
    ) -> bool {
        // The file is polled, however short the time since the last poll.
        database.generation().suspend();
        database.generation().current().await.unwrap();
        reads.have_changed_since(since)
    }

    /// The connection is in use for longer than others wait for it.
    #[tokio::test]
    async fn a_write_that_has_begun_meanwhile_has_looked_for_others() {
        let folder = TempDir::new().unwrap();
        let database = open(&folder).await;
        let pool = database.writing().get_sqlite_connection_pool().clone();
        let watch = FileWatch::new(pool.clone(), WritingConnection::default());
        let version = watch.version().await.unwrap();
        watch.writing.has_changed(version);
        let busy = pool.acquire().await.unwrap();
        assert!(watch.has_changed().await.unwrap(), "nobody has looked");
        let (has_changed, _) =
            tokio::join!(watch.has_changed(), async { watch.writing.has_changed(version) });
        assert!(!has_changed.unwrap(), "a write has looked");
        drop(busy);
        database.close().await.unwrap();
    }

    #[tokio::test]
    async fn writes_of_others_are_told_from_those_of_this_process() {
        let folder = TempDir::new().unwrap();
        let (here, there) = (open(&folder).await, open(&folder).await);
        here.writing().execute_unprepared("CREATE TABLE it (number INTEGER)").await.unwrap();
        let reads = here.generation().begin_reads();
        reads.add(TableSet::of("utility"));
        let mut since = here.generation().current().await.unwrap();
        for round in 0..3 {
            for commits in [true, false, true] {
                write(&here, commits).await;
                assert!(!is_outdated(&here, &reads, since).await, "{round}: our own write, {commits}");
            }
            here.writing().execute_unprepared("DELETE FROM it").await.unwrap();
            assert!(!is_outdated(&here, &reads, since).await, "{round}: our own write without the lock");
            write(&there, false).await;
            assert!(!is_outdated(&here, &reads, since).await, "{round}: another's write that is rolled back");
            write(&there, true).await;
            if round == 1 {
                // It is noticed by a write, too, and only once.
                write(&here, true).await;
            }
            assert!(is_outdated(&here, &reads, since).await, "{round}: another's write");
            since = here.generation().current().await.unwrap();
            assert!(!is_outdated(&here, &reads, since).await, "{round}: nothing");
        }
        // It is unknown whether a commit was completed.
        drop(here.generation().bump_on_drop(TableSet::NONE));
        assert!(is_outdated(&here, &reads, since).await);
        since = here.generation().current().await.unwrap();
        // A new connection has seen nothing.
        here.writing().get_sqlite_connection_pool().acquire().await.unwrap().close().await.unwrap();
        assert!(is_outdated(&here, &reads, since).await);
        here.close().await.unwrap();
        there.close().await.unwrap();
    }
}
