//! Backup and restore of a SQLite database, whole files at a time; PostgreSQL has its own tools for that.
//!
//! A backup is made beside a running server. It appears under its name only when it was read back and found right. A
//! restore has the database alone, puts nothing in place that was not checked, and throws nothing away.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tempfile::NamedTempFile;
use vku_migration::{Migrator, MigratorTrait};

use super::sqlite_file::{FileLock, beside, close_to_others, folder_of, make_folder, path_of, resolved};

/// Why there is no backup, or nothing was restored. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is no SQLite file.
    #[error(
        "this command copies a SQLite file; use `pg_dump --format=custom` to back up a PostgreSQL database, \
         and `pg_restore` to restore it (see \"Operate it\" in the README)"
    )]
    NotSqlite,
    /// There is no database to be copied.
    #[error("there is no database at {0}")]
    Nothing(PathBuf),
    /// What stands under that name is not overwritten.
    #[error("{0} already exists and is not overwritten; choose another file")]
    Exists(PathBuf),
    /// A server or another command uses the database.
    #[error("{0} is in use; stop the server (and every other command on this database) first")]
    InUse(PathBuf),
    /// It is being replaced.
    #[error("{0} is being restored")]
    Restoring(PathBuf),
    /// The file is something else.
    #[error("{0} is not a SQLite database")]
    NotADatabase(PathBuf),
    /// The file is a database of something else.
    #[error("{0} is a SQLite database, but not one of vku-partnerships")]
    Foreign(PathBuf),
    /// Pages or rows of the file are wrong.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first fault found.
        what: String,
    },
    /// The file was copied from under a server, without the writes in its log.
    #[error(
        "there is a `-wal` file next to {0}, so {0} is not a complete copy; use a file created by `backup`"
    )]
    Partial(PathBuf),
    /// A newer version of this program wrote it.
    #[error(
        "{path} was written by a newer version: its schema contains the migration `{step}`, which this \
         version does not know"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The first unknown step.
        step: String,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database refuses.
    #[error("the database could not be copied: {0}")]
    Database(#[from] sqlx::Error),
}

/// Names the file that an operation failed on.
fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |source| BackupError::File { path: path.to_owned(), source }
}

/// Copies the database to a new file, readable by its owner only; answers its size in bytes. Servers go on writing
/// meanwhile: in the copy is everything that was acknowledged before it began.
///
/// Errors: the target exists, or the copy is not what it should be. There is no target then.
pub async fn backup(url: &str, target: &Path) -> Result<u64, BackupError> {
    let path = path_of(url).ok_or(BackupError::NotSqlite)?;
    if !path.is_file() {
        return Err(BackupError::Nothing(path.to_owned()));
    }
    let path = resolved(path).map_err(at(path))?;
    let hold = FileLock::shared(&path).map_err(at(&path))?;
    let _hold = hold.ok_or_else(|| BackupError::Restoring(path.clone()))?;
    if target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(target.to_owned()));
    }
    // Made with mode 0600, and removed if anything below fails.
    let draft = NamedTempFile::new_in(folder_of(target)).map_err(at(target))?;
    let draft_path =
        draft.path().to_str().ok_or_else(|| at(target)(io::ErrorKind::InvalidFilename.into()))?;

    let mut database = open(SqliteConnectOptions::new().filename(&path)).await?;
    // One read transaction: SQLite's log keeps for it what it was when it began.
    sqlx::query("VACUUM INTO ?").bind(draft_path).execute(&mut database).await?;
    database.close().await?;

    check(draft.path(), target).await?;
    let size = draft.as_file().metadata().map_err(at(target))?.len();
    draft.as_file().sync_all().map_err(at(target))?;
    draft.persist_noclobber(target).map_err(|refused| match refused.error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(target.to_owned()),
        _ => at(target)(refused.error),
    })?;
    sync_folder(target)?;
    Ok(size)
}

