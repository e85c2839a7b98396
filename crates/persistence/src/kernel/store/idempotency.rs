//! Answers that are kept for their idempotency keys: a request that is sent again is answered again, and nothing is done
//! twice.
//!
//! The answer is written in the transaction of its work, so that both are there or neither. While the work runs its key
//! is taken: in this process it stands in a set, so that a twin is told at once and waits for nobody; between processes
//! PostgreSQL has an advisory lock that ends with the transaction, and SQLite one writer. A twin never waits for a row
//! that is not committed.
//!
//! What is kept may be personal data. It goes after a day, some expired ones with some of the new ones, and at any time by
//! [`Store::forget_answers`].

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, Order, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseBackend, EntityTrait, IntoActiveModel, QueryFilter,
    Statement,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::violation::Violations;

use super::Store;
use crate::kernel::database::error::{Corrupt, failed};
use crate::kernel::transaction::{WriteContext, Writer};

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// With one new one in how many some expired ones go: a statement less for the others.
const SWEEPS: u32 = 8;
/// How many expired ones go then: more than have come.
const SWEPT: u64 = 32;
/// After how many seconds it is worth to ask for the answer of a request that is still running.
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

/// What a request that writes is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResponse {
    /// The HTTP status: a success.
    pub status: u16,
    /// The entity tag.
    pub tag: Option<String>,
    /// Where what was made is found.
    pub location: Option<String>,
    /// The media type of the body.
    pub media_type: String,
    /// The body.
    pub body: Vec<u8>,
}

type Hash = [u8; 32];

/// A request that is to be done once: whose it is, its key, and what is asked for.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    account: Uuid,
    key: Hash,
    request: Hash,
}

impl IdempotencyKey {
    /// The request under this key. Those without an account do not share their keys: a key counts for them together with
    /// the request, so that nobody is refused for the key of a stranger. `request` is all that makes it this one, in parts. What the actor may do belongs to it: an answer is not for an API key that may see less of it, nor for an
    /// account that meanwhile may.
    pub fn new(actor: &Actor, key: &str, request: &[&[u8]]) -> Self {
        let account = actor.account.unwrap_or_default();
        let role = actor.role.map(|role| role.to_string()).unwrap_or_default();
        let utilities: Vec<u8> = actor.utilities.iter().flat_map(|id| *id.as_bytes()).collect();
        let scopes = actor.scopes.as_ref().map(|scopes| format!("only {scopes}")).unwrap_or_default();
        let rights = [role.as_bytes(), &utilities, scopes.as_bytes()];
        let request = hash(rights.into_iter().chain(request.iter().copied()));
        let strangers = actor.account.is_none().then_some(request.as_slice());
        let key = hash([account.as_bytes().as_slice(), key.as_bytes()].into_iter().chain(strangers));
        Self { account, key, request }
    }

    /// For PostgreSQL's locks of two numbers, which are apart from those of one.
    fn lock(&self) -> [i32; 2] {
        let [a, b, c, d, e, f, g, h, ..] = self.key;
        [i32::from_be_bytes([a, b, c, d]), i32::from_be_bytes([e, f, g, h])]
    }
}

/// The lengths in front keep a byte from moving from one part to the next under the same hash.
fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Hash {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The keys whose work runs in this process, and how many answers it has kept.
#[derive(Clone, Default)]
pub(crate) struct InFlightKeys(Arc<Mutex<HashSet<Hash>>>, Arc<AtomicU32>);

/// A request whose key is taken, until this is dropped.
pub struct InFlightGuard {
    once: IdempotencyKey,
    running: InFlightKeys,
}

impl InFlightKeys {
    fn take(&self, once: IdempotencyKey) -> Result<InFlightGuard, Error> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !running.insert(once.key) {
            return Err(key_in_use());
        }
        drop(running);
        Ok(InFlightGuard { once, running: self.clone() })
    }

    /// Whether some expired answers are to go with the one that is kept now.
    fn sweeps(&self) -> bool {
        self.1.fetch_add(1, Relaxed).is_multiple_of(SWEEPS)
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.once.key);
    }
}

