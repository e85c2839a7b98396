//! Tickets for the stream of changes: browsers cannot send credentials with it, so they put a ticket into the URL.
//!
//! A ticket is sealed and not stored. When it is used, its id is stored until it expires, so that no instance accepts it
//! again.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;

use crate::kernel::database::error::failed;
use crate::kernel::id::new_id;
use crate::kernel::store::Store;

/// How long a ticket is valid.
const LIFETIME: TimeDelta = TimeDelta::seconds(30);
const CONTEXT: &[u8] = b"event ticket";
const TABLE: &str = "event_ticket";

impl Store {
    /// Returns a ticket for a login, and when it expires.
    ///
    /// Errors: none in practice.
    pub fn event_ticket(&self, account: Uuid, login: Uuid) -> Result<(String, DateTime<Utc>), Error> {
        let until = self.now() + LIFETIME;
        let at = until.timestamp_micros().to_be_bytes();
        let payload = [new_id().as_bytes().as_slice(), account.as_bytes(), login.as_bytes(), &at].concat();
        let ticket = self.token_key().seal(CONTEXT, &payload);
        Ok((ticket.ok_or_else(|| Error::internal("a ticket that is too long"))?, until))
    }

    /// Uses a ticket, and returns its account, its login and the actor; `None` if it is none of ours, is expired or used,
    /// or its login has ended.
    ///
    /// Errors: the database is unavailable.
    pub async fn use_event_ticket(&self, ticket: &str) -> Result<Option<(Uuid, Uuid, Actor)>, Error> {
        let payload = self.token_key().unseal(CONTEXT, ticket);
        let Some(([id, account, login], until)) = payload.as_deref().and_then(read) else { return Ok(None) };
        let now = self.now();
        if now >= until {
            return Ok(None);
        }
        let is_new = self
            .in_own_transaction(async |writer| {
                let expired =
                    Query::delete().from_table(TABLE).and_where(Expr::col("expires_at").lte(now)).take();
                writer.tx().execute(&expired).await.map_err(failed)?;
                let insert = Query::insert()
                    .into_table(TABLE)
                    .columns(["id", "expires_at"])
                    .values_panic([id.into(), until.into()])
                    .on_conflict(OnConflict::column("id").do_nothing().to_owned())
                    .take();
                let inserted = writer.tx().execute(&insert).await.map_err(failed)?;
                Ok(inserted.rows_affected() == 1)
            })
            .await?;
        if !is_new {
            return Ok(None);
        }
        let actor = self.caller_by_login(account, login).await?;
        Ok(actor.map(|actor| (account, login, actor)))
    }
}

/// Reads the id, the account, the login, and the end.
fn read(payload: &[u8]) -> Option<([Uuid; 3], DateTime<Utc>)> {
    let (id, rest) = payload.split_first_chunk::<16>()?;
    let (account, rest) = rest.split_first_chunk::<16>()?;
    let (login, until) = rest.split_first_chunk::<16>()?;
    let until = DateTime::from_timestamp_micros(i64::from_be_bytes(until.try_into().ok()?))?;
    Some(([id, account, login].map(|bytes| Uuid::from_bytes(*bytes)), until))
}
