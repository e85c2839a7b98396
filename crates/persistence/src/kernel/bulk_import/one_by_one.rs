//! Rows that are written one by one, each in a savepoint.

use serde_json::Value;
use vku_domain::import::ImportMode;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::resource::reference::Key;

use super::existing::{Siblings, check_existing};
use super::{Done, Outcome, Row};
use crate::kernel::table::Table;
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    pub(super) async fn import_one_by_one<T: Table>(
        &mut self,
        mode: ImportMode,
        rows: Vec<(u64, Row)>,
    ) -> Result<Vec<Outcome<T>>, Error> {
        let mut siblings = self.import_state_mut().take_siblings::<Siblings<T>>();
        let mut outcomes = Vec::with_capacity(rows.len());
        for (number, row) in rows {
            outcomes.push(self.import_one_with_siblings(mode, number, row, &mut siblings).await?);
        }
        if siblings.is_small() {
            self.import_state_mut().keep_siblings(siblings);
        }
        Ok(outcomes)
    }

    /// Writes one row of a resource that is found by its id or slug.
    pub(super) async fn import_one<T: Table>(
        &mut self,
        mode: ImportMode,
        number: u64,
        row: Row,
    ) -> Result<Outcome<T>, Error> {
        self.import_one_with_siblings(mode, number, row, &mut Siblings::default()).await
    }

    /// Writes one row, and adds what it has written to the siblings.
    async fn import_one_with_siblings<T: Table>(
        &mut self,
        mode: ImportMode,
        number: u64,
        row: Row,
        siblings: &mut Siblings<T>,
    ) -> Result<Outcome<T>, Error> {
        let work = async |writer: &mut Self| Box::pin(writer.write_row(mode, number, row, siblings)).await;
        let outcome = self.in_savepoint(work).await?;
        siblings.add(&outcome);
        Ok(outcome)
    }

    /// Runs work that may be refused; if it is, its changes are rolled back to a savepoint and the write goes
    /// on.
    ///
    /// Errors: those that no row has caused.
    pub(super) async fn in_savepoint<T: Table>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Outcome<T>,
    ) -> Result<Outcome<T>, Error> {
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

    async fn write_row<T: Table>(
        &mut self,
        mode: ImportMode,
        number: u64,
        mut row: Row,
        siblings: &mut Siblings<T>,
    ) -> Outcome<T> {
        let known = self.find_existing::<T>(mode, &row, siblings).await?;
        let Some(known) = known.map(|known| check_existing(mode, &row, known)).transpose()?.flatten() else {
            let parent = row.parent.take();
            let created = self.create::<T>(parent.as_ref(), row.new_body::<T>()).await?;
            self.import_state_mut().record_id::<T>(number, created.id)?;
            return Ok(Done::Created(Box::new(created)));
        };
        self.import_state_mut().record_id::<T>(number, known.id)?;
        row.keep_slug(&known);
        let (key, body) = (Key::Id(known.id), Value::Object(row.body));
        let after = self.patch::<T>(&key, row.parent.as_ref(), &Precondition::Any, body).await?;
        Ok(match after.version == known.version {
            true => Done::Unchanged(Box::new(after)),
            false => Done::Updated(Box::new((known, after))),
        })
    }
}
