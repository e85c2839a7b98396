//! Writes the JSON of resources beside their rows, in the background: soon after a write, and whenever a read has found
//! that it is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, QueryResult};
use tokio::sync::{Mutex as AsyncMutex, Notify};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;

use super::Store;
use crate::kernel::database::error::failed;
use crate::kernel::id::padded_ids;
use crate::kernel::read::load::{hydrate, select};
use crate::kernel::read::stored_json::OUTDATED;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::json_row::{self, BUILD, JsonRow, TABLE};
use crate::kernel::transaction::{Reader, begin_write};
use crate::kernel::write::outdated_json::lock_marking;
use crate::tables;

/// How many resources one transaction takes: others wait for it.
const BATCH: usize = 64;
/// How many ids wait at most; more are found again by a scan.
const MAX_WAITING: usize = 20_000;
/// The time between two rounds, so that writes that follow each other share a transaction.
const INTERVAL: Duration = Duration::from_millis(100);
/// The time after a round that has failed.
const RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// Whether the derived fields of a row depend on the day.
const DEPENDS_ON_DAY: &str = "depends_on_day";

/// The resources whose JSON is to be written.
#[derive(Default)]
pub(crate) struct JsonQueue {
    waiting: Mutex<Waiting>,
    changed: Notify,
    /// Held while the JSON that waits is written: it is missing until then, though it no longer waits.
    writing: AsyncMutex<()>,
}

#[derive(Default)]
struct Waiting {
    ids: BTreeMap<&'static str, BTreeSet<Uuid>>,
    /// Whether JSON has been marked as outdated.
    has_outdated: bool,
    /// The resources of which any JSON may be missing.
    scans: BTreeSet<&'static str>,
}

impl JsonQueue {
    fn with<R>(&self, change: impl FnOnce(&mut Waiting) -> R) -> R {
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds resources that were changed, or whose JSON is missing.
    pub(crate) fn add(&self, resource: &'static str, ids: impl IntoIterator<Item = Uuid>) {
        if !stores_json(resource) {
            return;
        }
        self.with(|waiting| {
            let of_resource = waiting.ids.entry(resource).or_default();
            of_resource.extend(ids);
            if of_resource.len() > MAX_WAITING {
                waiting.ids.remove(resource);
                waiting.scans.insert(resource);
            }
        });
        self.changed.notify_one();
    }

    /// Adds all resources whose JSON is outdated.
    pub(super) fn add_outdated(&self) {
        self.with(|waiting| waiting.has_outdated = true);
        self.changed.notify_one();
    }

    /// Adds all resources of a kind whose JSON is missing.
    pub(super) fn add_missing(&self, resource: &'static str) {
        if stores_json(resource) {
            self.with(|waiting| waiting.scans.insert(resource));
            self.changed.notify_one();
        }
    }
}

fn stores_json(resource: &str) -> bool {
    AnyTable::find(resource).is_ok_and(|table| table.stores_json)
}

impl Store {
    /// The resources whose JSON is to be written.
    pub(crate) fn json_queue(&self) -> &JsonQueue {
        &self.json
    }

    /// Writes the JSON of resources that change from now on, and all that is missing, for as long as it is polled.
    pub async fn write_json_in_background(self) {
        self.add_all_missing();
        loop {
            self.json.changed.notified().await;
            let interval = match self.write_waiting_json().await {
                Ok(()) => INTERVAL,
                // Resources are read from their rows, and what was to be written is found again by these reads.
                Err(error) => {
                    tracing::warn!(source = ?error.source, "the JSON of resources cannot be stored now");
                    RETRY_INTERVAL
                }
            };
            tokio::time::sleep(interval).await;
        }
    }

    /// Writes all JSON that is missing, before a command ends.
    ///
    /// Errors: the database is unavailable.
    pub async fn write_missing_json(&self) -> Result<(), Error> {
        self.add_all_missing();
        self.write_waiting_json().await
    }

    fn add_all_missing(&self) {
        tables().iter().for_each(|table| self.json.add_missing(table.name()));
    }

    async fn write_waiting_json(&self) -> Result<(), Error> {
        let _writing = self.json.writing.lock().await;
        let Waiting { ids, has_outdated, scans } = self.json.with(std::mem::take);
        for (resource, ids) in ids {
            let ids: Vec<Uuid> = ids.into_iter().collect();
            self.write_json(AnyTable::find(resource)?, &ids).await?;
        }
        if has_outdated {
            self.write_outdated_json().await?;
        }
        for resource in scans {
            self.write_all_missing_json(AnyTable::find(resource)?).await?;
        }
        Ok(())
    }

