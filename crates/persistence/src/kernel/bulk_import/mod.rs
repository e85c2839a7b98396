//! Imports the rows of a file by the same rules as requests. Rows that do not depend on each other are
//! written together.
//!
//! May import `write` and everything below it, but not `store`.

pub(crate) mod batch;
pub mod duplicates;
pub(crate) mod staging;

use crate::kernel::transaction::import_state::ImportState;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction};
use serde_json::{Map, Value};
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::import::ImportMode;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::input::draft::{Draft, InputSource};
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::resource::{READ_ONLY, Stored};
use vku_domain::kernel::value::Slug;
use vku_domain::kernel::violation::Violations;

use super::database::error::failed;
use super::table::{Parent, Table};
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
pub enum Done<T: Table> {
    /// Created a resource.
    Created(Box<Stored<T>>),
    /// Changed a resource: the state before and after.
    Updated(Box<(Stored<T>, Stored<T>)>),
    /// Changed nothing, because the resource was as the row says.
    Unchanged(Box<Stored<T>>),
    /// Nothing yet: the row is written in the last transaction of a staged import.
    Deferred(Row),
}

/// The result of a row: what it has done, or why it was refused.
pub type Outcome<T> = Result<Done<T>, Error>;

impl Row {
    pub(super) fn slug(&self) -> Option<Slug> {
        self.body.get("slug")?.as_str()?.parse().ok()
    }

    pub(super) fn id(&self) -> Option<Uuid> {
        self.body.get("id")?.as_str()?.parse().ok()
    }

    /// Removes a slug that identifies the resource, whether current or former. To change a slug, a row must
    /// state the id.
    pub(super) fn keep_slug<T: Table>(&mut self, known: &Stored<T>) {
        if T::HAS_SLUG && self.id() != Some(known.id) {
            self.body.shift_remove("slug");
        }
    }

    /// Returns the body of a new resource, without the members that cannot be written: an exported file has
    /// those too.
    pub(super) fn new_body<T: Table>(mut self) -> Value {
        self.body
            .retain(|name, _| !READ_ONLY.contains(&name.as_str()) && !T::DERIVED.contains(&name.as_str()));
        Value::Object(self.body)
    }
}

/// Whether the rows of a resource do not depend on each other, so that many can be written together.
fn at_once<T: Table>() -> bool {
    T::HAS_SLUG && T::UNIQUE.is_empty() && !T::HAS_WRITE_HOOKS && <T::Parent as Parent>::NAME.is_none()
}

