//! Imports many rows with a fixed number of statements: references and codes are looked up together, and new
//! rows are inserted together.

use std::collections::{HashMap, HashSet};

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{ExprTrait, LockType};
use serde_json::Value;
use uuid::Uuid;
use vku_domain::import::ImportMode;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::{Draft, InputSource};
use vku_domain::kernel::resource::any::{AnyResource, AnyStored, Meta};

use super::existing::{Found, check_existing};
use super::slugs::Owners;
use super::{Done, Outcome, Row};
use crate::kernel::id::new_id;
use crate::kernel::read::load::{Parents, load, visible_rows};
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::child_tables;
use crate::kernel::transaction::Writer;
use crate::kernel::transaction::staging::staged_at;
use crate::kernel::write::pipeline::Accepted;
use crate::kernel::write::record_change::Written;
use crate::kernel::write::row_values::{self, RowValues};
use crate::kernel::write::{slug, unique};

/// What to do with a row.
enum Step {
    Refused(Error),
    Create(Accepted),
    Change(Box<Accepted>),
    /// Written on its own, because it changes its slug, or because it changes an existing row in a staged
    /// import.
    Alone(u64, Row),
}

impl Writer<'_> {
    /// Returns the existing resource for each row, locked until the end of the write, and the owners of the
    /// slugs.
    async fn targets(
        &self,
        table: &'static AnyTable,
        rows: &[(u64, Row)],
    ) -> Result<(Vec<Option<Box<dyn AnyStored>>>, Owners), Error> {
        let rows = || rows.iter().map(|(_, row)| row);
        let owners = self.owners(table, rows().filter_map(Row::slug)).await?;
        let key = |row: &Row| {
            let by_slug = || row.slug().and_then(|slug| owners.get(&slug).copied());
            [row.id(), by_slug()]
        };
        let ids: HashSet<Uuid> = rows().flat_map(key).flatten().collect();
        let mut found: Found = HashMap::with_capacity(ids.len());
        if !ids.is_empty() {
            let mut select = visible_rows(table, self, Parents::Visible, false);
            select.and_where(table.column("id").is_in(ids)).lock(LockType::Update);
            let all = load(table, self, &select).await?.into_items();
            found.extend(all.into_iter().map(|stored| (stored.id(), stored)));
        }
        let targets = rows().map(|row| key(row).into_iter().flatten().find_map(|id| found.get(&id).cloned()));
        Ok((targets.collect(), owners))
    }

    /// Writes rows of which no two refer to the same resource.
    pub(crate) async fn import_run(
        &mut self,
        table: &'static AnyTable,
        mode: ImportMode,
        rows: &[(u64, Row)],
    ) -> Result<Vec<Outcome>, Error> {
        let (targets, owners) = self.targets(table, rows).await?;
        let steps = self.steps_of(table, mode, rows, targets).await?;
        let steps = refuse_taken(steps, &owners);
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(steps.len());
        let (mut new, mut rest) = (Vec::new(), Vec::new());
        for (place, step) in steps.into_iter().enumerate() {
            outcomes.push(None);
            match step {
                Step::Create(accepted) => new.push((place, (new_id(), accepted.into_data()))),
                other => rest.push((place, other)),
            }
        }
        let mut put = |place: usize, outcome| {
            if let Some(slot) = outcomes.get_mut(place) {
                *slot = Some(outcome);
            }
        };
        let (places, new): (Vec<_>, Vec<_>) = new.into_iter().unzip();
        for (place, stored) in places.into_iter().zip(self.insert_all(table, new).await?) {
            rows.get(place)
                .map(|(number, _)| self.import_state_mut().record_id(table.resource, *number, stored.id()))
                .transpose()?;
            put(place, Ok(Done::Created(stored)));
        }
        for (place, step) in rest {
            let outcome = match step {
                Step::Refused(error) => Err(error),
                Step::Alone(_, row) if self.hides_rows() => Ok(Done::Deferred(row)),
                Step::Alone(number, row) => Box::pin(self.import_one(table, mode, number, row)).await?,
                Step::Change(accepted) => Box::pin(self.change_one(*accepted)).await?,
                Step::Create(_) => Err(Error::internal("a row that should already have been created")),
            };
            put(place, outcome);
        }
        let complete: Option<Vec<_>> = outcomes.into_iter().collect();
        complete.ok_or_else(|| Error::internal("a row without an outcome"))
    }

    /// Resolves, validates and authorizes all rows: steps 2 and 3 of the pipeline, with the lookups of all rows
    /// together.
    async fn steps_of(
        &mut self,
        table: &'static AnyTable,
        mode: ImportMode,
        rows: &[(u64, Row)],
        targets: Vec<Option<Box<dyn AnyStored>>>,
    ) -> Result<Vec<Step>, Error> {
        self.actor().require(table.resource, Action::Create)?;
        let mut drafts = Vec::with_capacity(rows.len());
        let mut before = Vec::with_capacity(rows.len());
        for ((number, row), target) in rows.iter().zip(targets) {
            let known = target.map(|known| check_existing(mode, row, known)).transpose();
            let result = known.and_then(|known| match known.flatten() {
                None => {
                    let body = row.clone().new_body(table.resource);
                    Ok((Draft::create(table.resource, self.actor(), body, InputSource::Import)?, None))
                }
                Some(known) => {
                    self.import_state_mut().record_id(table.resource, *number, known.id())?;
                    let mut row = row.clone();
                    row.keep_slug(&*known);
                    let draft =
                        Draft::patch(self.actor(), &*known, Value::Object(row.body), InputSource::Import)?;
                    Ok((draft, Some(known)))
                }
            });
            match result {
                Ok((draft, known)) => {
                    drafts.push(draft);
                    before.push(Ok(known));
                }
                Err(error) => before.push(Err(error)),
            }
        }
        let mut validated = self.resolve_and_validate_all(table, drafts, None).await?.into_iter();
        let mut steps = Vec::with_capacity(rows.len());
        for ((number, row), before) in rows.iter().zip(before) {
            let step = before.and_then(|before| {
                let data =
                    validated.next().ok_or_else(|| Error::internal("a draft that was not validated"))??;
                self.authorize(table, data, before, None)
            });
            steps.push(match step {
                Err(error) => Step::Refused(error),
                // A changed slug is claimed like a new one; a change of an existing row cannot be hidden.
                Ok(accepted) if accepted.before().is_none() => Step::Create(accepted),
                Ok(accepted)
                    if accepted.has_new_slug() || (self.hides_rows() && !accepted.is_unchanged()) =>
                {
                    Step::Alone(*number, row.clone())
                }
                Ok(accepted) => Step::Change(Box::new(accepted)),
            });
        }
        Ok(steps)
    }

    /// Steps 4, 7 and 8 for many new resources: claims their slugs, inserts them, and records the changes.
    /// Returns the resources as they would be read, in the same order. No new row has references to check, and
    /// `at_once` admits no resource with hooks.
    async fn insert_all(
        &mut self,
        table: &'static AnyTable,
        mut resources: Vec<(Uuid, Box<dyn AnyResource>)>,
    ) -> Result<Vec<Box<dyn AnyStored>>, Error> {
        if resources.is_empty() {
            return Ok(Vec::new());
        }
        self.claim_all(table, &mut resources).await?;
        let at = self.written_at();
        let new =
            |id| Meta { id, parent: None, version: 1, created_at: at, updated_at: at, deleted_at: None };
        let mut resources: Vec<_> = resources.into_iter().map(|(id, data)| (new(id), data)).collect();
        let (columns, mut all) = Self::as_read(table, &mut resources)?;
        let hidden_until = self.hides_rows().then(staged_at);
        let (mut rows, mut links) = (Vec::with_capacity(columns.len()), Vec::with_capacity(columns.len()));
        for ((meta, data), (values, children)) in resources.iter_mut().zip(columns) {
            rows.push(RowValues::new(table, Meta { deleted_at: hidden_until, ..*meta }, values)?);
            self.record_hidden(table, meta.id, &mut **data, &children);
            self.reindex_resource(meta.id, None, &**data);
            links.push((meta.id, children));
        }
        for insert in row_values::inserts(table, rows) {
            let inserted = self.tx().execute(&insert).await;
            inserted.map_err(|error| unique::write_failed(table, error))?;
        }
        child_tables::insert(self.tx(), table, &links).await?;
        table.typed.derive(&mut *all, &[], self.actor())?;
        table.typed.derive_by_queries(self, &mut *all).await?;
        let created = ChangeAction::Created;
        let all = all.into_items().into_iter();
        all.map(|stored| Written(stored).record_change(self, created, None)).collect()
    }

    /// Steps 4 to 9 for a change of an existing resource; if it is refused, its writes are rolled back.
    async fn change_one(&mut self, accepted: Accepted) -> Result<Outcome, Error> {
        let before = accepted
            .before()
            .map(|before| before.boxed())
            .ok_or_else(|| Error::internal("a change without a previous state"))?;
        if accepted.is_unchanged() {
            return Ok(Ok(Done::Unchanged(before)));
        }
        self.in_savepoint(async |writer| {
            let after = writer.write(accepted).await?;
            Ok(Done::Updated(before, after))
        })
        .await
    }
}

/// Refuses new rows with a slug that is taken.
fn refuse_taken(steps: Vec<Step>, owners: &Owners) -> Vec<Step> {
    let checked = steps.into_iter().map(|step| match &step {
        Step::Create(accepted) => match accepted.data().slug().filter(|slug| owners.contains_key(slug)) {
            Some(slug) => Step::Refused(slug::slug_taken(&slug)),
            None => step,
        },
        _ => step,
    });
    checked.collect()
}
