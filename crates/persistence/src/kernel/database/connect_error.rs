//! Why no connection could be made.

use std::path::PathBuf;

/// Why no connection could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The scheme of the URL is unknown.
    #[error(
        "the database URL must begin with `sqlite://` or `postgres://`; SQLite needs a file, without \
         parameters after `?`"
    )]
    Url,
    /// The database does not respond in time.
    #[error(
        "the database does not respond; check that the server is running and that the address is correct"
    )]
    Away,
    /// The URL is invalid, or the server refuses the connection.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] sqlx::Error),
    /// The SQLite file or its folder cannot be created.
    #[error("the folder of the database file, or the file itself, cannot be created: {0}")]
    Folder(#[from] std::io::Error),
    /// The lock files beside the SQLite file cannot be created or locked.
    #[error("the lock file next to {path} cannot be used: {source}")]
    Lock {
        /// The database file.
        path: PathBuf,
        /// The I/O error.
        source: std::io::Error,
    },
    /// The SQLite file is being restored.
    #[error("{0} is being restored; start again when the restore is finished")]
    Restoring(PathBuf),
}
