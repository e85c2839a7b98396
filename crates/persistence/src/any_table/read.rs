//! Reading a resource.

use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::icalendar::Event;
use vku_domain::kernel::query::Paging;
use vku_domain::kernel::resource::projection::Projection;

use super::{AnyTable, JsonResource, ResourceKey, StatusInfo, VersionedJson};
use crate::kernel::bulk_import::duplicates::NameIndex;
use crate::kernel::database::sqlite_readers::Thread;
use crate::kernel::read::history::Entries;
use crate::kernel::read::load::open_parent;
use crate::kernel::read::stored_json::{self, StoredJson};
use crate::kernel::store::Store;
use crate::kernel::transaction::Reader;
use crate::kernel::write::transition::allowed_transitions;

impl AnyTable {
    /// Reads a resource, from stored JSON if there is any.
    ///
    /// Errors: those of [`Reader::get`]; 503 if the database is unavailable.
    pub async fn read(
        &'static self,
        store: &Store,
        actor: &Actor,
        at: &ResourceKey,
        deleted: bool,
        view: &Projection,
    ) -> Result<VersionedJson, Error> {
        if view.is_default() && !deleted && stored_json::is_stored_for(self, actor) {
            let reader = store.read_rows(actor, Thread::Caller).await;
            let reader = reader.unwrap_or_else(|| store.read_by_statement(actor));
            let stored = reader.stored(self, &at.key, at.parent.as_ref()).await;
            if let Some((version, json)) = self.found(store, stored)? {
                return Ok(VersionedJson { version, json: json.into_bytes() });
            }
        }
        let reader = self.begin_get(store, actor, view).await?;
        let JsonResource { version, json, .. } = self.get(&reader, at, deleted, view).await?;
        Ok(VersionedJson { version, json })
    }

    /// Returns what was read of stored JSON; `None` if the rows have to be read instead, because JSON is missing, which is
    /// written soon, or because stored JSON cannot be read.
    pub(super) fn found<T>(
        &self,
        store: &Store,
        stored: Result<StoredJson<T>, Error>,
    ) -> Result<Option<T>, Error> {
        match stored {
            Ok(StoredJson::Found(found)) => Ok(Some(found)),
            Ok(StoredJson::Missing(ids)) => {
                store.json_queue().add(self.name(), ids);
                Ok(None)
            }
            // Reading the rows succeeds, or tells more.
            Err(error) if error.code == Code::Internal => {
                tracing::warn!(source = ?error.source, "stored JSON cannot be read: reading the rows instead");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Begins to read one resource in this view: by a single statement if that is enough.
    ///
    /// Errors: 503 if the database is unavailable.
    async fn begin_get<'a>(
        &self,
        store: &'a Store,
        actor: &'a Actor,
        view: &Projection,
    ) -> Result<Reader<'a>, Error> {
        match self.derives_by_queries || !view.expanded().is_empty() {
            true => store.read(actor).await,
            false => Ok(store.read_by_statement(actor)),
        }
    }

    /// Reads a resource; see [`Reader::get`].
    pub async fn get(
        &'static self,
        reader: &Reader<'_>,
        at: &ResourceKey,
        deleted: bool,
        view: &Projection,
    ) -> Result<JsonResource, Error> {
        let stored = reader.get_any(self, &at.key, at.parent.as_ref(), deleted).await?;
        if view.is_default() {
            return JsonResource::of(&*stored);
        }
        let projected = reader.project(view, std::slice::from_ref(&stored)).await?.pop();
        JsonResource::with_value(&*stored, &projected.unwrap_or_default())
    }

    /// Reads a resource as an event, and its version.
    ///
    /// Errors: those of [`Reader::get`]; 404 if such resources are no events.
    pub async fn event(
        &'static self,
        reader: &Reader<'_>,
        at: &ResourceKey,
        deleted: bool,
    ) -> Result<(i64, Event), Error> {
        let stored = reader.get_any(self, &at.key, at.parent.as_ref(), deleted).await?;
        let event = stored.event().ok_or_else(Error::not_found)?;
        Ok((stored.version(), event))
    }

    /// Reads a page of the history of a resource.
    ///
    /// Errors: those of [`Reader::get`]; 400 for a cursor of another history.
    pub async fn history(
        &'static self,
        reader: &Reader<'_>,
        at: &ResourceKey,
        deleted: bool,
        paging: &Paging,
    ) -> Result<Entries, Error> {
        let parent = at.parent.as_ref();
        let stored = reader.get_any(self, &at.key, parent, deleted).await?;
        reader.history(self, &*stored, parent, paging).await
    }

    /// Reads the statuses that the actor may set now, and the changes of the status so far.
    ///
    /// Errors: those of [`Reader::get`].
    pub async fn transitions(
        &'static self,
        reader: &Reader<'_>,
        at: &ResourceKey,
    ) -> Result<StatusInfo, Error> {
        let stored = reader.get_any(self, &at.key, at.parent.as_ref(), false).await?;
        let parent = open_parent(self, reader, at.parent.as_ref(), None).await?;
        let allowed = allowed_transitions(reader, &*stored, parent.as_deref());
        Ok(StatusInfo { allowed, history: reader.steps(&*stored).await? })
    }

    /// Reads the names of all resources that the actor sees; none for resources without a slug.
    ///
    /// Errors: the database is unavailable.
    pub async fn names(&self, reader: &Reader<'_>) -> Result<NameIndex, Error> {
        reader.names(self).await
    }
}