impl Writer<'_> {
    /// Stages an import that may be large: its changes do not stay in memory, and, if rows do not depend on
    /// each other, other writers get their turn between batches.
    ///
    /// Errors: the database is unavailable, or its folder is not writable.
    pub async fn stage_import<T: Table>(&mut self) -> Result<(), Error> {
        self.stage::<T>(at_once::<T>()).await
    }

    /// Whether new rows are hidden for now.
    pub(super) fn hides(&self) -> bool {
        self.staging().is_some_and(Staging::hides)
    }

    /// Writes rows in the given order. A refused row changes nothing; the others are written.
    ///
    /// Errors: those that no row has caused, such as a database that is unavailable.
    pub async fn import<T: Table>(
        &mut self,
        mode: ImportMode,
        rows: Vec<(u64, Row)>,
    ) -> Result<Vec<Outcome<T>>, Error> {
        let written = self.change_count().0 + self.staging().map_or(0, Staging::staged);
        if self.batch_state_mut().has_doubled(written) {
            replan(self.tx()).await?;
        }
        if let Some(staging) = self.staging_mut() {
            staging.count(rows.len());
        }
        let mut outcomes: Vec<Option<Outcome<T>>> = Vec::with_capacity(rows.len());
        let mut accepted = Vec::with_capacity(rows.len());
        for (number, row) in rows {
            let refused = self.batch_state_mut().named::<T>(mode, number, &row).err().map(Err);
            if refused.is_none() {
                accepted.push((number, row));
            }
            outcomes.push(refused);
        }
        let done = match at_once::<T>() {
            true => self.import_at_once(mode, accepted).await?,
            false => self.import_one_by_one(mode, accepted).await?,
        };
        let mut done = done.into_iter();
        let complete: Option<Vec<_>> =
            outcomes.into_iter().map(|refused| refused.or_else(|| done.next())).collect();
        complete.ok_or_else(|| Error::internal("a row without an outcome"))
    }

    async fn import_at_once<T: Table>(
        &mut self,
        mode: ImportMode,
        run: Vec<(u64, Row)>,
    ) -> Result<Vec<Outcome<T>>, Error> {
        let start = self.change_count();
        self.savepoint("SAVEPOINT run").await?;
        let done = match self.import_run(mode, run.clone()).await {
            Err(error) if !error.is_ours() || error.code == Code::Internal => {
                // The database refuses the batch without saying which row is the cause, so write the rows one
                // by one.
                self.savepoint("ROLLBACK TO SAVEPOINT run").await?;
                self.truncate_changes(start);
                match self.hides() {
                    true => run.iter().map(|(_, row)| Ok(Done::Deferred(row.clone()))).collect(),
                    false => self.import_one_by_one(mode, run.clone()).await?,
                }
            }
            done => done?,
        };
        self.savepoint("RELEASE SAVEPOINT run").await?;
        // Defer the row as it came: members may have been removed from it.
        let done = done.into_iter().zip(run).map(|(outcome, (_, row))| match outcome {
            Ok(Done::Deferred(_)) => Ok(Done::Deferred(row)),
            outcome => outcome,
        });
        Ok(done.collect())
    }

    async fn import_one_by_one<T: Table>(
        &mut self,
        mode: ImportMode,
        rows: Vec<(u64, Row)>,
    ) -> Result<Vec<Outcome<T>>, Error> {
        let mut outcomes = Vec::with_capacity(rows.len());
        for (number, row) in rows {
            outcomes.push(self.import_one(mode, number, row).await?);
        }
        Ok(outcomes)
    }

    /// Writes one row.
    pub(super) async fn import_one<T: Table>(
        &mut self,
        mode: ImportMode,
        number: u64,
        row: Row,
    ) -> Result<Outcome<T>, Error> {
        self.undoable(async |writer| Box::pin(writer.write_row(mode, number, row)).await).await
    }

    /// Runs work that may be refused; if it is, its changes are rolled back to a savepoint and the write goes
    /// on.
    ///
    /// Errors: those that no row has caused.
    pub(super) async fn undoable<T: Table>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Outcome<T>,
    ) -> Result<Outcome<T>, Error> {
        let start = self.change_count();
        self.savepoint("SAVEPOINT one").await?;
        let outcome = work(self).await;
        if let Err(error) = &outcome {
            if error.is_ours() {
                return outcome.map(Ok);
            }
            self.savepoint("ROLLBACK TO SAVEPOINT one").await?;
            self.truncate_changes(start);
        }
        self.savepoint("RELEASE SAVEPOINT one").await?;
        Ok(outcome)
    }

    pub(super) async fn savepoint(&self, statement: &str) -> Result<(), Error> {
        self.tx().execute_unprepared(statement).await.map(drop).map_err(failed)
    }

    async fn write_row<T: Table>(&mut self, mode: ImportMode, number: u64, mut row: Row) -> Outcome<T> {
        let known = self.known::<T>(mode, &row).await?;
        let Some(known) = known.map(|known| refuse_known(mode, &row, known)).transpose()?.flatten() else {
            let parent = row.parent.take();
            let created = self.create::<T>(parent.as_ref(), row.new_body::<T>()).await?;
            self.batch_state_mut().meant::<T>(number, created.id)?;
            return Ok(Done::Created(Box::new(created)));
        };
        self.batch_state_mut().meant::<T>(number, known.id)?;
        row.keep_slug(&known);
        let (key, body) = (Key::Id(known.id), Value::Object(row.body));
        let after = self.patch::<T>(&key, row.parent.as_ref(), &Precondition::Any, body).await?;
        Ok(match after.version == known.version {
            true => Done::Unchanged(Box::new(after)),
            false => Done::Updated(Box::new((known, after))),
        })
    }

    /// Finds the resource that the row refers to: by its id or slug, or as the same sub-resource of the same
    /// parent.
    async fn known<T: Table>(&self, mode: ImportMode, row: &Row) -> Result<Option<Stored<T>>, Error> {
        let parent = row.parent.as_ref();
        let keys = row.id().map(Key::Id).into_iter().chain(row.slug().filter(|_| T::HAS_SLUG).map(Key::Slug));
        for key in keys {
            match self.get::<T>(&key, parent, false).await {
                Err(error) if error.code == Code::NotFound => {}
                found => return found.map(Some),
            }
        }
        if T::HAS_SLUG || mode == ImportMode::Create {
            return Ok(None);
        }
        let body = row.clone().new_body::<T>();
        let Some(mut data) = Draft::<T>::create(self.actor(), body, InputSource::Import)?.data else {
            return Ok(None);
        };
        // The violations are reported when the row is written.
        let _: Violations = self.resolve(&mut data).await?;
        let (mut query, mut found) = (Query::<T>::all(), Vec::new());
        loop {
            let page = self.list::<T>(&query, parent).await?;
            found.extend(page.items.into_iter().filter(|it| it.data.is_same_child(&data)));
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        // If a sub-resource may occur several times, do not match one that another row has already matched.
        let (matched, mut found): (Vec<Stored<T>>, Vec<_>) =
            found.into_iter().partition(|it| self.batch_state().first(it.id).is_some());
        if found.is_empty() && !T::MAY_REPEAT {
            found = matched;
        }
        let equal = found.iter().position(|item: &Stored<T>| item.data == data);
        Ok(found.into_iter().nth(equal.unwrap_or(0)))
    }
}

