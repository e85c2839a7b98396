//! A SQLite database as a file: its path, its permissions, and the processes that use it.
//!
//! Two lock files are created beside it and never deleted: a process that deleted one could hold a lock on
//! another file than the next process. The locks belong to the operating system, which releases them when a
//! process ends, however it ends.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Returns the path of a SQLite URL; `None` if the URL has another scheme or names no file.
pub(crate) fn path_of(url: &str) -> Option<&Path> {
    let named = |path: &&str| !path.is_empty() && *path != ":memory:" && !path.contains('?');
    url.strip_prefix("sqlite://").filter(named).map(Path::new)
}

/// Returns the folder of a file.
pub(crate) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns the path of a file in the same folder, with a suffix.
pub(crate) fn sibling(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    name.into()
}

/// Creates a folder and its parents if they are missing, accessible only to the owner.
///
/// Errors: the file system reports an error.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Options to open a file that only its owner can access if it is created.
fn private() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates the database file if it is missing, for its owner only: SQLite gives its log the same mode.
/// Removes the access of others to files that an older version created.
///
/// Errors: the file cannot be created.
pub(crate) fn keep_private(database: &Path) -> io::Result<()> {
    match private().create_new(true).open(database) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    for ending in ["", "-wal", "-shm", ".lock", ".start.lock"] {
        restrict_to_owner(&sibling(database, ending));
    }
    Ok(())
}

/// Removes all permissions of others than the owner, if the file exists.
pub(crate) fn restrict_to_owner(file: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let Ok(found) = std::fs::metadata(file) else { return };
        let mode = found.permissions().mode() & 0o7777;
        if mode & 0o077 == 0 {
            return;
        }
        let closed = std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode & 0o700));
        let (file, mode) = (file.display(), format!("{mode:04o}"));
        match closed {
            Ok(()) => {
                tracing::info!(%file, mode, "a file was accessible to other users; now only its owner can read it")
            }
            Err(error) => tracing::warn!(%file, mode, %error, "a file is accessible to other users"),
        }
    }
}

/// Returns the canonical path of a file that may not exist yet: two paths to one file must not lead to two
/// locks.
///
/// Errors: the folder does not exist, or the path has no file name.
pub(crate) fn resolved(file: &Path) -> io::Result<PathBuf> {
    match file.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = file.file_name().ok_or(io::ErrorKind::InvalidInput)?;
            Ok(folder_of(file).canonicalize()?.join(name))
        }
        resolved => resolved,
    }
}

/// A lock on a database; released when dropped.
#[derive(Debug)]
pub(crate) struct FileLock(#[allow(dead_code, reason = "the open file holds the lock")] File);

impl FileLock {
    /// Acquires a shared lock, for a process that opens the database; `None` while another has the exclusive
    /// lock.
    pub(crate) fn shared(database: &Path) -> io::Result<Option<Self>> {
        let file = lock_file(database, ".lock")?;
        let locked = file.try_lock_shared();
        file_lock(file, locked)
    }

    /// Acquires the exclusive lock, for a process that replaces the file; `None` while the database is in
    /// use.
    pub(crate) fn try_exclusive(database: &Path) -> io::Result<Option<Self>> {
        let file = lock_file(database, ".lock")?;
        let locked = file.try_lock();
        file_lock(file, locked)
    }

    /// Acquires the start lock: processes that start at the same time create the file and migrate its schema
    /// one after the other.
    pub(crate) async fn acquire(database: &Path) -> io::Result<Self> {
        let file = lock_file(database, ".start.lock")?;
        let waiting = tokio::task::spawn_blocking(move || file.lock().map(|()| Self(file)));
        waiting.await.map_err(io::Error::other)?
    }
}

fn file_lock(file: File, locked: Result<(), TryLockError>) -> io::Result<Option<FileLock>> {
    match locked {
        Ok(()) => Ok(Some(FileLock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Opens an existing lock file for reading, which is enough for a lock: it may belong to another user.
fn lock_file(database: &Path, ending: &str) -> io::Result<File> {
    let path = sibling(database, ending);
    match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            private().create(true).truncate(false).open(&path)
        }
        opened => opened,
    }
}
