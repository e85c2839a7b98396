//! Authentication: each request makes one query to check whether its credentials are still valid, and what
//! they allow. Nothing is cached: a login, key or account that another instance has ended, revoked or
//! disabled is refused from the response of that instance on, which no notification between instances could
//! guarantee.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ConnectionTrait, FromQueryResult};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use vku_domain::kernel::access::actor::{Actor, Role};
use vku_domain::kernel::error::Error;

use crate::api_key::{Found, parse_key};
use crate::kernel::codec::text;
use crate::kernel::database::error::failed;
use crate::kernel::database::retry::retry_on_broken_connection;
use crate::kernel::store::Store;

/// The precision of the last use of an API key: a write for every request would be too much.
const MINUTE: TimeDelta = TimeDelta::seconds(60);

/// An account, one row for each utility that it is bound to.
#[derive(FromQueryResult)]
struct Bound {
    id: Uuid,
    role: String,
    utility: Option<Uuid>,
}

/// Selects enabled accounts with the utilities that they are bound to; the caller joins the credentials.
fn enabled() -> SelectStatement {
    let utility = Expr::col(("utility", "id"))
        .equals(("user_party", "utility_id"))
        .and(Expr::col(("utility", "deleted_at")).is_null());
    Query::select()
        .column(("user", "id"))
        .column(("user", "role"))
        .expr_as(Expr::col(("utility", "id")), "utility")
        .from("user")
        .left_join("user_party", Expr::col(("user_party", "owner_id")).equals(("user", "id")))
        .left_join("utility", utility)
        .and_where(Expr::col(("user", "disabled")).eq(false))
        .and_where(Expr::col(("user", "deleted_at")).is_null())
        .take()
}

impl Store {
    /// Returns the actor of an access token with this account and login; `None` if the account is disabled or
    /// the login has ended.
    ///
    /// Errors: the database is unavailable.
    pub async fn caller_by_login(&self, account: Uuid, login: Uuid) -> Result<Option<Actor>, Error> {
        let now = self.now();
        let select = enabled()
            .inner_join("login", Expr::col(("login", "account_id")).equals(("user", "id")))
            .and_where(Expr::col(("user", "id")).eq(account))
            .and_where(Expr::col(("login", "id")).eq(login))
            .and_where(Expr::col(("login", "ended_at")).is_null())
            .and_where(Expr::col(("login", "expires_at")).gt(now))
            .take();
        let rows = self.rows(&select).await?;
        let bound = rows.iter().map(|row| Bound::from_query_result(row, "")).collect::<Result<Vec<_>, _>>();
        actor(bound.map_err(failed)?, now)
    }

    /// Returns the actor of an API key, and the id of the key; `None` if there is no such key, it has expired
    /// or was revoked, or its owner is disabled.
    ///
    /// Errors: the database is unavailable.
    pub async fn caller_by_key(&self, key: &str) -> Result<Option<(Actor, Uuid)>, Error> {
        let Some((prefix, hash)) = parse_key(key) else { return Ok(None) };
        let now = self.now();
        let select = Found::select(enabled())
            .inner_join("api_key", Expr::col(("api_key", "account_id")).equals(("user", "id")))
            .and_where(Expr::col(("api_key", "prefix")).eq(prefix))
            .and_where(Expr::col(("api_key", "revoked_at")).is_null())
            .take();
        let rows = self.rows(&select).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let found = Found::from_query_result(first, "").map_err(failed)?;
        let is_equal = bool::from(found.hash.as_slice().ct_eq(&hash));
        if !is_equal || found.expires_at.is_some_and(|end| end <= now) {
            return Ok(None);
        }
        let bound = rows.iter().map(|row| Bound::from_query_result(row, "")).collect::<Result<Vec<_>, _>>();
        let Some(actor) = actor(bound.map_err(failed)?, now)? else { return Ok(None) };
        let actor = Actor { scopes: Some(found.scopes.split_whitespace().collect()), ..actor };
        if found.last_used_at.is_none_or(|used| used + MINUTE <= now) {
            self.record_use_in_background(found.key, now - MINUTE);
        }
        Ok(Some((actor, found.key)))
    }

    /// Records the use in the background, so that the request does not wait for a write slot. One at a time:
    /// a key that is used meanwhile is recorded by its next request.
    fn record_use_in_background(&self, key: Uuid, since: DateTime<Utc>) {
        let Ok(slot) = self.background_writes().try_acquire_owned() else { return };
        let store = self.clone();
        tokio::spawn(async move {
            // A request must not fail because the last use could not be recorded.
            let _ = store.record_use(key, since).await;
            drop(slot);
        });
    }

    async fn rows(&self, select: &SelectStatement) -> Result<Vec<sea_orm::QueryResult>, Error> {
        retry_on_broken_connection(|| self.database().reading().query_all(select)).await.map_err(failed)
    }
}

fn actor(bound: Vec<Bound>, at: DateTime<Utc>) -> Result<Option<Actor>, Error> {
    let Some(first) = bound.first() else { return Ok(None) };
    let (account, role) = (first.id, text::<Role>(first.role.clone())?);
    let mut utilities = Vec::new();
    if matches!(role, Role::Member | Role::Partner) {
        utilities.extend(bound.into_iter().filter_map(|row| row.utility));
        utilities.sort_unstable();
    }
    Ok(Some(Actor { account: Some(account), role: Some(role), utilities, scopes: None, at }))
}
