//! Complete lists from one snapshot, however long it takes to send them.

use std::time::Duration;

use tokio::sync::SemaphorePermit;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::query::Page;
use vku_domain::kernel::resource::reference::Key;

use super::Store;
use crate::kernel::read::list::AnyPage;
use crate::kernel::read::stored_json::StoredJson;
use crate::kernel::read::stored_list::StoredPage;
use crate::kernel::table::Table;
use crate::kernel::table::any::AnyQuery;
use crate::kernel::transaction::Reader;

/// How long an export waits for a slot before it gets a 503.
const SLOT_TIMEOUT: Duration = Duration::from_secs(10);
/// After how many seconds a refused client may try again.
const RETRY_SECONDS: u32 = 10;
/// How many rows are read at a time; this limits the memory that an export takes.
const BATCH: u64 = 250;

/// A reader that may take its time: it delays only other exports.
pub struct Export<'a> {
    reader: Reader<'a>,
    store: &'a Store,
    _turn: SemaphorePermit<'a>,
}

impl<'a> std::ops::Deref for Export<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl Drop for Export<'_> {
    fn drop(&mut self) {
        // SQLite's write-ahead log could not be truncated while the export was reading.
        self.store.database().truncate_wal();
    }
}

impl Store {
    /// Begins an export: everything that is read belongs to one snapshot.
    ///
    /// Errors: 503 if other exports take too long, or the database is unavailable.
    pub async fn export<'a>(&'a self, actor: &'a Actor) -> Result<Export<'a>, Error> {
        let Ok(Ok(slot)) = tokio::time::timeout(SLOT_TIMEOUT, self.exports.acquire()).await else {
            let detail = bilingual!(
                "Too many exports are running; please try again shortly.",
                "Andere exportieren gerade; bitte versuchen Sie es gleich noch einmal."
            );
            return Err(Error { retry_after: Some(RETRY_SECONDS), ..Error::new(Code::Unavailable, detail) });
        };
        let reader = self.begin_read(self.database().exporting(), actor).await?;
        Ok(Export { reader, store: self, _turn: slot })
    }
}

impl Reader<'_> {
    /// Returns the next rows of an export, starting at the cursor of the query; of one parent, or of all that
    /// the actor sees.
    pub async fn rows<T: Table>(&self, query: &mut AnyQuery, parent: Option<&Key>) -> Result<Page<T>, Error> {
        self.rows_any(query, parent).await?.downcast()
    }

    /// Returns the next rows as their JSON is stored.
    pub(crate) async fn stored_rows(
        &self,
        query: &mut AnyQuery,
        parent: Option<&Key>,
    ) -> Result<StoredJson<StoredPage>, Error> {
        (query.limit, query.count) = (BATCH, false);
        self.stored_page(query, parent).await
    }

    /// The same for any resource.
    pub(crate) async fn rows_any(
        &self,
        query: &mut AnyQuery,
        parent: Option<&Key>,
    ) -> Result<AnyPage, Error> {
        (query.limit, query.count) = (BATCH, false);
        self.list_any(query, parent).await
    }
}
