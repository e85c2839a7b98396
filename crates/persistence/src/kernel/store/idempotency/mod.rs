//! Idempotency keys: the response to a request is stored, and a repeated request gets the stored response
//! instead of doing the work again.
//!
//! The response is written in the transaction of the work, so that both are committed or neither is. While
//! the work runs, its key is claimed: within this process by a set, so that a concurrent duplicate is refused
//! at once; between processes by a PostgreSQL advisory lock that ends with the transaction, or on SQLite by
//! the single writer. A duplicate never waits for an uncommitted row.
//!
//! A stored response may contain personal data. It expires after a day: some expired responses are deleted
//! along with some new ones, and [`Store::delete_responses`] deletes responses at any time.

mod key;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, Order, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseBackend, EntityTrait, IntoActiveModel, QueryFilter,
    QueryTrait, Statement,
};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::violation::Violations;

use self::key::Hash;
pub use self::key::IdempotencyKey;
use super::Store;
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::transaction::{WriteContext, Writer};

/// How long a response is stored.
const RETENTION: TimeDelta = TimeDelta::hours(24);
/// Expired responses are deleted with one in this many new ones, which saves the others a statement.
const SWEEP_INTERVAL: u32 = 8;
/// How many expired responses are deleted then: more than have been added since.
const SWEEP_LIMIT: u64 = 32;
/// After how many seconds a client should repeat a request that is still running.
const RETRY_SECONDS: u32 = 1;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "answer")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: Vec<u8>,
        pub account_id: Uuid,
        pub request: Vec<u8>,
        pub at: DateTimeUtc,
        pub resource_id: Option<Uuid>,
        pub status: i64,
        pub tag: Option<String>,
        pub location: Option<String>,
        pub media_type: String,
        pub body: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The response to a request that writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResponse {
    /// The HTTP status, always a success.
    pub status: u16,
    /// The entity tag.
    pub tag: Option<String>,
    /// The `Location` of a created resource.
    pub location: Option<String>,
    /// The media type of the body.
    pub media_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The keys whose work runs in this process, and the number of responses stored by it.
#[derive(Clone, Default)]
pub(crate) struct InFlightKeys(Arc<Mutex<HashSet<Hash>>>, Arc<AtomicU32>);

/// A claimed key; released when dropped.
pub struct InFlightGuard {
    key: IdempotencyKey,
    running: InFlightKeys,
}

impl InFlightKeys {
    fn take(&self, key: IdempotencyKey) -> Result<InFlightGuard, Error> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !running.insert(key.key) {
            return Err(key_in_use());
        }
        drop(running);
        Ok(InFlightGuard { key, running: self.clone() })
    }

    /// Whether some expired responses are to be deleted now.
    fn sweeps(&self) -> bool {
        self.1.fetch_add(1, Relaxed).is_multiple_of(SWEEP_INTERVAL)
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key.key);
    }
}

fn key_in_use() -> Error {
    let detail = bilingual!(
        "A request with this `Idempotency-Key` is still running; try again in a moment.",
        "Eine Anfrage mit diesem `Idempotency-Key` läuft noch; senden Sie sie gleich noch einmal."
    );
    Error { retry_after: Some(RETRY_SECONDS), ..Error::new(Code::IdempotencyKeyInUse, detail) }
}

fn key_reused() -> Error {
    let detail = bilingual!(
        "This `Idempotency-Key` was used for another request.",
        "Dieser `Idempotency-Key` wurde mit einer anderen Anfrage gesendet."
    );
    let mut violations = Violations::default();
    violations.header("Idempotency-Key", "reused", detail.clone());
    Error::with_violations(Code::IdempotencyKeyReused, detail, violations)
}

impl Store {
    /// Executes `work` once for a key: returns its response, or the stored response of the first time, and
    /// whether it is the stored one. A dry run ignores the key.
    ///
    /// Errors: those of `work`, which do not use up the key; 409 while the work of the key is running; 422 if
    /// the key was used for another request.
    pub async fn write_idempotent(
        &self,
        writing: &WriteContext<'_>,
        key: Option<IdempotencyKey>,
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<StoredResponse, Error>,
    ) -> Result<(StoredResponse, bool), Error> {
        let guard = key.filter(|_| !writing.dry_run).map(|key| self.claim_key(key)).transpose()?;
        self.write_in_flight(writing, guard.as_ref(), work).await
    }

