//! A SQLite database as a file: where it lies, who may read it, and which processes use it.
//!
//! Two lock files stand beside it, and stay: whoever removed one could lock another than the next who looks. The locks
//! themselves belong to the operating system, which releases them when a process ends, however it ends.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The path in a URL of SQLite; `None` where it is of another kind, or names no file.
pub(crate) fn path_of(url: &str) -> Option<&Path> {
    let named = |path: &&str| !path.is_empty() && *path != ":memory:" && !path.contains('?');
    url.strip_prefix("sqlite://").filter(named).map(Path::new)
}

/// The folder that a file lies in.
pub(crate) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file beside another, named after it.
pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    name.into()
}

/// Makes a folder, and those above it, where they are missing: only their owner may enter them.
///
/// Errors: the file system refuses.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// How a file is opened that only its owner may read, where it is made.
fn private() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the database file where it is missing, for its owner only: SQLite gives its log the same mode. What an older
/// version left open to others is closed to them.
///
/// Errors: it cannot be made.
pub(crate) fn keep_private(database: &Path) -> io::Result<()> {
    match private().create_new(true).open(database) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    for ending in ["", "-wal", "-shm", ".lock", ".start.lock"] {
        close_to_others(&beside(database, ending));
    }
    Ok(())
}

/// Takes from everybody but the owner what they may do with a file, if it is there.
pub(crate) fn close_to_others(file: &Path) {
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

/// The one name of a file that may not be there yet: two ways to it must not lead to two locks.
///
/// Errors: its folder is not there, or it has no name.
pub(crate) fn resolved(file: &Path) -> io::Result<PathBuf> {
    match file.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = file.file_name().ok_or(io::ErrorKind::InvalidInput)?;
            Ok(folder_of(file).canonicalize()?.join(name))
        }
        resolved => resolved,
    }
}

/// A lock on a database, until it is dropped.
#[derive(Debug)]
pub(crate) struct FileLock(#[allow(dead_code, reason = "what is locked is the open file")] File);

impl FileLock {
    /// For everybody who opens the database; `None` while somebody has it alone.
    pub(crate) fn shared(database: &Path) -> io::Result<Option<Self>> {
        let file = lock_file(database, ".lock")?;
        let locked = file.try_lock_shared();
        held(file, locked)
    }

    /// For who replaces the file; `None` while anybody uses the database.
    pub(crate) fn alone(database: &Path) -> io::Result<Option<Self>> {
        let file = lock_file(database, ".lock")?;
        let locked = file.try_lock();
        held(file, locked)
    }

    /// The turn of those who start at once: one after the other they make the file, and bring its schema up to date.
    pub(crate) async fn acquire(database: &Path) -> io::Result<Self> {
        let file = lock_file(database, ".start.lock")?;
        let waiting = tokio::task::spawn_blocking(move || file.lock().map(|()| Self(file)));
        waiting.await.map_err(io::Error::other)?
    }
}

fn held(file: File, locked: Result<(), TryLockError>) -> io::Result<Option<FileLock>> {
    match locked {
        Ok(()) => Ok(Some(FileLock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Opened for reading where it is there, which is enough for a lock: another account may have made it.
fn lock_file(database: &Path, ending: &str) -> io::Result<File> {
    let path = beside(database, ending);
    match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            private().create(true).truncate(false).open(&path)
        }
        opened => opened,
    }
}
