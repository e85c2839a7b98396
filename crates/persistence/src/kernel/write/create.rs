//! Creating a resource.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::{Draft, InputSource};
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::any::{AnyResource, AnyStored, Meta};
use vku_domain::kernel::resource::reference::Key;

use super::record_change::Written;
use super::row_values::{self, RowValues};
use super::unique;
use crate::kernel::database::error::failed;
use crate::kernel::read::load::{one, open_parent};
use crate::kernel::table::any::AnyTable;
use crate::kernel::table::{Table, child_tables};
use crate::kernel::transaction::Writer;
use crate::kernel::transaction::json_row::JsonRow;

impl Writer<'_> {
    /// Creates a resource from the body of a `POST`.
    ///
    /// Errors: 401, 403, 404 (no such parent), 409 (slug taken), 422.
    pub async fn create<T: Table>(&mut self, parent: Option<&Key>, body: Value) -> Result<Stored<T>, Error> {
        self.create_any(T::TABLE, parent, body).await?.downcast()
    }

    /// The same for any resource.
    pub(crate) fn create_any<'a>(
        &'a mut self,
        table: &'static AnyTable,
        parent: Option<&'a Key>,
        body: Value,
    ) -> LocalBoxFuture<'a, Result<Box<dyn AnyStored>, Error>> {
        async move {
            self.actor().require(table.resource, Action::Create)?;
            let parent = open_parent(table, self, parent, Some(table.parent_lock)).await?;
            let draft = Draft::create(table.resource, self.actor(), body, self.writing().origin)?;
            let accepted = self.accept(table, draft, None, parent.as_deref()).await?;
            self.write(accepted).await
        }
        .boxed_local()
    }

    /// Inserts the row of a new resource, and its child rows.
    pub(super) async fn insert(
        &mut self,
        table: &'static AnyTable,
        id: Uuid,
        parent: Option<Uuid>,
        data: Box<dyn AnyResource>,
    ) -> Result<Written, Error> {
        let at = self.written_at();
        let meta = Meta { id, parent, version: 1, created_at: at, updated_at: at, deleted_at: None };
        self.reindex_resource(id, None, &*data);
        let mut new = [(meta, data)];
        let (mut rows, mut items) = Self::as_read(table, &mut new)?;
        let (values, children) = rows.pop().ok_or_else(|| Error::internal("a resource without a row"))?;
        let row = RowValues::new(table, meta, values)?;
        unique::check(table, self, id, &row).await?;
        let backend = self.tx().get_database_backend();
        let mut inserts = vec![backend.build(&row_values::insert(table, vec![row]))];
        inserts.extend(child_tables::inserts(backend, table, &[(id, children)])?);
        let inserted = self.tx().execute_all(inserts).await;
        inserted.map_err(|error| unique::write_failed(table, error))?;
        for insert in child_tables::index_inserts(backend, table, &[id])? {
            match self.writing().origin {
                InputSource::Request => self.defer(insert),
                // An import would collect one for each of its rows.
                InputSource::Import => self.tx().execute_raw(insert).await.map(drop).map_err(failed)?,
            }
        }
        let inserted = if parent.is_some() {
            self.read_back(table, id).await?
        } else {
            table.typed.derive(&mut *items, &[], self.actor())?;
            table.typed.derive_by_queries(self, &mut *items).await?;
            one(items)?
        };
        self.store_json_of_new(table, &*inserted)?;
        Ok(Written(inserted))
    }

    /// Stores the JSON of a new resource: nothing else changes it before the commit, because the write has locked what the
    /// resource refers to, and nothing refers to the resource yet. Imports leave that to the background.
    fn store_json_of_new(&mut self, table: &AnyTable, new: &dyn AnyStored) -> Result<(), Error> {
        // A hook may change the derived fields.
        if table.stores_json && !table.has_hooks && self.writing().origin == InputSource::Request {
            self.store_json(JsonRow::of(new, None)?);
        }
        Ok(())
    }
}
