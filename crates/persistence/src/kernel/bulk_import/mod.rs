//! Rows of a file, written by the same rules as requests: as many at once as do not depend on each other.

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
    /// What it is a part of.
    pub parent: Option<Key>,
    /// Its members; `null` clears what is there, and what is not named stays.
    pub body: Map<String, Value>,
}

/// What a row did.
#[derive(Clone, Debug)]
pub enum Done<T: Table> {
    /// It made a new one.
    Created(Box<Stored<T>>),
    /// It changed one: from this to that.
    Updated(Box<(Stored<T>, Stored<T>)>),
    /// All was as the row says.
    Unchanged(Box<Stored<T>>),
    /// Nothing yet: it is to be written in the last transaction of a staged import.
    Deferred(Row),
}

/// What became of a row: what it did, or why it is refused.
pub type Outcome<T> = Result<Done<T>, Error>;

impl Row {
    pub(super) fn slug(&self) -> Option<Slug> {
        self.body.get("slug")?.as_str()?.parse().ok()
    }

    pub(super) fn id(&self) -> Option<Uuid> {
        self.body.get("id")?.as_str()?.parse().ok()
    }

    /// A slug that leads to one is its key, be it its slug of today or a former one; it is renamed by a row that names
    /// its id.
    pub(super) fn keep_slug<T: Table>(&mut self, known: &Stored<T>) {
        if T::HAS_SLUG && self.id() != Some(known.id) {
            self.body.shift_remove("slug");
        }
    }

    /// The body of a new one. What was read elsewhere says more than is written.
    pub(super) fn new_body<T: Table>(mut self) -> Value {
        self.body
            .retain(|name, _| !READ_ONLY.contains(&name.as_str()) && !T::DERIVED.contains(&name.as_str()));
        Value::Object(self.body)
    }
}

/// Whether rows of a resource do not depend on each other, so that many are written at once.
fn at_once<T: Table>() -> bool {
    T::HAS_SLUG && T::UNIQUE.is_empty() && !T::HAS_WRITE_HOOKS && <T::Parent as Parent>::NAME.is_none()
}

impl Writer<'_> {
    /// Stages an import that may be large: what it notes does not stay in memory, and where rows do not depend on each
    /// other, others have their turn to write between them.
    ///
    /// Errors: the database is away, or its folder is not to be written.
    pub async fn stage_import<T: Table>(&mut self) -> Result<(), Error> {
        self.stage::<T>(at_once::<T>()).await
    }

    /// Whether new rows are hidden for now.
    pub(super) fn hides(&self) -> bool {
        self.staging().is_some_and(Staging::hides)
    }

    /// Writes rows, in their order. A row that is refused leaves nothing behind; the others are written.
    ///
    /// Errors: what is no fault of a row, such as a database that is away.
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
        let mut run = Vec::with_capacity(rows.len());
        for (number, row) in rows {
            let refused = self.batch_state_mut().named::<T>(mode, number, &row).err().map(Err);
            if refused.is_none() {
                run.push((number, row));
            }
            outcomes.push(refused);
        }
        let done = match at_once::<T>() {
            true => self.import_at_once(mode, run).await?,
            false => self.import_one_by_one(mode, run).await?,
        };
        let mut done = done.into_iter();
        let whole: Option<Vec<_>> =
            outcomes.into_iter().map(|refused| refused.or_else(|| done.next())).collect();
        whole.ok_or_else(|| Error::internal("a row without an outcome"))
    }

    async fn import_at_once<T: Table>(
        &mut self,
        mode: ImportMode,
        run: Vec<(u64, Row)>,
    ) -> Result<Vec<Outcome<T>>, Error> {
        let begun = self.change_count();
        self.savepoint("SAVEPOINT run").await?;
        let done = match self.import_run(mode, run.clone()).await {
            Err(error) if !error.is_ours() || error.code == Code::Internal => {
                // The database refuses something, and does not say which row: one after the other, then.
                self.savepoint("ROLLBACK TO SAVEPOINT run").await?;
                self.truncate_changes(begun);
                match self.hides() {
                    true => run.iter().map(|(_, row)| Ok(Done::Deferred(row.clone()))).collect(),
                    false => self.import_one_by_one(mode, run.clone()).await?,
                }
            }
            done => done?,
        };
        self.savepoint("RELEASE SAVEPOINT run").await?;
        // As it came: what its row names may have been taken out.
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

    /// Does something that may be refused: what it wrote before is undone then, and the write goes on.
    ///
    /// Errors: what is no fault of a row.
    pub(super) async fn undoable<T: Table>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Outcome<T>,
    ) -> Result<Outcome<T>, Error> {
        let begun = self.change_count();
        self.savepoint("SAVEPOINT one").await?;
        let outcome = work(self).await;
        if let Err(error) = &outcome {
            if error.is_ours() {
                return outcome.map(Ok);
            }
            self.savepoint("ROLLBACK TO SAVEPOINT one").await?;
            self.truncate_changes(begun);
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
            let made = self.create::<T>(parent.as_ref(), row.new_body::<T>()).await?;
            self.batch_state_mut().meant::<T>(number, made.id)?;
            return Ok(Done::Created(Box::new(made)));
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

    /// The one that the row means: by its id or slug, or the same part of the same parent.
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
        // Faults are told when the row is written.
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
        // One that another row of the file meant is not meant twice, where there may be several.
        let (met, mut found): (Vec<Stored<T>>, Vec<_>) =
            found.into_iter().partition(|it| self.batch_state().first(it.id).is_some());
        if found.is_empty() && !T::MAY_REPEAT {
            found = met;
        }
        let equal = found.iter().position(|item: &Stored<T>| item.data == data);
        Ok(found.into_iter().nth(equal.unwrap_or(0)))
    }
}

