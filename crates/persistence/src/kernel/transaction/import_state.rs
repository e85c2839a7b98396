//! What an import has to remember about the rows that it has read.

use std::collections::HashMap;

use uuid::Uuid;
use vku_domain::kernel::value::Slug;

/// The ids and slugs that the rows of a file state, the resources that they refer to, and the first row for
/// each.
#[derive(Debug, Default)]
pub(crate) struct ImportState {
    pub(crate) named: HashMap<String, u64>,
    pub(crate) meant: HashMap<Uuid, u64>,
    /// The last number that was appended to a slug made from the same name.
    pub(crate) numbers: HashMap<Slug, u32>,
    pub(crate) planned: usize,
}
