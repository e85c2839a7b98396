//! Staging: how a large import lets others write in between and is still all or nothing.
//!
//! New rows are written in short transactions and are hidden: their `deleted_at` is [`staged_at`], so nobody
//! sees them, as with deleted rows. Their changes are stored in the table `import_change`. The last
//! transaction publishes all rows: it checks again that the resources they refer to exist, clears
//! `deleted_at`, and appends the changes to the log. Rows that change existing resources are also written in
//! the last transaction.
//!
//! If an import fails, its hidden rows are deleted in batches. If its process dies, the next process that
//! opens the store or lists imports deletes them: a staging is alive as long as its lock is held.
//!
//! A dry run does the same, except that each of its transactions is rolled back.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement, TransactionOptions,
};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::any::AnyResource;
use vku_domain::kernel::resource::reference::Key;

use crate::kernel::database::error::failed;
use crate::kernel::database::job_lock::JobLock;
use crate::kernel::database::retry::begin;
use crate::kernel::id::new_id;
use crate::kernel::read::load::{load, select};
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::child_rows::ChildRows;
use crate::kernel::table::country_index;
use crate::kernel::transaction::change_log::{NewChange, staged};
use crate::kernel::transaction::connection::Connection;
use crate::kernel::transaction::reindexed::Reindexed;
use crate::kernel::transaction::staging::Staging;
use crate::kernel::transaction::staging::staged_at;
use crate::kernel::transaction::{Writer, begin_write, change_log};
use crate::kernel::write::code_lists;

/// How many rows one transaction takes before others get their turn.
const BATCH: usize = 1_000;
/// How long an import then leaves a SQLite file unlocked: waiting processes retry a few times per second.
const PAUSE: Duration = Duration::from_millis(25);
/// How many hidden rows are deleted at a time.
const REMOVE_BATCH: u64 = 500;
/// How many ids one statement asks for.
const CHUNK: usize = 10_000;

impl Staging {
    /// Publishes all rows, in the transaction that is about to be committed.
    ///
    /// Errors: 409 if a resource that a row refers to has been deleted.
    pub(crate) async fn publish(&self, tx: &Connection) -> Result<(), Error> {
        if tx.get_database_backend() == DatabaseBackend::Postgres {
            tx.execute_unprepared("SET LOCAL statement_timeout = 0").await.map_err(failed)?;
        }
        for (resource, ids) in &self.references {
            let ids: Vec<_> = ids.iter().copied().collect();
            for chunk in ids.chunks(CHUNK) {
                let select = Query::select()
                    .column("id")
                    .from(*resource)
                    .and_where(Expr::col("id").is_in(chunk.iter().copied()))
                    .and_where(Expr::col("deleted_at").is_null())
                    .lock(LockType::Share)
                    .take();
                if tx.query_all(&select).await.map_err(failed)?.len() < chunk.len() {
                    return Err(target_deleted());
                }
            }
        }
        for (resource, codes) in &self.codes {
            let codes: Vec<_> = codes.iter().map(String::as_str).collect();
            for chunk in codes.chunks(CHUNK) {
                if code_lists::live_codes(tx, resource, Some(chunk)).await?.len() < chunk.len() {
                    return Err(target_deleted());
                }
            }
        }
        let ids =
            "SELECT resource_id FROM import_change WHERE staging_id = $1 AND resource = $2 AND action = $3";
        let publish = format!("UPDATE \"{}\" SET deleted_at = NULL WHERE id IN ({ids})", self.resource);
        let values = [self.id.into(), self.resource.into(), ChangeAction::Created.to_string().into()];
        let publish =
            Statement::from_sql_and_values(tx.get_database_backend(), publish, values.iter().cloned());
        tx.execute_raw(publish).await.map_err(failed)?;
        country_index::publish(tx, AnyTable::find(self.resource)?, ids, &values).await?;
        change_log::append_staged(tx, self.id).await
    }
}

fn target_deleted() -> Error {
    let detail = bilingual!(
        "A resource that the rows refer to has been deleted in the meantime; import the file again.",
        "Etwas, worauf die Zeilen verweisen, wurde inzwischen gelöscht; importieren Sie die Datei noch einmal."
    );
    Error::new(Code::PlanMoved, detail)
}