/// Puts a backup in the place of the database; answers under which name what was there before is kept.
///
/// Errors: the database is in use, or the backup is damaged, something else, or of a newer version. The database is as
/// it was then.
pub async fn restore(url: &str, source: &Path, now: DateTime<Utc>) -> Result<Option<PathBuf>, BackupError> {
    let path = path_of(url).ok_or(BackupError::NotSqlite)?;
    make_folder(folder_of(path)).map_err(at(path))?;
    let path = resolved(path).map_err(at(path))?;
    let alone = FileLock::alone(&path).map_err(at(&path))?;
    let _alone = alone.ok_or_else(|| BackupError::InUse(path.clone()))?;

    // What is checked is the copy that is put in place: nobody can change it in between.
    let mut draft = NamedTempFile::new_in(folder_of(&path)).map_err(at(&path))?;
    let mut backup = File::open(source).map_err(at(source))?;
    if std::fs::metadata(beside(source, "-wal")).is_ok_and(|log| log.len() > 0) {
        return Err(BackupError::Partial(source.to_owned()));
    }
    io::copy(&mut backup, &mut draft).map_err(at(source))?;
    check(draft.path(), source).await?;
    draft.as_file().sync_all().map_err(at(&path))?;

    let kept = keep(&path, now).await?;
    // A log without its database: SQLite would write it into the new one.
    for ending in ["-wal", "-shm", "-journal"] {
        let file = beside(&path, ending);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&file)(error)),
            _ => {}
        }
    }
    sync_folder(&path)?;
    draft.persist(&path).map_err(|refused| at(&path)(refused.error))?;
    sync_folder(&path)?;
    Ok(kept)
}

/// Gives the old database a second name, with what its log holds.
async fn keep(path: &Path, now: DateTime<Utc>) -> Result<Option<PathBuf>, BackupError> {
    if !path.exists() {
        return Ok(None);
    }
    ["", "-wal", "-journal"].iter().for_each(|ending| close_to_others(&beside(path, ending)));
    // A server that was killed left writes in the log; the last to close a database takes them in. A database that is
    // too damaged for that is kept together with its log.
    if let Ok(mut old) = open(SqliteConnectOptions::new().filename(path)).await {
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut old).await;
        let _ = old.close().await;
    }
    let kept = beside(path, &now.format(".before-restore-%Y%m%dT%H%M%SZ").to_string());
    for ending in ["", "-wal", "-journal"] {
        let (from, to) = (beside(path, ending), beside(&kept, ending));
        if !from.exists() {
            continue;
        }
        match std::fs::hard_link(&from, &to) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(at(&to)(error)),
            // Not every file system has second names.
            Err(_) => std::fs::copy(&from, &to).map(drop).map_err(at(&to))?,
        }
    }
    Ok(Some(kept))
}

async fn open(options: SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    options.busy_timeout(Duration::from_secs(5)).disable_statement_logging().connect().await
}

/// Reads a copy of a database and finds it right; `name` is what it is a copy of, for the sentence.
async fn check(copy: &Path, name: &Path) -> Result<(), BackupError> {
    let mut head = Vec::new();
    File::open(copy).and_then(|file| file.take(16).read_to_end(&mut head)).map_err(at(name))?;
    if head != b"SQLite format 3\0" {
        return Err(BackupError::NotADatabase(name.to_owned()));
    }
    let damaged = |what: String| BackupError::Damaged { path: name.to_owned(), what };
    let unreadable = |error: sqlx::Error| damaged(error.to_string());
    // Nobody else has this copy, so it needs no log and no locks, and none are left beside it.
    let options = SqliteConnectOptions::new().filename(copy).read_only(true).immutable(true);
    let mut copy = open(options).await.map_err(unreadable)?;
    let found: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut copy).await.map_err(unreadable)?;
    if found != ["ok"] {
        return Err(damaged(found.into_iter().next().unwrap_or_default()));
    }
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut copy).await.map_err(unreadable)?;
    if !dangling.is_empty() {
        return Err(damaged(format!("{} rows refer to missing rows", dangling.len())));
    }
    let known: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    let steps = "SELECT version FROM seaql_migrations ORDER BY version";
    let steps: Vec<String> = match sqlx::query_scalar(steps).fetch_all(&mut copy).await {
        Ok(steps) if steps.iter().any(|step| known.contains(step)) => steps,
        _ => return Err(BackupError::Foreign(name.to_owned())),
    };
    match steps.into_iter().find(|step| !known.contains(step)) {
        Some(step) => Err(BackupError::Newer { path: name.to_owned(), step }),
        None => Ok(copy.close().await?),
    }
}

/// A new name in a folder outlives a power cut only when the folder was written too.
fn sync_folder(file: &Path) -> Result<(), BackupError> {
    #[cfg(unix)]
    File::open(folder_of(file)).and_then(|folder| folder.sync_all()).map_err(at(file))?;
    Ok(())
}
