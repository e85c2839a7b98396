//! Rows of a file, written by the same rules as requests: as many at once as do not depend on each other.

use std::collections::{HashMap, HashSet, VecDeque};

use sea_orm::ConnectionTrait;
use serde_json::{Map, Value};
use uuid::Uuid;
use vku_domain::import::ImportMode;
use vku_domain::kernel::draft::{Draft, Origin};
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::query::Query;
use vku_domain::kernel::reference::Key;
use vku_domain::kernel::resource::{READ_ONLY, Stored};
use vku_domain::kernel::tag::Precondition;
use vku_domain::kernel::value::Slug;
use vku_domain::kernel::violation::Violations;
use vku_domain::say;

use super::error::failed;
use super::store::Writer;
use super::table::{Parent, Table};

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

    /// The body of a new one. What was read elsewhere says more than is written.
    pub(super) fn new_body<T: Table>(mut self) -> Value {
        self.body
            .retain(|name, _| !READ_ONLY.contains(&name.as_str()) && !T::DERIVED.contains(&name.as_str()));
        Value::Object(self.body)
    }
}

impl Writer<'_> {
    /// Writes rows, in their order. A row that is refused leaves nothing behind; the others are written.
    ///
    /// Errors: what is no fault of a row, such as a database that is away.
    pub async fn import<T: Table>(
        &mut self,
        mode: ImportMode,
        rows: Vec<Row>,
    ) -> Result<Vec<Outcome<T>>, Error> {
        let mut outcomes = Vec::with_capacity(rows.len());
        let at_once =
            T::SLUGGED && T::UNIQUE.is_empty() && !T::INVOLVED && <T::Parent as Parent>::NAME.is_none();
        if !at_once {
            for row in rows {
                outcomes.push(self.import_one(mode, row).await?);
            }
            return Ok(outcomes);
        }
        let mut rest = VecDeque::from(rows);
        while !rest.is_empty() {
            let mut run = independent(&mut rest);
            let targets = self.targets::<T>(&run).await?;
            let mut met = HashSet::new();
            if let Some(again) =
                targets.iter().position(|it| it.as_ref().is_some_and(|it| !met.insert(it.id)))
            {
                for row in run.drain(again..).rev() {
                    rest.push_front(row);
                }
            }
            let begun = self.noted_so_far();
            self.savepoint("SAVEPOINT run").await?;
            match self.import_run(mode, run.clone(), targets).await {
                Ok(mut done) => outcomes.append(&mut done),
                Err(error) if error.is_ours() && error.code != Code::Internal => return Err(error),
                // The database refuses something, and does not say which row: one after the other, then.
                Err(_) => {
                    self.savepoint("ROLLBACK TO SAVEPOINT run").await?;
                    self.forget_after(begun);
                    for row in run {
                        outcomes.push(self.import_one(mode, row).await?);
                    }
                }
            }
            self.savepoint("RELEASE SAVEPOINT run").await?;
        }
        Ok(outcomes)
    }

    /// Writes one row.
    pub(super) async fn import_one<T: Table>(
        &mut self,
        mode: ImportMode,
        row: Row,
    ) -> Result<Outcome<T>, Error> {
        self.undoable(async |writer| Box::pin(writer.write_row(mode, row)).await).await
    }

    /// Does something that may be refused: what it wrote before is undone then, and the write goes on.
    ///
    /// Errors: what is no fault of a row.
    pub(super) async fn undoable<T: Table>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Outcome<T>,
    ) -> Result<Outcome<T>, Error> {
        let begun = self.noted_so_far();
        self.savepoint("SAVEPOINT one").await?;
        let outcome = work(self).await;
        if let Err(error) = &outcome {
            if error.is_ours() {
                return outcome.map(Ok);
            }
            self.savepoint("ROLLBACK TO SAVEPOINT one").await?;
            self.forget_after(begun);
        }
        self.savepoint("RELEASE SAVEPOINT one").await?;
        Ok(outcome)
    }

    pub(super) async fn savepoint(&self, statement: &str) -> Result<(), Error> {
        self.tx().execute_unprepared(statement).await.map(drop).map_err(failed)
    }

    async fn write_row<T: Table>(&mut self, mode: ImportMode, mut row: Row) -> Outcome<T> {
        let known = self.known::<T>(&row).await?;
        let Some(known) = known.map(|known| refuse_known(mode, &row, known)).transpose()?.flatten() else {
            let parent = row.parent.take();
            let made = self.create::<T>(parent.as_ref(), row.new_body::<T>()).await?;
            self.meet(made.id);
            return Ok(Done::Created(Box::new(made)));
        };
        self.meet(known.id);
        let (key, body) = (Key::Id(known.id), Value::Object(row.body));
        let after = self.patch::<T>(&key, row.parent.as_ref(), &Precondition::Any, body).await?;
        Ok(match after.version == known.version {
            true => Done::Unchanged(Box::new(after)),
            false => Done::Updated(Box::new((known, after))),
        })
    }

    /// The one that the row means: by its id or slug, or the same part of the same parent.
    async fn known<T: Table>(&self, row: &Row) -> Result<Option<Stored<T>>, Error> {
        let parent = row.parent.as_ref();
        let keys = row.id().map(Key::Id).into_iter().chain(row.slug().filter(|_| T::SLUGGED).map(Key::Slug));
        for key in keys {
            match self.get::<T>(&key, parent, false).await {
                Err(error) if error.code == Code::NotFound => {}
                found => return found.map(Some),
            }
        }
        if T::SLUGGED {
            return Ok(None);
        }
        let body = row.clone().new_body::<T>();
        let Some(mut data) = Draft::<T>::create(self.actor(), body, Origin::Import)?.data else {
            return Ok(None);
        };
        // Faults are told when the row is written.
        let _: Violations = self.resolve(&mut data).await?;
        let (mut query, mut found) = (Query::<T>::all(), Vec::new());
        loop {
            let page = self.list::<T>(&query, parent).await?;
            // A part that another row of the file meant is not meant twice: two phases may differ in their amount only.
            found
                .extend(page.items.into_iter().filter(|it| it.data.same_part(&data) && !self.was_met(it.id)));
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        let equal = found.iter().position(|item: &Stored<T>| item.data == data);
        Ok(found.into_iter().nth(equal.unwrap_or(0)))
    }
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
            let detail = say!(
                "The one of this id is there already; `mode=upsert` changes it.",
                "Was diese ID hat, gibt es schon; `mode=upsert` ändert es."
            );
            violations.member("/id", "duplicate", detail);
            Err(Error::invalid(violations))
        }
        ImportMode::Create => Ok(None),
    }
}

/// The first rows of which none names what another one names.
fn independent(rest: &mut VecDeque<Row>) -> Vec<Row> {
    let (mut named, mut run) = (HashSet::new(), Vec::with_capacity(rest.len()));
    while let Some(row) = rest.pop_front() {
        let again = row.slug().is_some_and(|slug| !named.insert(slug.to_string()))
            || row.id().is_some_and(|id| !named.insert(id.to_string()));
        if again {
            rest.push_front(row);
            break;
        }
        run.push(row);
    }
    run
}

/// What the keys of rows lead to.
pub(super) type Found<T> = HashMap<Uuid, Stored<T>>;
