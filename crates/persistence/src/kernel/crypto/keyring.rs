//! Keys that all instances share: created on the first start, and stored in the database, encrypted with the
//! secret file.

use std::sync::Arc;

use chacha20poly1305::aead::Generate;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, LockType, OnConflict, Order, Query};
use sea_orm::{ConnectionTrait, QueryResult};
use vku_domain::kernel::clock::Clock;
use vku_domain::kernel::error::Error;

use super::encryption::Secret;
use crate::kernel::database::Database;
use crate::kernel::database::error::failed;
use crate::kernel::database::retry::{begin, immediate, retry_on_broken_connection};

/// A key of a kind of which there are several.
pub struct StoredKey {
    /// The name of its row.
    pub name: String,
    /// The key. No `Debug`: it is a secret.
    pub key: Vec<u8>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

/// The encrypted keys of the database.
#[derive(Clone)]
pub struct Keyring {
    database: Database,
    secret: Secret,
    clock: Arc<dyn Clock>,
}

impl Keyring {
    pub(crate) fn new(database: Database, secret: Secret, clock: Arc<dyn Clock>) -> Self {
        Self { database, secret, clock }
    }

    /// Returns the key with this name, or creates it with `make` if there is none. Two instances that start
    /// at the same time get the same key.
    ///
    /// Errors: the database is unavailable, or the key was encrypted with a different secret.
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
        self.find(name).await?.ok_or_else(|| Error::internal("a key that was just stored is missing"))
    }

    /// Returns a random key of 32 bytes.
    ///
    /// Errors: as for [`Self::get`].
    pub async fn symmetric(&self, name: &str) -> Result<[u8; 32], Error> {
        let make = || <[u8; 32]>::try_generate().map(Vec::from).map_err(Error::internal);
        let key = self.get(name, make).await?;
        key.try_into().map_err(|_| Error::internal("a key has the wrong length"))
    }

    /// The current instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Returns the keys of a kind, newest first: the row with the name of the kind, and the rows whose names
    /// begin with the kind and `:`.
    ///
    /// Errors: as for [`Self::get`].
    pub async fn all(&self, kind: &str) -> Result<Vec<StoredKey>, Error> {
        self.select(self.database.reading(), kind, false).await
    }

    /// Replaces keys of a kind. `decide` gets the existing keys, newest first, and returns how many of them
    /// stay, and the name and the bytes of a new key, or `None` to change nothing. Concurrent calls wait.
    ///
    /// Errors: as for [`Self::get`], and those of `decide`.
    pub async fn replace(
        &self,
        kind: &str,
        decide: impl FnOnce(&[StoredKey]) -> Result<Option<(usize, String, Vec<u8>)>, Error>,
    ) -> Result<(), Error> {
        let tx = begin(self.database.writing(), immediate()).await.map_err(failed)?;
        // The first select waits for the row locks; the second one sees what the other transaction has
        // committed.
        self.select(&tx, kind, true).await?;
        let keys = self.select(&tx, kind, false).await?;
        let Some((stay, name, key)) = decide(&keys)? else {
            return tx.rollback().await.map_err(failed);
        };
        for old in keys.iter().skip(stay) {
            let delete = Query::delete()
                .from_table("sealed_key")
                .and_where(Expr::col("name").eq(old.name.as_str()))
                .take();
            tx.execute(&delete).await.map_err(failed)?;
        }
        let name = format!("{kind}:{name}");
        let sealed = self.secret.seal(&name, &key).map_err(Error::internal)?;
        let insert = Query::insert()
            .into_table("sealed_key")
            .columns(["name", "sealed", "created_at"])
            .values_panic([name.into(), sealed.into(), self.clock.now().into()])
            .take();
        tx.execute(&insert).await.map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    async fn select(
        &self,
        database: &impl ConnectionTrait,
        kind: &str,
        lock: bool,
    ) -> Result<Vec<StoredKey>, Error> {
        let named = Expr::col("name").eq(kind).or(Expr::col("name").like(format!("{kind}:%")));
        let mut select = Query::select()
            .columns(["name", "sealed", "created_at"])
            .from("sealed_key")
            .and_where(named)
            .order_by("created_at", Order::Desc)
            .order_by("name", Order::Desc)
            .take();
        if lock {
            select.lock(LockType::Update);
        }
        let rows = retry_on_broken_connection(|| database.query_all(&select)).await.map_err(failed)?;
        let read_key = |row: &QueryResult| {
            let name: String = row.try_get("", "name").map_err(failed)?;
            let sealed: Vec<u8> = row.try_get("", "sealed").map_err(failed)?;
            let created_at = row.try_get("", "created_at").map_err(failed)?;
            let key = self.secret.open(&name, &sealed).map_err(Error::internal)?;
            Ok(StoredKey { name, key, created_at })
        };
        rows.iter().map(read_key).collect()
    }

    async fn find(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let select =
            Query::select().column("sealed").from("sealed_key").and_where(Expr::col("name").eq(name)).take();
        let row = self.database.writing().query_one(&select).await.map_err(failed)?;
        let sealed: Option<Vec<u8>> = row.map(|row| row.try_get("", "sealed")).transpose().map_err(failed)?;
        sealed.map(|sealed| self.secret.open(name, &sealed).map_err(Error::internal)).transpose()
    }
}
