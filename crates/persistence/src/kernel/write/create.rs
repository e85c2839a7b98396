//! Creating a resource.

use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Action;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::Draft;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::Key;

use super::record_change::Written;
use super::{row, unique};
use crate::kernel::table::row::Meta;
use crate::kernel::table::{Parent, Table, child_rows};
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    /// Creates a resource from the body of a `POST`.
    ///
    /// Errors: 401, 403, 404 (no such parent), 409 (slug taken), 422.
    pub async fn create<T: Table>(&mut self, parent: Option<&Key>, body: Value) -> Result<Stored<T>, Error> {
        self.actor().require::<T>(Action::Create)?;
        let parent = T::Parent::open(self, parent, Some(T::PARENT_LOCK)).await?;
        let parent = parent.map(|(summary, parent)| (summary.id, parent));
        let draft = Draft::<T>::create(self.actor(), body, self.writing().origin)?;
        let accepted = self.accept(draft, None, parent.as_ref()).await?;
        self.write(accepted).await
    }

    /// Inserts the row of a new resource, and its child rows.
    pub(super) async fn insert<T: Table>(
        &mut self,
        id: Uuid,
        parent: Option<Uuid>,
        data: T,
    ) -> Result<Written<T>, Error> {
        let at = self.written_at();
        let meta = Meta { id, parent, version: 1, created_at: at, updated_at: at, deleted_at: None };
        let (row, links) = row::<T>(meta, &data)?;
        let row = row.into_active_model();
        unique::check::<T>(self, id, &row).await?;
        let inserted = T::Entity::insert(row).exec_without_returning(self.tx()).await;
        inserted.map_err(unique::write_failed::<T>)?;
        child_rows::save::<T>(self.tx(), id, links, true).await?;
        self.reindex_resource(id, None, &data);
        let stored = match parent {
            None => self.as_read(vec![(meta, data)]).await?.pop(),
            Some(_) => Some(self.read_back::<T>(id).await?),
        };
        Ok(Written(stored.ok_or_else(|| Error::internal("what was written is not there"))?))
    }
}
