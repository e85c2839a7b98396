//! Opens the database and the store, as configured.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use vku_domain::kernel::clock::SystemClock;
use vku_domain::kernel::error::Code;
use vku_http::kernel::auth::token::{SigningKey, SigningKeyCache};
use vku_persistence::kernel::crypto::encryption::Secret;
use vku_persistence::kernel::crypto::keyring::Keyring;
use vku_persistence::kernel::database::Database;
use vku_persistence::kernel::database::sqlite_file::make_folder;
use vku_persistence::kernel::store::Store;

use crate::CliError;
use crate::config::Config;

/// The audience of access tokens.
const AUDIENCE: &str = "vku-partnerships";

/// Connects to the database.
///
/// Boxed, so that its code is compiled once.
pub(crate) fn connected(config: &Config) -> LocalBoxFuture<'_, Result<Database, CliError>> {
    Box::pin(async {
        let url = config.database_url()?;
        let variable = config.database_variable();
        Database::connect(&url).await.map_err(|error| CliError::new(format!("{variable}: {error}")))
    })
}

/// Connects to the database and migrates it to the current schema.
pub(crate) async fn migrated(config: &Config) -> Result<Database, CliError> {
    let database = connected(config).await?;
    database.migrate().await?;
    Ok(database)
}

/// Opens the store and its keyring.
///
/// Boxed, so that its code is compiled once.
pub(crate) fn store(config: &Config) -> LocalBoxFuture<'_, Result<(Store, Keyring), CliError>> {
    Box::pin(async {
        config.public_url()?;
        config.smtp()?;
        let file = secret_place(config)?;
        let secret = secret_in(config, &file)?;
        let database = migrated(config).await?;
        Store::open(database, secret, Arc::new(SystemClock)).await.map_err(|error| match error.code {
            Code::Internal => CliError::new(format!(
                "{}: the keys in the database are encrypted with a different secret from the one in {}",
                config.secret_variable(),
                file.display()
            )),
            _ => error.into(),
        })
    })
}

/// Returns the path of the secret file, and creates its folder.
fn secret_place(config: &Config) -> Result<PathBuf, CliError> {
    let file = config.secret_file();
    if let Some(folder) = file.parent() {
        let variable = config.secret_variable();
        make_folder(folder).map_err(|error| {
            CliError::new(format!("{variable}: {} cannot be created: {error}", folder.display()))
        })?;
    }
    Ok(file)
}

fn secret_in(config: &Config, file: &Path) -> Result<Secret, CliError> {
    let variable = config.secret_variable();
    Secret::open_or_create(file).map_err(|error| CliError::new(format!("{variable}: {error}")))
}

/// Checks the configuration as far as possible without changing the schema, and connects to the database.
pub(crate) async fn checked(config: &Config) -> Result<Database, CliError> {
    config.public_url()?;
    config.smtp()?;
    config.jwt_key_file.as_deref().map(key_of).transpose()?;
    let secret = secret_place(config)?;
    if secret.exists() {
        secret_in(config, &secret)?;
    }
    connected(config).await
}

fn key_of(file: &Path) -> Result<SigningKey, CliError> {
    let wrong = |error: String| CliError::new(format!("VKU_JWT_KEY_FILE {}: {error}", file.display()));
    let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    SigningKey::from_pem(&pem).map_err(|error| wrong(error.to_string()))
}

/// Loads the keys that sign access tokens: from the key file, or from the database.
pub(crate) async fn token_keys(config: &Config, keyring: Keyring) -> Result<SigningKeyCache, CliError> {
    let file = config.jwt_key_file.as_deref().map(key_of).transpose()?;
    Ok(SigningKeyCache::open(keyring, file, config.public_url()?, AUDIENCE.to_owned()).await?)
}
