//! Backup and restore of a SQLite database as a whole file. PostgreSQL has its own tools for that.
//!
//! A backup runs while the server is running. The backup file gets its name only after it has been read back
//! and checked. A restore needs exclusive access to the database, puts only a checked copy in place, and
//! deletes nothing.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tempfile::NamedTempFile;
use vku_migration::MIGRATIONS;

use super::sqlite_file::{FileLock, folder_of, make_folder, path_of, resolved, restrict_to_owner, sibling};

/// Why a backup or a restore failed. Nothing has been changed in that case.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is not a SQLite file.
    #[error(
        "this command copies a SQLite file; use `pg_dump --format=custom` to back up a PostgreSQL database, \
         and `pg_restore` to restore it (see \"Operate it\" in the README)"
    )]
    NotSqlite,
    /// There is no database to back up.
    #[error("there is no database at {0}")]
    Nothing(PathBuf),
    /// The target file already exists.
    #[error("{0} already exists and is not overwritten; choose another file")]
    Exists(PathBuf),
    /// A server or another command uses the database.
    #[error("{0} is in use; stop the server (and every other command on this database) first")]
    InUse(PathBuf),
    /// The database is being restored.
    #[error("{0} is being restored")]
    Restoring(PathBuf),
    /// The file is not a SQLite database.
    #[error("{0} is not a SQLite database")]
    NotADatabase(PathBuf),
    /// The file is the database of another program.
    #[error("{0} is a SQLite database, but not one of vku-partnerships")]
    Foreign(PathBuf),
    /// The file has damaged pages, or rows that violate a foreign key.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first fault found.
        what: String,
    },
    /// The file was copied while a server was using it, without the writes in its write-ahead log.
    #[error(
        "there is a `-wal` file next to {0}, so {0} is not a complete copy; use a file created by `backup`"
    )]
    Partial(PathBuf),
    /// The file was written by a newer version of this program.
    #[error(
        "{path} was written by a newer version: its schema contains the migration `{step}`, which this \
         version does not know"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The first unknown migration.
        step: String,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
    /// The database reports an error.
    #[error("the database could not be copied: {0}")]
    Database(#[from] sqlx::Error),
}

/// Adds the path of the file to an I/O error.
fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |source| BackupError::File { path: path.to_owned(), source }
}

/// Copies the database to a new file that only its owner can read, and returns its size in bytes. Servers
/// keep writing during the copy, which contains everything that was committed before it began.
///
/// Errors: the target exists, or the copy does not pass the check. No target is created then.
pub async fn backup(url: &str, target: &Path) -> Result<u64, BackupError> {
    let path = path_of(url).ok_or(BackupError::NotSqlite)?;
    if !path.is_file() {
        return Err(BackupError::Nothing(path.to_owned()));
    }
    let path = resolved(path).map_err(at(path))?;
    let lock = FileLock::shared(&path).map_err(at(&path))?;
    let _lock = lock.ok_or_else(|| BackupError::Restoring(path.clone()))?;
    if target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(target.to_owned()));
    }
    // Created with mode 0600, and removed if a later step fails.
    let draft = NamedTempFile::new_in(folder_of(target)).map_err(at(target))?;
    let draft_path =
        draft.path().to_str().ok_or_else(|| at(target)(io::ErrorKind::InvalidFilename.into()))?;

    let mut database = open(SqliteConnectOptions::new().filename(&path)).await?;
    // One read transaction: the write-ahead log keeps its snapshot until the end.
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

