//! The state of a staged import; the import itself is in `bulk_import::staging`.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vku_domain::kernel::value::Slug;

use crate::kernel::database::job_lock::JobLock;

/// The `deleted_at` of unpublished rows, 9999-12-31T23:59:59Z: no row is ever deleted at that time.
pub(crate) fn staged_at() -> DateTime<Utc> {
    DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default()
}

/// The state of a staged import.
pub(crate) struct Staging {
    pub(crate) id: Uuid,
    pub(crate) resource: &'static str,
    pub(crate) _alive: JobLock,
    /// Whether new rows are hidden, and others get their turn between batches.
    pub(crate) hides: bool,
    /// Whether hidden rows have been committed.
    pub(crate) has_committed: bool,
    /// Whether transactions are rolled back: in a dry run, and when it is known that nothing will be
    /// published.
    pub(crate) rolls_back: bool,
    /// The number of changes that are to be published.
    pub(crate) staged: usize,
    /// The mark of the first of them.
    pub(crate) first: Option<String>,
    /// The number of rows that this transaction has processed.
    pub(crate) in_batch: usize,
    /// The ids that the rows refer to, by resource.
    pub(crate) references: BTreeMap<&'static str, HashSet<Uuid>>,
    /// The codes in the rows, by resource.
    pub(crate) codes: BTreeMap<&'static str, HashSet<String>>,
    /// The slugs of new rows that are rolled back.
    pub(crate) claimed: HashMap<Slug, Uuid>,
}

impl Staging {
    pub(crate) fn staged(&self) -> usize {
        self.staged
    }

    pub(crate) fn hides_rows(&self) -> bool {
        self.hides
    }

    pub(crate) fn count(&mut self, rows: usize) {
        self.in_batch += rows;
    }

    pub(crate) fn claimed(&self) -> &HashMap<Slug, Uuid> {
        &self.claimed
    }
}
