//! Creating a resource.

use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::Value;
use vku_domain::kernel::access::actor::{Action, Grant};
use vku_domain::kernel::change_log::ChangeAction;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::input::draft::Draft;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::reference::Key;

use super::{row, unique};
use crate::kernel::id::new_id;
use crate::kernel::table::row::Meta;
use crate::kernel::table::{Parent, Table, child_rows};
use crate::kernel::transaction::Writer;

impl Writer<'_> {
    /// Creates a resource from the body of a `POST`.
    ///
    /// Errors: 401, 403, 404 (no such parent), 409 (slug taken), 422.
    pub async fn create<T: Table>(&mut self, parent: Option<&Key>, body: Value) -> Result<Stored<T>, Error> {
        let grant = self.actor().require::<T>(Action::Create)?;
        let parent = T::Parent::open(self, parent, Some(T::PARENT_LOCK)).await?;
        let draft = Draft::<T>::create(self.actor(), body, self.writing().origin)?;
        let (parent_id, parent) = parent.map(|(summary, parent)| (summary.id, parent)).unzip();
        let mut data = self.resolve_and_validate(draft, None, parent.as_ref()).await?;
        if grant == Grant::Own && !data.is_own(None, parent.as_ref(), self.actor()) {
            return Err(self.actor().refusal());
        }
        self.check_writable_members(None, &data)?;
        T::before_write(self, parent_id, None, &mut data).await?;
        let id = new_id();
        self.claim_slug(id, &mut data).await?;
        let at = self.written_at();
        let meta =
            Meta { id, parent: parent_id, version: 1, created_at: at, updated_at: at, deleted_at: None };
        let (row, links) = row::<T>(meta, &data)?;
        let row = row.into_active_model();
        unique::check::<T>(self, id, &row).await?;
        let inserted = T::Entity::insert(row).exec_without_returning(self.tx()).await;
        inserted.map_err(unique::failed::<T>)?;
        child_rows::save::<T>(self.tx(), id, links, true).await?;
        self.reindex_resource(id, None, &data);
        let created = match parent_id {
            None => {
                let stored = self.as_read(vec![(meta, data)]).await?.pop();
                let stored = stored.ok_or_else(|| Error::internal("what was written is not there"))?;
                self.log(stored, ChangeAction::Created, None)?
            }
            Some(_) => self.record_written::<T>(id, ChangeAction::Created, None).await?,
        };
        self.run_after_write(None, created).await
    }
}
