//! API keys: `vkp_<8 letters>_<43 letters>`. The SHA-256 of the whole key is stored, and its readable prefix
//! for the lookup.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};
use sea_orm::{Condition, FromQueryResult, IntoActiveModel, PaginatorTrait, QueryOrder};
use sha2::{Digest, Sha256};
use vku_domain::api_key::ApiKey;
use vku_domain::kernel::access::scope::Scopes;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::value::SingleLine;

use crate::kernel::database::error::failed;
use crate::kernel::database::retry::retry_on_broken_connection;
use crate::kernel::id::new_id;
use crate::kernel::store::Store;
use crate::kernel::transaction::Writer;

/// The prefix of API keys, by which secret scanners find them.
pub const PREFIX: &str = "vkp_";
/// The number of letters in the readable part: enough to distinguish all keys; the alphabet has no letters
/// that look alike.
const READABLE_LETTERS: usize = 8;
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// The maximum number of keys of an account that are not revoked.
const MAX_KEYS: u64 = 100;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "api_key")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account_id: Uuid,
        pub name: String,
        pub prefix: String,
        pub hash: Vec<u8>,
        pub scopes: String,
        pub created_at: DateTimeUtc,
        pub expires_at: Option<DateTimeUtc>,
        pub last_used_at: Option<DateTimeUtc>,
        pub revoked_at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A key that was found by its prefix, and is still to be compared.
#[derive(FromQueryResult)]
pub(crate) struct Found {
    pub(crate) key: Uuid,
    pub(crate) hash: Vec<u8>,
    pub(crate) scopes: String,
    pub(crate) expires_at: Option<DateTimeUtc>,
    pub(crate) last_used_at: Option<DateTimeUtc>,
}

impl Found {
    /// Adds the columns to a select.
    pub(crate) fn select(mut select: SelectStatement) -> SelectStatement {
        select
            .expr_as(Expr::col(("api_key", "id")), "key")
            .column(("api_key", "hash"))
            .column(("api_key", "scopes"))
            .column(("api_key", "expires_at"))
            .column(("api_key", "last_used_at"))
            .take()
    }
}

/// Returns the prefix and the hash of a key; `None` if it does not have the format of one.
pub(crate) fn parse_key(key: &str) -> Option<(&str, [u8; 32])> {
    let (readable, secret) = key.strip_prefix(PREFIX)?.split_once('_')?;
    let prefix = key.get(..PREFIX.len() + READABLE_LETTERS)?;
    let shaped =
        readable.len() == READABLE_LETTERS && URL_SAFE_NO_PAD.decode(secret).is_ok_and(|it| it.len() == 32);
    shaped.then(|| (prefix, Sha256::digest(key).into()))
}

/// Generates a new key, and returns it with its prefix.
fn generate() -> Result<(String, String), Error> {
    let (mut readable, mut secret) = ([0; READABLE_LETTERS], [0; 32]);
    getrandom::fill(&mut readable).map_err(Error::internal)?;
    getrandom::fill(&mut secret).map_err(Error::internal)?;
    let letter =
        |byte: &u8| ALPHABET.get(usize::from(*byte) % ALPHABET.len()).map(|letter| char::from(*letter));
    let prefix = format!("{PREFIX}{}", readable.iter().filter_map(letter).collect::<String>());
    Ok((format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(secret)), prefix))
}

/// Selects the keys of an account that are not revoked, including expired ones.
fn own(account: Uuid) -> Condition {
    Condition::all().add(row::Column::AccountId.eq(account)).add(row::Column::RevokedAt.is_null())
}

fn api_key(row: row::Model) -> ApiKey {
    let row::Model { id, name, prefix, scopes, created_at, expires_at, last_used_at, .. } = row;
    let scopes = scopes.split_whitespace().collect();
    ApiKey { id, name, prefix, scopes, created_at, expires_at, last_used_at }
}

impl Writer<'_> {
    /// Revokes all keys of an account.
    pub(crate) async fn revoke_api_keys(&self, account: Uuid) -> Result<(), Error> {
        let update =
            row::Entity::update_many().col_expr(row::Column::RevokedAt, Expr::val(self.written_at()));
        update.filter(own(account)).exec(self.tx()).await.map_err(failed)?;
        Ok(())
    }
}

