//! What an import has to remember about the rows that it has read.

use std::any::Any;
use std::collections::HashMap;

use uuid::Uuid;
use vku_domain::kernel::value::Slug;

/// The ids and slugs that the rows of a file state, the resources that they refer to, and the first row for
/// each.
#[derive(Debug, Default)]
pub(crate) struct ImportState {
    pub(crate) rows_by_key: HashMap<String, u64>,
    pub(crate) rows_by_id: HashMap<Uuid, u64>,
    /// The last number that was appended to a slug made from the same name.
    numbers: HashMap<Slug, u32>,
    /// What `numbers` had for the slug that the current row has got, in case the row is refused.
    previous_number: Option<(Slug, Option<u32>)>,
    pub(crate) planned: usize,
    /// What rows without id and slug are compared with, of the type that the import needs.
    siblings: Option<Box<dyn Any + Send + Sync>>,
}

impl ImportState {
    /// Forgets the rows of the file before, because each file stands alone.
    pub(in crate::kernel) fn begin_file(&mut self) {
        *self = Self { planned: self.planned, ..Self::default() };
    }

    /// The next number to try for a slug made from a name: lower numbers are taken.
    pub(in crate::kernel) fn next_number(&self, base: &Slug) -> u32 {
        self.numbers.get(base).map_or(1, |number| number.saturating_add(1))
    }

    /// Records the number that a slug got.
    pub(in crate::kernel) fn record_number(&mut self, base: Slug, number: u32) {
        let previous = self.numbers.insert(base.clone(), number);
        self.previous_number = Some((base, previous));
    }

    /// Begins a row that may be refused.
    pub(in crate::kernel) fn begin_row(&mut self) {
        self.previous_number = None;
    }

    /// Forgets the number that the current row got, because its slug was rolled back.
    pub(in crate::kernel) fn roll_back_row(&mut self) {
        match self.previous_number.take() {
            Some((base, Some(number))) => {
                self.numbers.insert(base, number);
            }
            Some((base, None)) => {
                self.numbers.remove(&base);
            }
            None => {}
        }
    }

    /// Forgets all numbers, because a batch of slugs was rolled back.
    pub(in crate::kernel) fn roll_back_batch(&mut self) {
        self.numbers.clear();
    }

    /// The row that referred to this resource first.
    pub(in crate::kernel) fn first(&self, id: Uuid) -> Option<u64> {
        self.rows_by_id.get(&id).copied()
    }

    /// Takes the siblings that were kept for this batch.
    pub(in crate::kernel) fn take_siblings<S: Any + Default>(&mut self) -> S {
        self.siblings.take().and_then(|kept| kept.downcast().ok()).map(|kept| *kept).unwrap_or_default()
    }

    /// Keeps the siblings for the next batch.
    pub(in crate::kernel) fn keep_siblings(&mut self, siblings: impl Any + Send + Sync) {
        self.siblings = Some(Box::new(siblings));
    }
}