impl Writer<'_> {
    /// Stages the rows that this write imports from now on; with `hides`, new rows are hidden.
    ///
    /// Errors: the database is unavailable, or its folder is not writable.
    pub(crate) async fn stage(&mut self, table: &AnyTable, hides: bool) -> Result<(), Error> {
        let id = new_id();
        let alive = JobLock::acquire(self.database(), id).await?;
        *self.staging_mut() = Some(Staging {
            id,
            resource: table.name(),
            _alive: alive,
            hides,
            has_committed: false,
            rolls_back: self.writing().dry_run,
            staged: 0,
            first: None,
            in_batch: 0,
            references: BTreeMap::new(),
            codes: BTreeMap::new(),
            claimed: HashMap::new(),
        });
        Ok(())
    }

    /// Ends a batch of an import: flushes its changes from memory, and lets others write. If `is_doomed`,
    /// nothing will be published, and later batches are rolled back.
    ///
    /// Errors: the database is unavailable.
    pub fn end_batch<'a>(&'a mut self, is_doomed: bool) -> LocalBoxFuture<'a, Result<(), Error>> {
        async move {
            // Words that are written together cost the less, the more they are: each page of the index once.
            if self.staging().is_none_or(|staging| staging.hides && staging.in_batch < BATCH) {
                return Ok(());
            }
            self.flush().await?;
            let is_postgres = self.tx().get_database_backend() == DatabaseBackend::Postgres;
            let Some(staging) = self.staging_mut().as_mut().filter(|staging| staging.hides) else {
                return Ok(());
            };
            let rolls_back = staging.rolls_back;
            staging.in_batch = 0;
            staging.has_committed |= !rolls_back;
            staging.rolls_back |= is_doomed;
            // Between two batches, the writer has a transaction that only reads.
            let reading =
                begin(self.database().reading(), TransactionOptions::default()).await.map_err(failed)?;
            let written = self.exchange(Connection::writing(reading, None));
            match rolls_back {
                true => written.rollback().await,
                false => written.commit().await,
            }
            .map_err(failed)?;
            self.release_write_slot();
            if !is_postgres {
                tokio::time::sleep(PAUSE).await;
            }
            self.acquire_write_slot().await;
            let writing = begin_write(self.database()).await.map_err(failed)?;
            self.exchange(writing).rollback().await.map_err(failed)
        }
        .boxed_local()
    }

    /// Begins the last transaction, in which rows are not hidden and may change existing resources.
    pub fn end_hiding(&mut self) {
        if let Some(staging) = self.staging_mut() {
            staging.hides = false;
        }
    }

    /// Publishes staged rows, if there are any.
    pub(crate) async fn publish(&mut self) -> Result<(), Error> {
        self.flush().await?;
        match self.staging() {
            Some(staging) => staging.publish(self.tx()).await,
            None => Ok(()),
        }
    }

    /// Stages the recorded changes, and indexes the recorded words.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        if self.staging().is_none() {
            return Ok(());
        }
        let (changes, indexed) = self.take_recorded();
        let count = changes.len();
        let Some(staging) = self.staging_mut() else { return Ok(()) };
        let (id, from) = (staging.id, i64::try_from(staging.staged).unwrap_or(i64::MAX));
        staging.staged += count;
        staging.first = staging.first.take().or_else(|| changes.first().map(NewChange::mark));
        if staging.rolls_back {
            return Ok(());
        }
        crate::kernel::search::write(self.tx(), indexed).await?;
        change_log::stage(self.tx(), id, from, changes).await
    }

    /// Records the references of a hidden row, which are checked again when it is published.
    pub(crate) fn record_hidden(
        &mut self,
        table: &AnyTable,
        id: Uuid,
        data: &mut dyn AnyResource,
        links: &ChildRows,
    ) {
        let Some(staging) = self.staging_mut().as_mut().filter(|staging| staging.hides) else { return };
        data.references(&mut |pending| {
            let named = pending.link.summary.as_ref().map(|summary| summary.id);
            let id = named.or(match pending.link.key {
                Key::Id(id) => Some(id),
                Key::Slug(_) => None,
            });
            staging.references.entry(pending.resource).or_default().extend(id);
        });
        for codes in table.code_lists {
            let words = links.words(codes.set).map(str::to_owned);
            staging.codes.entry(codes.of).or_default().extend(words);
        }
        if let Some(slug) = data.slug().filter(|_| staging.rolls_back) {
            staging.claimed.insert(slug, id);
        }
    }

    /// Deletes some hidden rows of an abandoned import; returns whether there may be more.
    pub(crate) async fn remove_hidden(
        &mut self,
        table: &'static AnyTable,
        staging_id: Uuid,
    ) -> Result<bool, Error> {
        let of_this = staged::Column::StagingId.eq(staging_id).and(staged::Column::Resource.eq(table.name()));
        let changes = staged::Entity::find()
            .select_only()
            .column(staged::Column::Number)
            .column(staged::Column::ResourceId)
            .filter(of_this.clone())
            .order_by_asc(staged::Column::Number)
            .limit(REMOVE_BATCH)
            .into_tuple::<(i64, Uuid)>();
        let changes = changes.all(self.tx()).await.map_err(failed)?;
        let Some((last, _)) = changes.last() else { return Ok(false) };
        let ids: HashSet<Uuid> = changes.iter().map(|(_, id)| *id).collect();
        let hidden = select(table, self)
            .and_where(table.column("id").is_in(ids))
            .and_where(table.column("deleted_at").eq(staged_at()))
            .take();
        let hidden = load(table, self, &hidden).await?.into_items();
        let ids: Vec<Uuid> = hidden.iter().map(|stored| stored.id()).collect();
        for stored in &hidden {
            self.reindex(Reindexed::removed(stored.id(), stored.data()));
        }
        let children = table.child_tables().map(|table| (table, "owner_id"));
        let slugs = table.resource.has_slug.then(|| ("slug".to_owned(), "resource_id"));
        for (table, key) in children.chain(slugs).chain([(table.name().to_owned(), "id")]) {
            let ids = Expr::col(key).is_in(ids.iter().copied());
            let delete = Query::delete().from_table(table).and_where(ids).take();
            self.tx().execute(&delete).await.map_err(failed)?;
        }
        let done = of_this.and(staged::Column::Number.lte(*last));
        staged::Entity::delete_many().filter(done).exec(self.tx()).await.map_err(failed)?;
        Ok(true)
    }
}