impl Store {
    /// Creates a key for an account. The key itself is returned only here.
    ///
    /// Errors: 409 if the account has too many keys.
    pub async fn add_api_key(
        &self,
        account: Uuid,
        name: &SingleLine,
        scopes: &Scopes,
        expires_at: Option<DateTimeUtc>,
    ) -> Result<(ApiKey, String), Error> {
        let (key, prefix) = generate()?;
        self.in_own_transaction(async |writer| {
            let count = row::Entity::find().filter(own(account)).count(writer.tx()).await.map_err(failed)?;
            if count >= MAX_KEYS {
                let detail = vku_domain::bilingual!(
                    "An account can have at most {MAX_KEYS} API keys. Revoke a key first.",
                    "Ein Konto hat höchstens {MAX_KEYS} API-Schlüssel. Widerrufen Sie zuerst einen."
                );
                return Err(Error::new(Code::TooManyApiKeys, detail));
            }
            let row = row::Model {
                id: new_id(),
                account_id: account,
                name: name.to_string(),
                prefix,
                hash: Sha256::digest(&key).to_vec(),
                scopes: scopes.to_string(),
                created_at: writer.written_at(),
                expires_at,
                last_used_at: None,
                revoked_at: None,
            };
            let insert = row::Entity::insert(row.clone().into_active_model());
            insert.exec_without_returning(writer.tx()).await.map_err(failed)?;
            Ok((api_key(row), key))
        })
        .await
    }

    /// Returns the keys of an account that are not revoked, newest first.
    ///
    /// Errors: the database is unavailable.
    pub async fn api_keys(&self, account: Uuid) -> Result<Vec<ApiKey>, Error> {
        let select = row::Entity::find()
            .filter(own(account))
            .order_by_desc(row::Column::CreatedAt)
            .order_by_desc(row::Column::Id);
        let reading = self.database().reading();
        let rows = retry_on_broken_connection(|| select.clone().all(reading)).await.map_err(failed)?;
        Ok(rows.into_iter().map(api_key).collect())
    }

    /// Returns a key of an account.
    ///
    /// Errors: 404 if the account has no such key, or it is revoked.
    pub async fn api_key(&self, account: Uuid, id: Uuid) -> Result<ApiKey, Error> {
        let select = row::Entity::find_by_id(id).filter(own(account));
        let reading = self.database().reading();
        let found = retry_on_broken_connection(|| select.clone().one(reading)).await.map_err(failed)?;
        found.map(api_key).ok_or_else(Error::not_found)
    }

    /// Revokes a key of an account: it no longer works, and is no longer listed.
    ///
    /// Errors: 404 if the account has no such key, or it is revoked already.
    pub async fn revoke_api_key(&self, account: Uuid, id: Uuid) -> Result<(), Error> {
        let update = row::Entity::update_many()
            .col_expr(row::Column::RevokedAt, Expr::val(self.now()))
            .filter(own(account))
            .filter(row::Column::Id.eq(id));
        let revoked = async |writer: &mut Writer<'_>| update.exec(writer.tx()).await.map_err(failed);
        match self.in_own_transaction(revoked).await?.rows_affected {
            0 => Err(Error::not_found()),
            _ => Ok(()),
        }
    }

    /// Records that a key was used, unless a use after `since` has been recorded.
    pub(crate) async fn record_use(&self, id: Uuid, since: DateTimeUtc) -> Result<(), Error> {
        let column = Expr::col(row::Column::LastUsedAt);
        let update = row::Entity::update_many()
            .col_expr(row::Column::LastUsedAt, Expr::val(self.now()))
            .filter(row::Column::Id.eq(id))
            .filter(column.clone().is_null().or(column.lte(since)));
        update.exec(self.database().writing()).await.map(drop).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_key_has_a_prefix_and_a_hash() {
        let (key, prefix) = generate().unwrap();
        assert_eq!((key.len(), prefix.len()), (4 + 8 + 1 + 43, 12));
        let (found, hash) = parse_key(&key).unwrap();
        assert_eq!(found, prefix);
        assert_eq!(hash.as_slice(), Sha256::digest(&key).as_slice());
        assert_ne!(key, generate().unwrap().0);
        for bad in [
            "",
            "vkp_",
            "vkp_abcdefgh",
            "vkp_abcdefgh_",
            "vkp_ü_x",
            &key[..55],
            &format!("{key}A"),
            &key[4..],
        ] {
            assert!(parse_key(bad).is_none(), "{bad}");
        }
    }
}
