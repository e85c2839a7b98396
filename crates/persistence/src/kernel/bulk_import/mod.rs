//! Imports the rows of a file by the same rules as requests. Rows that do not depend on each other are
//! written together.
//!
//! May import `write` and everything below it, but not `store`.

pub(crate) mod batch;
pub mod duplicates;
mod existing;
mod one_by_one;
pub(crate) mod query_plans;
mod repeated_rows;
pub(crate) mod slugs;
mod staging;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::ConnectionTrait;
use serde_json::{Map, Value};
use uuid::Uuid;
use vku_domain::import::ImportMode;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::resource::READ_ONLY;
use vku_domain::kernel::resource::any::{AnyStored, ResourceInfo};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::Slug;

use super::database::error::failed;
use super::table::any::AnyTable;
use super::transaction::Writer;
use super::transaction::staging::Staging;

/// A row of a file.
#[derive(Clone, Debug)]
pub struct Row {
    /// The parent of a sub-resource.
    pub parent: Option<Key>,
    /// The members; `null` clears a value, and missing members are not changed.
    pub body: Map<String, Value>,
}

/// What a row has done.
#[derive(Clone, Debug)]
pub(crate) enum Done {
    /// Created a resource.
    Created(Box<dyn AnyStored>),
    /// Changed a resource: the state before and after.
    Updated(Box<dyn AnyStored>, Box<dyn AnyStored>),
    /// Changed nothing, because the resource was as the row says.
    Unchanged(Box<dyn AnyStored>),
    /// Nothing yet: the row is written in the last transaction of a staged import.
    Deferred(Row),
}

/// The result of a row: what it has done, or why it was refused.
pub(crate) type Outcome = Result<Done, Error>;

impl Row {
    pub(super) fn slug(&self) -> Option<Slug> {
        self.body.get("slug")?.as_str()?.parse().ok()
    }

    pub(super) fn id(&self) -> Option<Uuid> {
        self.body.get("id")?.as_str()?.parse().ok()
    }

    /// Removes a slug that identifies the resource, whether current or former. To change a slug, a row must
    /// state the id.
    pub(super) fn keep_slug(&mut self, known: &dyn AnyStored) {
        if known.info().has_slug && self.id() != Some(known.id()) {
            self.body.shift_remove("slug");
        }
    }

    /// Returns the body of a new resource, without the members that cannot be written: an exported file has
    /// those too.
    pub(super) fn new_body(mut self, resource: &ResourceInfo) -> Value {
        self.body.retain(|name, _| {
            !READ_ONLY.contains(&name.as_str()) && !resource.derived.contains(&name.as_str())
        });
        Value::Object(self.body)
    }
}

/// Whether the rows of a resource do not depend on each other, so that many can be written together.
fn is_batched(table: &AnyTable) -> bool {
    table.resource.has_slug && table.unique.is_empty() && !table.has_hooks && table.parent.is_none()
}

impl Writer<'_> {
    /// Begins a file: its rows are compared with each other, and not with those of another file of this write.
    pub fn begin_file(&mut self) {
        self.import_state_mut().begin_file();
    }

    /// Stages an import that may be large: its changes do not stay in memory, and, if rows do not depend on
    /// each other, other writers get their turn between batches.
    ///
    /// Errors: the database is unavailable, or its folder is not writable.
    pub(crate) fn stage_import<'a>(
        &'a mut self,
        table: &'a AnyTable,
    ) -> LocalBoxFuture<'a, Result<(), Error>> {
        async move { self.stage(table, is_batched(table)).await }.boxed_local()
    }

    /// Whether new rows are hidden for now.
    pub(super) fn hides_rows(&self) -> bool {
        self.staging().is_some_and(Staging::hides_rows)
    }

    /// Writes rows in the given order. A refused row changes nothing; the others are written.
    ///
    /// Errors: those that no row has caused, such as a database that is unavailable.
    pub(crate) fn import<'a>(
        &'a mut self,
        table: &'static AnyTable,
        mode: ImportMode,
        rows: Vec<(u64, Row)>,
    ) -> LocalBoxFuture<'a, Result<Vec<Outcome>, Error>> {
        async move {
            let written = self.change_count().0 + self.staging().map_or(0, Staging::staged);
            self.refresh_plans(table, written).await?;
            if let Some(staging) = self.staging_mut() {
                staging.count(rows.len());
            }
            let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(rows.len());
            let mut accepted = Vec::with_capacity(rows.len());
            for (number, row) in rows {
                let refused =
                    self.import_state_mut().record_keys(table.resource, mode, number, &row).err().map(Err);
                if refused.is_none() {
                    accepted.push((number, row));
                }
                outcomes.push(refused);
            }
            let done = match is_batched(table) {
                true => self.import_batch(table, mode, accepted).await?,
                false => self.import_one_by_one(table, mode, accepted).await?,
            };
            let mut done = done.into_iter();
            let complete: Option<Vec<_>> =
                outcomes.into_iter().map(|refused| refused.or_else(|| done.next())).collect();
            complete.ok_or_else(|| Error::internal("a row without an outcome"))
        }
        .boxed_local()
    }

    async fn import_batch(
        &mut self,
        table: &'static AnyTable,
        mode: ImportMode,
        run: Vec<(u64, Row)>,
    ) -> Result<Vec<Outcome>, Error> {
        let start = self.change_count();
        self.savepoint("SAVEPOINT run").await?;
        let done = match self.import_run(table, mode, &run).await {
            Err(error) if !error.is_server_error() || error.code == Code::Internal => {
                // The database refuses the batch without saying which row is the cause, so write the rows one
                // by one.
                self.savepoint("ROLLBACK TO SAVEPOINT run").await?;
                self.truncate_changes(start);
                self.import_state_mut().roll_back_batch();
                match self.hides_rows() {
                    true => run.into_iter().map(|(_, row)| Ok(Done::Deferred(row))).collect(),
                    false => self.import_one_by_one(table, mode, run).await?,
                }
            }
            done => done?,
        };
        self.savepoint("RELEASE SAVEPOINT run").await?;
        Ok(done)
    }

    pub(super) async fn savepoint(&self, statement: &str) -> Result<(), Error> {
        self.tx().execute_unprepared(statement).await.map(drop).map_err(failed)
    }
}
