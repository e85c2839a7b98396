//! Logins: each is a family of refresh tokens, issued one after the other.
//!
//! Refresh tokens are not stored: a token is the signed id of the login with a counter. The counter in the
//! row shows which token is the current one. If a used token is presented again, the login ends, because two
//! parties have the token.

use chrono::TimeDelta;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{Condition, IntoActiveModel, QueryOrder, QuerySelect};
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::InputSource;

use super::account::SigningIn;
use super::refresh_token_reuse::ReusedLogin;
use crate::kernel::database::error::failed;
use crate::kernel::database::retry::retry_on_broken_connection;
use crate::kernel::id::new_id;
use crate::kernel::store::Store;
use crate::kernel::transaction::{WriteContext, Writer};

/// How long a login stays valid after its last refresh.
const IDLE_TIMEOUT: TimeDelta = TimeDelta::days(30);
/// The maximum lifetime of a login, however often it is refreshed.
const LIFETIME: TimeDelta = TimeDelta::days(90);
/// How long the previous refresh token is still accepted: a response may be lost, and two tabs may refresh at
/// the same time.
const GRACE_PERIOD: TimeDelta = TimeDelta::seconds(10);
/// How long a login that has ended or expired is stored.
const RETENTION: TimeDelta = TimeDelta::days(1);
/// The maximum number of logins that are listed for an account.
const MAX_LISTED: u64 = 100;

/// The prefix of refresh tokens, by which secret scanners find them.
const PREFIX: &str = "vkr_";
const CONTEXT: &[u8] = b"refresh";

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "login")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub account_id: Uuid,
        pub counter: i64,
        pub created_at: DateTimeUtc,
        pub last_used_at: DateTimeUtc,
        pub rotated_at: Option<DateTimeUtc>,
        pub expires_at: DateTimeUtc,
        pub ended_at: Option<DateTimeUtc>,
        pub client: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A login, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// UUIDv7.
    pub id: Uuid,
    /// When the user signed in.
    pub created_at: DateTimeUtc,
    /// When the login was last refreshed.
    pub last_used_at: DateTimeUtc,
    /// When the login ends, unless it is refreshed before.
    pub expires_at: DateTimeUtc,
    /// The client program, as it calls itself.
    pub client: String,
}

/// The tokens of a login. No `Debug`: it contains a credential.
pub struct IssuedTokens {
    /// The id of the login.
    pub login: Uuid,
    /// The account of the login.
    pub account: Uuid,
    /// The role of the account.
    pub role: Role,
    /// The current refresh token.
    pub refresh_token: String,
    /// When the login ends, unless it is refreshed before.
    pub expires_at: DateTimeUtc,
}

impl Store {
    /// Begins a login for an account whose password has been verified; `None` if the account was disabled or
    /// its password changed in the meantime.
    ///
    /// Errors: the database is unavailable.
    pub async fn begin_login(
        &self,
        account: &SigningIn,
        client: &str,
    ) -> Result<Option<IssuedTokens>, Error> {
        self.in_own_transaction(async |writer| {
            let Some(role) = writer.lock_unchanged_account(account).await? else { return Ok(None) };
            let at = writer.written_at();
            let row = row::Model {
                id: new_id(),
                account_id: account.id,
                counter: 1,
                created_at: at,
                last_used_at: at,
                rotated_at: None,
                expires_at: at + IDLE_TIMEOUT,
                ended_at: None,
                client: client.to_owned(),
            };
            let expired = Condition::any()
                .add(row::Column::ExpiresAt.lt(at - RETENTION))
                .add(row::Column::EndedAt.lt(at - RETENTION));
            let sweep =
                row::Entity::delete_many().filter(row::Column::AccountId.eq(account.id)).filter(expired);
            sweep.exec(writer.tx()).await.map_err(failed)?;
            let tokens = self.issue_tokens(&row, role);
            row::Entity::insert(row.into_active_model())
                .exec_without_returning(writer.tx())
                .await
                .map_err(failed)?;
            Ok(Some(tokens))
        })
        .await
    }

    /// Refreshes a login: returns the next refresh token for the current one. For the previous token it
    /// returns the current one during ten seconds. Any other token ends the login, which is recorded in the
    /// audit log and the server log, and mailed to the account. `None` if the token is not valid.
    ///
    /// Errors: the database is unavailable.
    pub async fn refresh_login(&self, token: &str, request_id: &str) -> Result<Option<IssuedTokens>, Error> {
        let Some((login, counter)) = self.open_refresh_token(token) else { return Ok(None) };
        let operator = Actor::operator(self.now());
        let writing =
            WriteContext { actor: &operator, request_id, dry_run: false, origin: InputSource::Request };
        self.write(&writing, async |writer| {
            let at = writer.written_at();
            let select = row::Entity::find_by_id(login).lock(LockType::Update);
            let found = select.one(writer.tx()).await.map_err(failed)?;
            let open = |row: &row::Model| row.ended_at.is_none() && at < row.expires_at;
            let Some(mut row) = found.filter(open) else { return Ok(None) };
            let Some(role) = writer.role_of(row.account_id).await? else { return Ok(None) };
            let in_grace_period = row.rotated_at.is_some_and(|rotated| at < rotated + GRACE_PERIOD);
            if counter == row.counter {
                row.counter += 1;
                (row.last_used_at, row.rotated_at) = (at, Some(at));
                row.expires_at = Ord::min(at + IDLE_TIMEOUT, row.created_at + LIFETIME);
                let tokens = self.issue_tokens(&row, role);
                let update = row::Entity::update_many()
                    .col_expr(row::Column::Counter, Expr::val(row.counter))
                    .col_expr(row::Column::LastUsedAt, Expr::val(at))
                    .col_expr(row::Column::RotatedAt, Expr::val(at))
                    .col_expr(row::Column::ExpiresAt, Expr::val(row.expires_at))
                    .filter(row::Column::Id.eq(login));
                update.exec(writer.tx()).await.map_err(failed)?;
                return Ok(Some(tokens));
            }
            if in_grace_period && counter + 1 == row.counter {
                return Ok(Some(self.issue_tokens(&row, role)));
            }
            writer.end_logins(row::Column::Id.eq(login).into()).await?;
            let row::Model { id, account_id, created_at, client, .. } = row;
            writer.record_reuse(&ReusedLogin { id, account: account_id, created_at, client }).await?;
            Ok(None)
        })
        .await
    }