/// The number of changes after which query plans are discarded for the first time.
const PLANNED: usize = 100;

impl ImportState {
    /// Whether twice as many rows have been written as when the plans were last discarded.
    fn has_doubled(&mut self, written: usize) -> bool {
        let has_doubled = written >= PLANNED.max(2 * self.planned);
        if has_doubled {
            self.planned = written;
        }
        has_doubled
    }

    /// The next number to try for a slug made from a name: lower numbers are taken.
    pub(super) fn next_number(&self, base: &Slug) -> u32 {
        self.numbers.get(base).map_or(1, |number| number.saturating_add(1))
    }

    /// Records the number that a slug got.
    pub(super) fn took(&mut self, base: Slug, number: u32) {
        self.numbers.insert(base, number);
    }

    /// The row that referred to this resource first.
    fn first(&self, id: Uuid) -> Option<u64> {
        self.meant.get(&id).copied()
    }

    /// Records the id and the slug that a row states.
    ///
    /// Errors: an earlier row states one of them, even if that row was refused.
    fn named<T: Table>(&mut self, mode: ImportMode, number: u64, row: &Row) -> Result<(), Error> {
        let slug = row.slug().filter(|_| T::HAS_SLUG).map(|slug| ("/slug", slug.to_string()));
        for (pointer, key) in row.id().map(|id| ("/id", id.to_string())).into_iter().chain(slug) {
            match self.named.entry(key) {
                Entry::Vacant(free) => {
                    free.insert(number);
                }
                // A row that was deferred.
                Entry::Occupied(occupied) if *occupied.get() == number => {}
                Entry::Occupied(occupied) if pointer == "/slug" && mode == ImportMode::Create => {
                    let first = occupied.get();
                    let detail = bilingual!(
                        "Row {first} already has this slug.",
                        "Diesen Slug hat schon Zeile {first}."
                    );
                    return Err(Error::new(Code::SlugTaken, detail).about(pointer));
                }
                Entry::Occupied(occupied) => return Err(twice(*occupied.get(), pointer)),
            }
        }
        Ok(())
    }

    /// Records which resource a row refers to.
    ///
    /// Errors: an earlier row refers to the same resource.
    pub(super) fn meant<T: Table>(&mut self, number: u64, id: Uuid) -> Result<(), Error> {
        match *self.meant.entry(id).or_insert(number) {
            first if first == number => Ok(()),
            first => Err(twice(first, if T::HAS_SLUG { "/slug" } else { "" })),
        }
    }
}

/// Discards PostgreSQL's cached plans. They live as long as the connection, including those of foreign-key
/// checks, and a plan that scans a small table would still be used after an import has made the table large.
pub(super) async fn replan(tx: &DatabaseTransaction) -> Result<(), Error> {
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        tx.execute_unprepared("DISCARD PLANS").await.map_err(failed)?;
    }
    Ok(())
}

fn twice(first: u64, pointer: &str) -> Error {
    let mut violations = Violations::default();
    let detail = bilingual!(
        "Row {first} is about the same resource; a file can contain each resource only once.",
        "Zeile {first} meint dasselbe; eine Datei nennt jedes nur einmal."
    );
    violations.member(pointer, "duplicate", detail);
    Error::invalid(violations)
}

/// Returns the existing resource if it is to be changed, and refuses a known id in create mode. A taken slug
/// is reported when it is claimed.
pub(super) fn refuse_known<T: Table>(
    mode: ImportMode,
    row: &Row,
    known: Stored<T>,
) -> Result<Option<Stored<T>>, Error> {
    match mode {
        ImportMode::Upsert => Ok(Some(known)),
        ImportMode::Create if row.id() == Some(known.id) => {
            let mut violations = Violations::default();
            let detail = bilingual!(
                "A resource with this id already exists; use `mode=upsert` to change it.",
                "Was diese ID hat, gibt es schon; `mode=upsert` ändert es."
            );
            violations.member("/id", "duplicate", detail);
            Err(Error::invalid(violations))
        }
        ImportMode::Create => Ok(None),
    }
}

/// The existing resources by their ids.
pub(super) type Found<T> = HashMap<Uuid, Stored<T>>;