fn key_in_use() -> Error {
    let detail = bilingual!(
        "A request with this `Idempotency-Key` is still running; repeat the request in a moment.",
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
    /// Writes what is answered, once for a key: answers with what `work` did, or with what it did the first time, and
    /// whether it is that. In a rehearsal a key means nothing.
    ///
    /// Errors: those of `work`, which use up no key; 409 while the key's work runs; 422 where the key belongs to another
    /// request.
    pub async fn write_idempotent(
        &self,
        writing: &WriteContext<'_>,
        once: Option<IdempotencyKey>,
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<StoredResponse, Error>,
    ) -> Result<(StoredResponse, bool), Error> {
        let taken = once.filter(|_| !writing.dry_run).map(|once| self.claim_key(once)).transpose()?;
        self.write_in_flight(writing, taken.as_ref(), work).await
    }

    /// Takes the key of a request, whose work may begin later.
    ///
    /// Errors: 409 while the key's work runs.
    pub fn claim_key(&self, once: IdempotencyKey) -> Result<InFlightGuard, Error> {
        self.running().take(once)
    }

    /// The same as [`Self::write_idempotent`], of a request whose key is taken.
    ///
    /// Errors: those of `work`; 409 while the key's work runs elsewhere; 422 where the key belongs to another request.
    pub async fn write_in_flight(
        &self,
        writing: &WriteContext<'_>,
        taken: Option<&InFlightGuard>,
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<StoredResponse, Error>,
    ) -> Result<(StoredResponse, bool), Error> {
        let Some(InFlightGuard { once, .. }) = taken else {
            return Ok((self.write(writing, work).await?, false));
        };
        self.write(writing, async |writer| {
            if let Some(answer) = writer.stored_response(once).await? {
                return Ok((answer, true));
            }
            let answer = work(writer).await?;
            writer.store_response(once, &answer, self.running().sweeps()).await?;
            Ok((answer, false))
        })
        .await
    }

    /// Erases all answers to an account, or about a thing; answers how many there were. A request that was answered with
    /// one of them and is sent again is done again.
    ///
    /// Errors: the database is away.
    pub async fn forget_answers(&self, account_or_thing: Uuid) -> Result<u64, Error> {
        let its = Condition::any()
            .add(row::Column::AccountId.eq(account_or_thing))
            .add(row::Column::ResourceId.eq(account_or_thing));
        let deleted = row::Entity::delete_many().filter(its).exec(self.database().writing()).await;
        Ok(deleted.map_err(failed)?.rows_affected)
    }
}

impl Writer<'_> {
    /// The answer that is kept for the key.
    async fn stored_response(&self, once: &IdempotencyKey) -> Result<Option<StoredResponse>, Error> {
        if self.tx().get_database_backend() == DatabaseBackend::Postgres {
            // A statement of its own: what the next one sees is decided when that begins, with the lock held.
            let lock = Statement::from_sql_and_values(
                DatabaseBackend::Postgres,
                "SELECT pg_try_advisory_xact_lock($1, $2) AS locked",
                once.lock().map(Into::into),
            );
            let locked = self.tx().query_one_raw(lock).await.map_err(failed)?;
            let locked = locked.map(|row| row.try_get::<bool>("", "locked")).transpose().map_err(failed)?;
            if locked != Some(true) {
                return Err(key_in_use());
            }
        }
        let found = row::Entity::find_by_id(once.key.to_vec()).one(self.tx()).await.map_err(failed)?;
        let Some(found) = found else { return Ok(None) };
        if found.at + KEPT <= self.written_at() {
            row::Entity::delete_by_id(found.key).exec(self.tx()).await.map_err(failed)?;
            return Ok(None);
        }
        if found.request != once.request {
            return Err(key_reused());
        }
        let row::Model { status, tag, location, media_type, body, .. } = found;
        let status = u16::try_from(status).map_err(|_| Corrupt::from("a status that is none"))?;
        Ok(Some(StoredResponse { status, tag, location, media_type, body }))
    }

    /// Keeps an answer; where it sweeps, some go that have expired.
    async fn store_response(
        &self,
        once: &IdempotencyKey,
        answer: &StoredResponse,
        sweeps: bool,
    ) -> Result<(), Error> {
        let StoredResponse { status, tag, location, media_type, body } = answer.clone();
        let row = row::Model {
            key: once.key.to_vec(),
            account_id: once.account,
            request: once.request.to_vec(),
            at: self.written_at(),
            resource_id: self.changed(),
            status: status.into(),
            tag,
            location,
            media_type,
            body,
        };
        let insert = row::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.tx()).await.map_err(failed)?;
        if !sweeps {
            return Ok(());
        }
        // Those that another writer is about to delete are left to it, so that nobody waits.
        let expired = Query::select()
            .column(row::Column::Key)
            .from(row::Entity)
            .and_where(Expr::col(row::Column::At).lte(self.written_at() - KEPT))
            .order_by(row::Column::At, Order::Asc)
            .limit(SWEPT)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .take();
        let sweep = row::Entity::delete_many().filter(row::Column::Key.in_subquery(expired));
        sweep.exec(self.tx()).await.map(drop).map_err(failed)
    }
}
