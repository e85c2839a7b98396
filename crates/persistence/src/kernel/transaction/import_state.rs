//! What an import remembers of the rows it has read.

use std::collections::HashMap;

use uuid::Uuid;
use vku_domain::kernel::value::Slug;

/// What the rows of a file named and meant, and which row was the first to.
#[derive(Debug, Default)]
pub(crate) struct ImportState {
    pub(crate) named: HashMap<String, u64>,
    pub(crate) meant: HashMap<Uuid, u64>,
    /// The numbers given last to slugs that are made of the same name.
    pub(crate) numbers: HashMap<Slug, u32>,
    pub(crate) planned: usize,
}
