//! Keys that all instances share: made on first start, kept in the database, sealed with the secret file.

use std::sync::Arc;

use chacha20poly1305::aead::Generate;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::time::Clock;

use super::connect::Database;
use super::error::failed;
use super::seal::Secret;

/// The sealed keys of the database.
pub struct Keyring {
    database: Database,
    secret: Secret,
    clock: Arc<dyn Clock>,
}

impl Keyring {
    pub(crate) fn new(database: Database, secret: Secret, clock: Arc<dyn Clock>) -> Self {
        Self { database, secret, clock }
    }

    /// The key of that name; `make` makes it when there is none yet. Two instances that start at once get the same.
    ///
    /// Errors: the database is away, or the key was sealed with another secret.
    pub async fn get(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Vec<u8>, Error>,
    ) -> Result<Vec<u8>, Error> {
        if let Some(key) = self.find(name).await? {
            return Ok(key);
        }
        let sealed = self.secret.seal(name, &make()?).map_err(Error::internal)?;
        let insert = Query::insert()
            .into_table("sealed_key")
            .columns(["name", "sealed", "created_at"])
            .values_panic([name.into(), sealed.into(), self.clock.now().into()])
            .on_conflict(OnConflict::column("name").do_nothing().to_owned())
            .take();
        self.database.writing().execute(&insert).await.map_err(failed)?;
        self.find(name).await?.ok_or_else(|| Error::internal("a key that was just kept is not there"))
    }

    /// A random key of 32 bytes.
    ///
    /// Errors: as for [`Self::get`].
    pub async fn symmetric(&self, name: &str) -> Result<[u8; 32], Error> {
        let make = || <[u8; 32]>::try_generate().map(Vec::from).map_err(Error::internal);
        let key = self.get(name, make).await?;
        key.try_into().map_err(|_| Error::internal("a key has the wrong length"))
    }

    async fn find(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let select =
            Query::select().column("sealed").from("sealed_key").and_where(Expr::col("name").eq(name)).take();
        let row = self.database.writing().query_one(&select).await.map_err(failed)?;
        let sealed: Option<Vec<u8>> = row.map(|row| row.try_get("", "sealed")).transpose().map_err(failed)?;
        sealed.map(|sealed| self.secret.open(name, &sealed).map_err(Error::internal)).transpose()
    }
}