    /// Claims the key of a request whose work begins later.
    ///
    /// Errors: 409 while the work of the key is running.
    pub fn claim_key(&self, key: IdempotencyKey) -> Result<InFlightGuard, Error> {
        self.running().take(key)
    }

    /// The same as [`Self::write_idempotent`] for a key that is already claimed.
    ///
    /// Errors: those of `work`; 409 while the work of the key is running in another process; 422 if the key
    /// was used for another request.
    pub async fn write_in_flight(
        &self,
        writing: &WriteContext<'_>,
        guard: Option<&InFlightGuard>,
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<StoredResponse, Error>,
    ) -> Result<(StoredResponse, bool), Error> {
        let Some(InFlightGuard { key, .. }) = guard else {
            return Ok((self.write(writing, work).await?, false));
        };
        self.write(writing, async |writer| {
            if let Some(response) = writer.stored_response(key).await? {
                return Ok((response, true));
            }
            let response = work(writer).await?;
            writer.store_response(key, &response, self.running().sweeps());
            Ok((response, false))
        })
        .await
    }

    /// Deletes all stored responses to an account, or about a resource, and returns their number. A request
    /// that is repeated afterwards is executed again.
    ///
    /// Errors: the database is unavailable.
    pub async fn delete_responses(&self, account_or_thing: Uuid) -> Result<u64, Error> {
        let condition = Condition::any()
            .add(row::Column::AccountId.eq(account_or_thing))
            .add(row::Column::ResourceId.eq(account_or_thing));
        let deleted = row::Entity::delete_many().filter(condition).exec(self.database().writing()).await;
        Ok(deleted.map_err(failed)?.rows_affected)
    }
}

impl Writer<'_> {
    /// Returns the stored response for the key.
    async fn stored_response(&self, key: &IdempotencyKey) -> Result<Option<StoredResponse>, Error> {
        if self.tx().get_database_backend() == DatabaseBackend::Postgres {
            // A separate statement: the snapshot of the next one is taken after the lock has been acquired.
            let lock = Statement::from_sql_and_values(
                DatabaseBackend::Postgres,
                "SELECT pg_try_advisory_xact_lock($1, $2) AS locked",
                key.lock().map(Into::into),
            );
            let locked = self.tx().query_one_raw(lock).await.map_err(failed)?;
            let locked = locked.map(|row| row.try_get::<bool>("", "locked")).transpose().map_err(failed)?;
            if locked != Some(true) {
                return Err(key_in_use());
            }
        }
        let found = row::Entity::find_by_id(key.key.to_vec()).one(self.tx()).await.map_err(failed)?;
        let Some(found) = found else { return Ok(None) };
        if found.at + RETENTION <= self.written_at() {
            row::Entity::delete_by_id(found.key).exec(self.tx()).await.map_err(failed)?;
            return Ok(None);
        }
        if found.request != key.request {
            return Err(key_reused());
        }
        let row::Model { status, tag, location, media_type, body, .. } = found;
        let status = u16::try_from(status).map_err(|_| Corrupt::from("an invalid status"))?;
        Ok(Some(StoredResponse { status, tag, location, media_type, body }))
    }

    /// Stores a response just before the commit; with `sweeps`, deletes some expired ones.
    fn store_response(&mut self, key: &IdempotencyKey, answer: &StoredResponse, sweeps: bool) {
        let backend = self.tx().get_database_backend();
        let StoredResponse { status, tag, location, media_type, body } = answer.clone();
        let row = row::Model {
            key: key.key.to_vec(),
            account_id: key.account,
            request: key.request.to_vec(),
            at: self.written_at(),
            resource_id: self.changed(),
            status: status.into(),
            tag,
            location,
            media_type,
            body,
        };
        self.defer(row::Entity::insert(row.into_active_model()).build(backend));
        if !sweeps {
            return;
        }
        // Skip rows that another writer is about to delete, so that nobody waits.
        let expired = Query::select()
            .column(row::Column::Key)
            .from(row::Entity)
            .and_where(Expr::col(row::Column::At).lte(self.written_at() - RETENTION))
            .order_by(row::Column::At, Order::Asc)
            .limit(SWEEP_LIMIT)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .take();
        self.defer(row::Entity::delete_many().filter(row::Column::Key.in_subquery(expired)).build(backend));
    }
}