/// From how many changes on plans are made anew.
const PLANNED: usize = 100;

impl ImportState {
    /// Whether twice as much is written as when plans were made last.
    fn has_doubled(&mut self, written: usize) -> bool {
        let has_doubled = written >= PLANNED.max(2 * self.planned);
        if has_doubled {
            self.planned = written;
        }
        has_doubled
    }

    /// The number to try next for a slug that is made of a name: those below are taken.
    pub(super) fn next_number(&self, base: &Slug) -> u32 {
        self.numbers.get(base).map_or(1, |number| number.saturating_add(1))
    }

    /// Notes the number that a slug got.
    pub(super) fn took(&mut self, base: Slug, number: u32) {
        self.numbers.insert(base, number);
    }

    /// The row that meant this one.
    fn first(&self, id: Uuid) -> Option<u64> {
        self.meant.get(&id).copied()
    }

    /// Notes the id and the slug that a row names.
    ///
    /// Errors: an earlier row names one of them, whatever became of that.
    fn named<T: Table>(&mut self, mode: ImportMode, number: u64, row: &Row) -> Result<(), Error> {
        let slug = row.slug().filter(|_| T::HAS_SLUG).map(|slug| ("/slug", slug.to_string()));
        for (pointer, key) in row.id().map(|id| ("/id", id.to_string())).into_iter().chain(slug) {
            match self.named.entry(key) {
                Entry::Vacant(free) => {
                    free.insert(number);
                }
                // A row that was deferred.
                Entry::Occupied(taken) if *taken.get() == number => {}
                Entry::Occupied(taken) if pointer == "/slug" && mode == ImportMode::Create => {
                    let first = taken.get();
                    let detail = bilingual!(
                        "Row {first} already has this slug.",
                        "Diesen Slug hat schon Zeile {first}."
                    );
                    return Err(Error::new(Code::SlugTaken, detail).about(pointer));
                }
                Entry::Occupied(taken) => return Err(twice(*taken.get(), pointer)),
            }
        }
        Ok(())
    }

    /// Notes what a row means.
    ///
    /// Errors: an earlier row means the same.
    pub(super) fn meant<T: Table>(&mut self, number: u64, id: Uuid) -> Result<(), Error> {
        match *self.meant.entry(id).or_insert(number) {
            first if first == number => Ok(()),
            first => Err(twice(first, if T::HAS_SLUG { "/slug" } else { "" })),
        }
    }
}

/// Lets PostgreSQL make its plans anew. It keeps them for a connection, those of the checks of foreign keys too, and one
/// that reads a small table from end to end is still used when an import has made it a large one.
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

/// What is there already is changed, or in the way: a slug that is taken is told when it is claimed.
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

/// What the keys of rows lead to.
pub(super) type Found<T> = HashMap<Uuid, Stored<T>>;
