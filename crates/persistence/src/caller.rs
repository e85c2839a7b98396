//! Who asks, at every request: one query says whether the credentials still count, and what they allow. What it says is
//! remembered as long as nothing has been written, and a minute at most.

use chrono::{DateTime, TimeDelta, Utc};
use quick_cache::sync::Cache;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ConnectionTrait, FromQueryResult};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use vku_domain::kernel::access::{Actor, Role};
use vku_domain::kernel::error::Error;

use crate::api_key::{Found, opened};
use crate::kernel::connect::passing_over_broken;
use crate::kernel::error::failed;
use crate::kernel::store::Store;
use crate::kernel::table::text;

/// How exactly the last use of an API key is known: a write at every request would be too much.
const MINUTE: TimeDelta = TimeDelta::seconds(60);

/// How many callers are remembered; who is not is asked for again.
const REMEMBERED: usize = 10_000;

/// What somebody shows: a login of an account, or (the hash of) an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shown {
    Login(Uuid, Uuid),
    Key([u8; 32]),
}

/// Who showed it, in which generation, and from when until when that counts.
#[derive(Clone)]
struct Remembered {
    actor: Actor,
    key: Option<Uuid>,
    generation: u64,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// Who asked of late.
pub(crate) struct Callers(Cache<Shown, Remembered>);

impl Default for Callers {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Callers {
    /// Who showed it before, if that still counts in this generation.
    fn get(&self, shown: &Shown, generation: Option<u64>, now: DateTime<Utc>) -> Option<Remembered> {
        let generation = generation?;
        let known = self.0.get(shown)?;
        let counts = known.generation >= generation && (known.from..known.until).contains(&now);
        counts.then_some(Remembered { actor: Actor { at: now, ..known.actor }, ..known })
    }

    fn keep(&self, shown: Shown, known: Remembered) {
        self.0.insert(shown, known);
    }
}

/// An account, once for each utility that it is bound to.
#[derive(FromQueryResult)]
struct Bound {
    id: Uuid,
    role: String,
    utility: Option<Uuid>,
}

/// Enabled accounts with the utilities that they are bound to; what says that they ask is to be joined.
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
    /// Who asks with an access token of this account and login; `None` where the account is disabled, or the login has
    /// ended.
    ///
    /// Errors: the database is away.
    pub async fn caller_by_login(&self, account: Uuid, login: Uuid) -> Result<Option<Actor>, Error> {
        let (generation, now) = (self.generation().await, self.now());
        let shown = Shown::Login(account, login);
        if let Some(known) = self.callers().get(&shown, generation, now) {
            return Ok(Some(known.actor));
        }
        let select = enabled()
            .column(("login", "expires_at"))
            .inner_join("login", Expr::col(("login", "account_id")).equals(("user", "id")))
            .and_where(Expr::col(("user", "id")).eq(account))
            .and_where(Expr::col(("login", "id")).eq(login))
            .and_where(Expr::col(("login", "ended_at")).is_null())
            .and_where(Expr::col(("login", "expires_at")).gt(now))
            .take();
        let rows = self.rows(&select).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let end: DateTime<Utc> = first.try_get("", "expires_at").map_err(failed)?;
        let bound = rows.iter().map(|row| Bound::from_query_result(row, "")).collect::<Result<Vec<_>, _>>();
        let actor = actor(bound.map_err(failed)?, now)?;
        if let (Some(actor), Some(generation)) = (actor.clone(), generation) {
            let until = Ord::min(end, now + MINUTE);
            self.callers().keep(shown, Remembered { actor, key: None, generation, from: now, until });
        }
        Ok(actor)
    }

    /// Who asks with an API key, and the id of that key; `None` where there is no such key, it has expired or was
    /// revoked, or its owner is disabled.
    ///
    /// Errors: the database is away.
    pub async fn caller_by_key(&self, key: &str) -> Result<Option<(Actor, Uuid)>, Error> {
        let Some((prefix, hash)) = opened(key) else { return Ok(None) };
        let (generation, now) = (self.generation().await, self.now());
        let shown = Shown::Key(hash);
        if let Some(Remembered { actor, key: Some(key), .. }) = self.callers().get(&shown, generation, now) {
            return Ok(Some((actor, key)));
        }
        let select = Found::select(enabled())
            .inner_join("api_key", Expr::col(("api_key", "account_id")).equals(("user", "id")))
            .and_where(Expr::col(("api_key", "prefix")).eq(prefix))
            .and_where(Expr::col(("api_key", "revoked_at")).is_null())
            .take();
        let rows = self.rows(&select).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let found = Found::from_query_result(first, "").map_err(failed)?;
        let right = bool::from(found.hash.as_slice().ct_eq(&hash));
        if !right || found.expires_at.is_some_and(|end| end <= now) {
            return Ok(None);
        }
        let bound = rows.iter().map(|row| Bound::from_query_result(row, "")).collect::<Result<Vec<_>, _>>();
        let Some(actor) = actor(bound.map_err(failed)?, now)? else { return Ok(None) };
        let actor = Actor { scopes: Some(found.scopes.split_whitespace().collect()), ..actor };
        // Remembered until its use is to be noted again.
        match (found.last_used_at.map(|used| used + MINUTE), generation) {
            (Some(due), Some(generation)) if now < due => {
                let until = Ord::min(found.expires_at.map_or(due, |end| Ord::min(end, due)), now + MINUTE);
                let (actor, key) = (actor.clone(), Some(found.key));
                self.callers().keep(shown, Remembered { actor, key, generation, from: now, until });
            }
            (Some(due), None) if now < due => {}
            _ => self.note_use_aside(found.key, now - MINUTE),
        }
        Ok(Some((actor, found.key)))
    }

    /// Beside the request, which is not to wait for its turn to write; one at a time: whoever comes while another is
    /// being noted is noted by its next request.
    fn note_use_aside(&self, key: Uuid, since: DateTime<Utc>) {
        let Ok(turn) = self.noting().try_acquire_owned() else { return };
        let store = self.clone();
        tokio::spawn(async move {
            // When a key was last used is worth no failure.
            let _ = store.note_use(key, since).await;
            drop(turn);
        });
    }

    async fn rows(&self, select: &SelectStatement) -> Result<Vec<sea_orm::QueryResult>, Error> {
        passing_over_broken(|| self.database().reading().query_all(select)).await.map_err(failed)
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
