//! Rows that are written one by one, each in a savepoint.

use serde_json::Value;
use vku_domain::import::ImportMode;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::resource::reference::Key;

use super::existing::{Siblings, check_existing};
use super::{Done, Outcome, Row};
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    pub(super) async fn import_one_by_one(
        &mut self,
        table: &'static AnyTable,
        mode: ImportMode,
        rows: Vec<(u64, Row)>,
    ) -> Result<Vec<Outcome>, Error> {
        let mut siblings = self.import_state_mut().take_siblings();
        let mut outcomes = Vec::with_capacity(rows.len());
        for (number, row) in rows {
            outcomes.push(self.import_one_with_siblings(table, mode, number, row, &mut siblings).await?);
        }
        if siblings.is_small() {
            self.import_state_mut().keep_siblings(siblings);
        }
        Ok(outcomes)
    }

    /// Writes one row of a resource that is found by its id or slug.
    pub(super) async fn import_one(
        &mut self,
        table: &'static AnyTable,
        mode: ImportMode,
        number: u64,
        row: Row,
    ) -> Result<Outcome, Error> {
        self.import_one_with_siblings(table, mode, number, row, &mut Siblings::default()).await
    }

    /// Writes one row, and adds what it has written to the siblings.
    async fn import_one_with_siblings(
        &mut self,
        table: &'static AnyTable,
        mode: ImportMode,
        number: u64,
        row: Row,
        siblings: &mut Siblings,
    ) -> Result<Outcome, Error> {
        let work =
            async |writer: &mut Self| Box::pin(writer.write_row(table, mode, number, row, siblings)).await;
        let outcome = self.in_savepoint(work).await?;
        siblings.add(&outcome);
        Ok(outcome)
    }

    /// Runs work that may be refused; if it is, its changes are rolled back to a savepoint and the write goes
    /// on.
    ///
    /// Errors: those that no row has caused.
    pub(super) async fn in_savepoint(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Outcome,
    ) -> Result<Outcome, Error> {
        let start = self.change_count();
        self.import_state_mut().begin_row();
        self.savepoint("SAVEPOINT one").await?;
        let outcome = work(self).await;
        if let Err(error) = &outcome {
            if error.is_server_error() {
                return outcome.map(Ok);
            }
            self.savepoint("ROLLBACK TO SAVEPOINT one").await?;
            self.truncate_changes(start);
            self.import_state_mut().roll_back_row();
        }
        self.savepoint("RELEASE SAVEPOINT one").await?;
        Ok(outcome)
    }

    async fn write_row(
        &mut self,
        table: &'static AnyTable,
        mode: ImportMode,
        number: u64,
        mut row: Row,
        siblings: &mut Siblings,
    ) -> Outcome {
        let known = self.find_existing(table, mode, &row, siblings).await?;
        let Some(known) = known.map(|known| check_existing(mode, &row, known)).transpose()?.flatten() else {
            let parent = row.parent.take();
            let created = self.create_any(table, parent.as_ref(), row.new_body(table.resource)).await?;
            self.import_state_mut().record_id(table.resource, number, created.id())?;
            return Ok(Done::Created(created));
        };
        self.import_state_mut().record_id(table.resource, number, known.id())?;
        row.keep_slug(&*known);
        let (key, body) = (Key::Id(known.id()), Value::Object(row.body));
        let after = self.patch_any(table, &key, row.parent.as_ref(), &Precondition::Any, body).await?;
        Ok(match after.version() == known.version() {
            true => Done::Unchanged(after),
            false => Done::Updated(known, after),
        })
    }
}