    /// Returns the login of a refresh token, even if the login has ended; `None` if we did not issue the
    /// token.
    pub fn login_of(&self, refresh_token: &str) -> Option<Uuid> {
        self.open_refresh_token(refresh_token).map(|(login, _)| login)
    }

    /// Ends a login; does nothing if it has already ended.
    ///
    /// Errors: the database is unavailable.
    pub async fn end_login(&self, login: Uuid) -> Result<(), Error> {
        self.in_own_transaction(async |writer| {
            writer.end_logins(row::Column::Id.eq(login).into()).await.map(drop)
        })
        .await
    }

    /// Ends a login of this account.
    ///
    /// Errors: 404 if the account has no such open login.
    pub async fn revoke_login(&self, account: Uuid, login: Uuid) -> Result<(), Error> {
        let own = Condition::all()
            .add(row::Column::Id.eq(login))
            .add(row::Column::AccountId.eq(account))
            .add(row::Column::ExpiresAt.gt(self.now()));
        match self.in_own_transaction(async |writer| writer.end_logins(own).await).await? {
            0 => Err(Error::not_found()),
            _ => Ok(()),
        }
    }

    /// Returns the open logins of an account, newest first, at most a hundred.
    ///
    /// Errors: the database is unavailable.
    pub async fn logins(&self, account: Uuid) -> Result<Vec<Login>, Error> {
        let select = row::Entity::find()
            .filter(row::Column::AccountId.eq(account))
            .filter(row::Column::EndedAt.is_null())
            .filter(row::Column::ExpiresAt.gt(self.now()))
            .order_by_desc(row::Column::CreatedAt)
            .order_by_desc(row::Column::Id)
            .limit(MAX_LISTED);
        let reading = self.database().reading();
        let rows = retry_on_broken_connection(|| select.clone().all(reading)).await.map_err(failed)?;
        let login = |row: row::Model| {
            let row::Model { id, created_at, last_used_at, expires_at, client, .. } = row;
            Login { id, created_at, last_used_at, expires_at, client }
        };
        Ok(rows.into_iter().map(login).collect())
    }

    /// Sets another password for the account, and ends all its logins except one; returns `false` if the
    /// account has changed in the meantime.
    ///
    /// Errors: the database is unavailable.
    pub async fn change_password(&self, account: &SigningIn, hash: &str, keep: Uuid) -> Result<bool, Error> {
        self.in_own_transaction(async |writer| {
            if writer.lock_unchanged_account(account).await?.is_none() {
                return Ok(false);
            }
            writer.set_password(account.id, hash).await?;
            let others =
                Condition::all().add(row::Column::AccountId.eq(account.id)).add(row::Column::Id.ne(keep));
            writer.end_logins(others).await?;
            Ok(true)
        })
        .await
    }

    /// Sets a password that an administrator has chosen; ends the logins and revokes the API keys of the
    /// account.
    ///
    /// Errors: the database is unavailable.
    pub async fn reset_password_of(&self, account: Uuid, hash: &str) -> Result<(), Error> {
        self.in_own_transaction(async |writer| {
            writer.lock_account(account).await?;
            writer.set_password(account, hash).await?;
            writer.revoke_all_logins(account).await
        })
        .await
    }

    fn issue_tokens(&self, row: &row::Model, role: Role) -> IssuedTokens {
        let payload = [row.id.as_bytes().as_slice(), &row.counter.to_be_bytes()].concat();
        IssuedTokens {
            login: row.id,
            account: row.account_id,
            role,
            refresh_token: format!("{PREFIX}{}", self.token_key().sign(CONTEXT, &payload)),
            expires_at: row.expires_at,
        }
    }

    fn open_refresh_token(&self, token: &str) -> Option<(Uuid, i64)> {
        let payload = self.token_key().open(CONTEXT, token.strip_prefix(PREFIX)?)?;
        let (login, counter) = payload.split_first_chunk::<16>()?;
        Some((Uuid::from_bytes(*login), i64::from_be_bytes(counter.try_into().ok()?)))
    }
}

impl Writer<'_> {
    /// Ends all logins and revokes all API keys of an account, so that stolen ones are worthless.
    pub(crate) async fn revoke_all_logins(&self, account: Uuid) -> Result<(), Error> {
        self.end_logins(Condition::all().add(row::Column::AccountId.eq(account))).await?;
        self.revoke_api_keys(account).await
    }

    async fn end_logins(&self, which: Condition) -> Result<u64, Error> {
        let update = row::Entity::update_many()
            .col_expr(row::Column::EndedAt, Expr::val(self.written_at()))
            .filter(row::Column::EndedAt.is_null())
            .filter(which);
        Ok(update.exec(self.tx()).await.map_err(failed)?.rows_affected)
    }
}
