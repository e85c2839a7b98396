//! `backup` and `restore`: copying a SQLite database to a file, and back.

use std::path::PathBuf;
use vku_domain::kernel::clock::{Clock, SystemClock};

use vku_domain::kernel::access::actor::Actor;
use vku_persistence::kernel::database::backup;
use vku_persistence::kernel::database::backup::BackupError;
use vku_persistence::tables;

use crate::config::Config;
use crate::{CliError, bootstrap, print_line};

impl From<BackupError> for CliError {
    fn from(error: BackupError) -> Self {
        Self::new(error.to_string())
    }
}

/// `backup <file>`.
pub(crate) async fn backup(config: &Config, target: PathBuf) -> Result<(), CliError> {
    let size = backup::backup(&config.database_url()?, &target).await?;
    let secret = config.secret_file();
    print_line(format!(
        "{} contains the whole database ({size} bytes), and has been read back and verified. Also keep a copy of \
         {} elsewhere: the keys in the backup are encrypted with it.",
        target.display(),
        secret.display()
    ))
}

/// `restore <file>`.
pub(crate) async fn restore(config: &Config, source: PathBuf) -> Result<(), CliError> {
    let previous = backup::restore(&config.database_url()?, &source, SystemClock.now()).await?;
    let previous = match previous {
        Some(previous) => format!(" The previous database is kept as {}.", previous.display()),
        None => String::new(),
    };
    print_line(format!("{} has been restored.{previous}", source.display()))?;
    // Opened as a server opens it: the schema is migrated, and the secret file must be the right one.
    let (store, _) = bootstrap::store(config).await?;
    let mut counts = Vec::new();
    let operator = Actor::operator(store.now());
    for table in tables() {
        let count = table.all().count(&store.read(&operator).await?, None).await?;
        counts.push(format!("{count} {}", table.collection()));
    }
    print_line(format!("The database contains {}.", counts.join(", ")))?;
    let database = store.database().clone();
    database
        .close()
        .await
        .map_err(|error| CliError::new(format!("the database did not close cleanly: {error}")))
}
