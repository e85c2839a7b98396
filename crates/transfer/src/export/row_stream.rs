//! The rows of an export, in batches.

use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::Key;
use vku_persistence::any_table::{AnyQuery, ExportRow};
use vku_persistence::kernel::transaction::Reader;

/// All rows of a list, from the cursor of the query on.
pub(super) struct Rows<'a> {
    reader: &'a Reader<'a>,
    query: Option<AnyQuery>,
    parent: Option<&'a Key>,
}

impl<'a> Rows<'a> {
    /// Creates the stream.
    pub(super) fn new(reader: &'a Reader<'a>, query: AnyQuery, parent: Option<&'a Key>) -> Self {
        Self { reader, query: Some(query), parent }
    }

    /// Returns the next batch; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<ExportRow>>, Error> {
        let Some(query) = &mut self.query else { return Ok(None) };
        let (rows, has_more) = query.next_rows(self.reader, self.parent).await?;
        if !has_more {
            self.query = None;
        }
        Ok(Some(rows))
    }
}
