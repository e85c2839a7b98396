//! The state of an import that is staged; see `bulk_import::staging`.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vku_domain::kernel::value::Slug;

use crate::kernel::database::job_lock::JobLock;

/// The `deleted_at` of rows that are not published yet, 9999-12-31T23:59:59Z: no row is ever deleted then.
pub(crate) fn staged_at() -> DateTime<Utc> {
    DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default()
}

/// An import in the making.
pub(crate) struct Staging {
    pub(crate) id: Uuid,
    pub(crate) resource: &'static str,
    pub(crate) _alive: JobLock,
    /// Whether new rows are hidden, and others have their turn between batches.
    pub(crate) hides: bool,
    /// Whether hidden rows were committed.
    pub(crate) has_committed: bool,
    /// Whether transactions are rolled back: in a rehearsal, and where it is known that nothing will be published.
    pub(crate) rolls_back: bool,
    /// How many changes wait to be published.
    pub(crate) staged: usize,
    /// How many rows this transaction has looked at.
    pub(crate) in_batch: usize,
    /// What the rows refer to: the ids of each resource.
    pub(crate) references: BTreeMap<&'static str, HashSet<Uuid>>,
    /// The codes that the rows bear, of each resource that has them.
    pub(crate) codes: BTreeMap<&'static str, HashSet<String>>,
    /// The slugs of new rows that are rolled back.
    pub(crate) claimed: HashMap<Slug, Uuid>,
}

impl Staging {
    pub(crate) fn staged(&self) -> usize {
        self.staged
    }

    pub(crate) fn hides(&self) -> bool {
        self.hides
    }

    pub(crate) fn count(&mut self, rows: usize) {
        self.in_batch += rows;
    }

    pub(crate) fn claimed(&self) -> &HashMap<Slug, Uuid> {
        &self.claimed
    }
}