/// Replaces the database with a backup, and returns the path under which the previous database is kept.
///
/// Errors: the database is in use, or the backup is damaged, not a database of this program, or of a newer
/// version. The database is unchanged then.
pub async fn restore(url: &str, source: &Path, now: DateTime<Utc>) -> Result<Option<PathBuf>, BackupError> {
    let path = path_of(url).ok_or(BackupError::NotSqlite)?;
    make_folder(folder_of(path)).map_err(at(path))?;
    let path = resolved(path).map_err(at(path))?;
    let lock = FileLock::try_exclusive(&path).map_err(at(&path))?;
    let _lock = lock.ok_or_else(|| BackupError::InUse(path.clone()))?;

    // The checked file is the one that is put in place: nobody can change it in between.
    let mut draft = NamedTempFile::new_in(folder_of(&path)).map_err(at(&path))?;
    let mut backup = File::open(source).map_err(at(source))?;
    if std::fs::metadata(sibling(source, "-wal")).is_ok_and(|log| log.len() > 0) {
        return Err(BackupError::Partial(source.to_owned()));
    }
    io::copy(&mut backup, &mut draft).map_err(at(source))?;
    check(draft.path(), source).await?;
    draft.as_file().sync_all().map_err(at(&path))?;

    let previous = copy_previous(&path, now).await?;
    // SQLite would replay a log without its database into the new one.
    for ending in ["-wal", "-shm", "-journal"] {
        let file = sibling(&path, ending);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&file)(error)),
            _ => {}
        }
    }
    sync_folder(&path)?;
    draft.persist(&path).map_err(|refused| at(&path)(refused.error))?;
    sync_folder(&path)?;
    Ok(previous)
}

/// Keeps the previous database under a second name, including the writes in its log.
async fn copy_previous(path: &Path, now: DateTime<Utc>) -> Result<Option<PathBuf>, BackupError> {
    if !path.exists() {
        return Ok(None);
    }
    ["", "-wal", "-journal"].iter().for_each(|ending| restrict_to_owner(&sibling(path, ending)));
    // If the server was killed, its log still holds writes; a checkpoint moves them into the database. A
    // database that is too damaged for a checkpoint is kept together with its log.
    if let Ok(mut old) = open(SqliteConnectOptions::new().filename(path)).await {
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut old).await;
        let _ = old.close().await;
    }
    let previous = sibling(path, &now.format(".before-restore-%Y%m%dT%H%M%SZ").to_string());
    for ending in ["", "-wal", "-journal"] {
        let (from, to) = (sibling(path, ending), sibling(&previous, ending));
        if !from.exists() {
            continue;
        }
        match std::fs::hard_link(&from, &to) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(at(&to)(error)),
            // Not every file system supports hard links.
            Err(_) => std::fs::copy(&from, &to).map(drop).map_err(at(&to))?,
        }
    }
    Ok(Some(previous))
}

async fn open(options: SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    options.busy_timeout(Duration::from_secs(5)).disable_statement_logging().connect().await
}

/// Checks a copy of a database; `name` is the original file, for error messages.
async fn check(copy: &Path, name: &Path) -> Result<(), BackupError> {
    let mut head = Vec::new();
    File::open(copy).and_then(|file| file.take(16).read_to_end(&mut head)).map_err(at(name))?;
    if head != b"SQLite format 3\0" {
        return Err(BackupError::NotADatabase(name.to_owned()));
    }
    let damaged = |what: String| BackupError::Damaged { path: name.to_owned(), what };
    let unreadable = |error: sqlx::Error| damaged(error.to_string());
    // Nobody else uses this copy, so SQLite needs no log and no locks, and leaves no files beside it.
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
    let is_known = |step: &String| MIGRATIONS.iter().any(|migration| migration.name == step);
    let steps = "SELECT version FROM seaql_migrations ORDER BY version";
    let steps: Vec<String> = match sqlx::query_scalar(steps).fetch_all(&mut copy).await {
        Ok(steps) if steps.iter().any(is_known) => steps,
        _ => return Err(BackupError::Foreign(name.to_owned())),
    };
    match steps.into_iter().find(|step| !is_known(step)) {
        Some(step) => Err(BackupError::Newer { path: name.to_owned(), step }),
        None => Ok(copy.close().await?),
    }
}

/// A new directory entry survives a power cut only if the folder is synced too.
fn sync_folder(file: &Path) -> Result<(), BackupError> {
    #[cfg(unix)]
    File::open(folder_of(file)).and_then(|folder| folder.sync_all()).map_err(at(file))?;
    Ok(())
}
