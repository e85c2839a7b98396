//! `rotate-keys`: a new key for signing access tokens.

use vku_http::kernel::auth::token;

use crate::config::Config;
use crate::{CliError, bootstrap, print_line};

/// Creates a new key; running servers use it within a minute.
pub(crate) async fn rotate(config: &Config, at_once: bool) -> Result<(), CliError> {
    if config.jwt_key_file.is_some() && !at_once {
        return Err(CliError::new(
            "access tokens are signed with the key in VKU_JWT_KEY_FILE: replace that file and restart; use `--now` \
             to revoke the keys in the database, which still verify tokens",
        ));
    }
    let (_, keyring) = bootstrap::store(config).await?;
    token::rotate(&keyring, at_once).await.map_err(|error| CliError::new(error.to_string()))?;
    print_line(if at_once {
        "Access tokens are now signed with a new key; all other keys are revoked. Running servers pick this up within a minute."
    } else {
        "Created a new key, which will sign access tokens in ten minutes. The previous key still verifies tokens."
    })
}