    async fn write_outdated_json(&self) -> Result<(), Error> {
        loop {
            let outdated = Query::select()
                .columns(["resource", "resource_id"])
                .from(TABLE)
                .and_where(Expr::col("version").eq(OUTDATED))
                .limit(BATCH as u64)
                .take();
            let rows = self.database.reading().query_all(&outdated).await.map_err(failed)?;
            let mut found: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
            for row in &rows {
                let resource: String = row.try_get("", "resource").map_err(failed)?;
                found.entry(resource).or_default().push(id_of(row, "resource_id")?);
            }
            for (resource, ids) in found {
                self.write_json(AnyTable::find(&resource)?, &ids).await?;
            }
            if rows.len() < BATCH {
                return Ok(());
            }
        }
    }

    async fn write_all_missing_json(&self, table: &'static AnyTable) -> Result<(), Error> {
        let mut last = Uuid::nil();
        loop {
            let column = |name: &'static str| Expr::col((TABLE, name));
            let current = column("resource_id")
                .eq(table.column("id"))
                .and(column("version").eq(table.column("version")))
                .and(column("build").eq(BUILD));
            let missing = Query::select()
                .expr_as(table.column("id"), "id")
                .from(table.name())
                .left_join(TABLE, current)
                .and_where(table.column("deleted_at").is_null())
                .and_where(table.column("id").gt(last))
                .and_where(column("resource_id").is_null())
                .order_by_expr(table.column("id"), sea_orm::Order::Asc)
                .limit(BATCH as u64)
                .take();
            let rows = self.database.reading().query_all(&missing).await.map_err(failed)?;
            let ids = rows.iter().map(|row| id_of(row, "id")).collect::<Result<Vec<_>, _>>()?;
            self.write_json(table, &ids).await?;
            match ids.last() {
                Some(id) if ids.len() == BATCH => last = *id,
                _ => return Ok(()),
            }
        }
    }

    /// Writes the JSON of these resources. What it is made from is read in the transaction that writes it, while nobody
    /// can mark it as outdated.
    async fn write_json(&self, table: &'static AnyTable, ids: &[Uuid]) -> Result<(), Error> {
        let operator = Actor::operator(self.now());
        for ids in ids.chunks(BATCH) {
            let write_slot = self.database.acquire_write_slot().await;
            let tx = begin_write(&self.database).await.map_err(failed)?;
            lock_marking(&tx).await?;
            let reader = Reader::new(tx, &operator, &self.cursors);
            let written = write_batch(table, &reader, ids).await;
            let tx = reader.into_tx();
            match written {
                // No generation begins: responses do not depend on where the JSON comes from.
                Ok(()) => tx.commit().await.map_err(failed)?,
                Err(error) => {
                    let _ = tx.rollback().await;
                    return Err(error);
                }
            }
            drop(write_slot);
            self.database.truncate_wal();
        }
        Ok(())
    }
}

async fn write_batch(table: &'static AnyTable, reader: &Reader<'_>, ids: &[Uuid]) -> Result<(), Error> {
    let mut rows = select(table, reader);
    rows.and_where(table.column("id").is_in(padded_ids(ids))).and_where(table.column("deleted_at").is_null());
    if let Some(depends) = table.depends_on_day {
        rows.expr_as(depends(), DEPENDS_ON_DAY);
    }
    let rows = reader.tx().query_all(&rows).await.map_err(failed)?;
    let items = hydrate(table, reader, &rows).await?.into_items();
    let today = reader.actor().today().to_string();
    let mut json = Vec::with_capacity(items.len());
    for (item, row) in items.iter().zip(&rows) {
        let depends = table.depends_on_day.map(|_| row.try_get::<bool>("", DEPENDS_ON_DAY)).transpose();
        let day = depends.map_err(failed)?.is_some_and(|depends| depends).then(|| today.clone());
        json.push(JsonRow::of(&**item, day)?);
    }
    if !json.is_empty() {
        reader.tx().execute(&json_row::insert(json)?).await.map_err(failed)?;
    }
    // Deleted resources have none.
    let found: BTreeSet<Uuid> = items.iter().map(|item| item.id()).collect();
    let gone: Vec<Uuid> = ids.iter().copied().filter(|id| !found.contains(id)).collect();
    if !gone.is_empty() {
        let delete = Query::delete().from_table(TABLE).and_where(Expr::col("resource_id").is_in(gone)).take();
        reader.tx().execute(&delete).await.map_err(failed)?;
    }
    Ok(())
}

fn id_of(row: &QueryResult, column: &str) -> Result<Uuid, Error> {
    row.try_get("", column).map_err(failed)
}
