//! Lists and exports.

use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::search::{Highlights, Search};

use super::rows::{ExportItem, ExportRow, HIGHLIGHTS, ITEMS, JsonPage};
use super::{AnyQuery, AnyTable};
use crate::feed;
use crate::kernel::database::sqlite_readers::Thread;
use crate::kernel::read::list::AnyPage;
use crate::kernel::read::page;
use crate::kernel::read::stored_json::{self, StoredJson};
use crate::kernel::read::stored_list::StoredPage;
use crate::kernel::store::Store;
use crate::kernel::table::filter::ParentFilter;
use crate::kernel::transaction::Reader;

/// The JSON of resources, and the cursor of the next page.
pub(super) type Items = (Vec<Vec<u8>>, Option<String>);

fn items(AnyPage { items, next, .. }: AnyPage) -> Result<Items, Error> {
    let json = items.into_items().into_iter().map(|item| item.to_json());
    Ok((json.collect::<Result<_, _>>()?, next))
}

impl AnyTable {
    /// Takes `fields` and `expand`.
    pub fn projection(&self, parameters: &mut Parameters) -> Projection {
        Projection::take(self.resource, parameters)
    }

    /// Takes the parameters of a list.
    pub fn query(&self, parameters: &mut Parameters) -> AnyQuery {
        self.typed.query(parameters)
    }

    /// Takes the parameters of a list of the sub-resources of all parents: those of the list below a parent, the
    /// parents by id or slug (`partnership`), and the filters of their list (`partnership.status`).
    pub fn query_of_all_parents(&self, parameters: &mut Parameters) -> AnyQuery {
        let query = self.query(parameters);
        AnyQuery { parents: self.take_parents(parameters), ..query }
    }

    /// Takes the parameters that select the parents.
    pub(super) fn take_parents(&self, parameters: &mut Parameters) -> ParentFilter {
        let (Some(name), Some(parents)) = (self.resource.parent, self.parent) else {
            return ParentFilter::default();
        };
        let keys = parameters.get(name);
        let filter = parameters.take_of(name, |parameters| parents.typed.filter(parameters));
        ParentFilter { keys, filter }
    }

    /// Makes the query for all rows in the default order.
    pub fn all(&self) -> AnyQuery {
        self.typed.all()
    }
}

impl AnyQuery {
    /// Whether the change feed has an entry for whatever changes the rows, or their order, on the same day.
    pub fn is_followed(&self) -> bool {
        // A search also finds rows by texts that they do not show.
        let shows_all = self.search.is_none() && !self.deleted && self.view.expanded().is_empty();
        shows_all && feed::follows(self.table)
    }

    /// Reads a page, from stored JSON if there is any.
    ///
    /// Errors: those of [`Reader::list`]; 503 if the database is unavailable.
    pub async fn read_page(
        &self,
        store: &Store,
        actor: &Actor,
        parent: Option<&Key>,
    ) -> Result<JsonPage, Error> {
        if let Some(unnesting) = &self.unnested {
            return self.unnested_page(unnesting, store, actor).await;
        }
        if let Some(page) = self.stored_page(store, actor, parent).await? {
            return Ok(page.into());
        }
        let reader = self.begin_page(store, actor, parent).await?;
        self.page(&reader, parent).await
    }

    /// Reads a page from stored JSON; `None` if there is none.
    async fn stored_page(
        &self,
        store: &Store,
        actor: &Actor,
        parent: Option<&Key>,
    ) -> Result<Option<StoredPage>, Error> {
        if !self.has_stored_json(actor) {
            return Ok(None);
        }
        let reader = match store.read_rows(actor, Thread::Blocking).await {
            Some(reader) => reader,
            None => self.begin_page(store, actor, parent).await?,
        };
        let page = reader.stored_page(self, parent).await;
        self.table.found(store, page)
    }

    /// Reads a page, and returns the JSON of each resource, and the cursor of the next page.
    pub(super) async fn read_items(&self, store: &Store, actor: &Actor) -> Result<Items, Error> {
        if let Some(StoredPage { items, next, .. }) = self.stored_page(store, actor, None).await? {
            return Ok((items.into_iter().map(String::into_bytes).collect(), next));
        }
        let reader = self.begin_page(store, actor, None).await?;
        items(reader.list_any(self, None).await?)
    }

    /// The same for the next rows of an export.
    pub(super) async fn next_items(
        &mut self,
        reader: &Reader<'_>,
        parent: Option<&Key>,
    ) -> Result<Items, Error> {
        if self.has_stored_json(reader.actor())
            && let StoredJson::Found(StoredPage { items, next, .. }) =
                reader.stored_rows(self, parent).await?
        {
            return Ok((items.into_iter().map(String::into_bytes).collect(), next));
        }
        items(reader.rows_any(self, parent).await?)
    }

    /// Whether the actor gets stored JSON.
    fn has_stored_json(&self, actor: &Actor) -> bool {
        self.view.is_default()
            && !self.highlight
            && !self.deleted
            && stored_json::is_stored_for(self.table, actor)
    }

    /// Begins to read a page: by a single statement if that is enough.
    ///
    /// Errors: 503 if the database is unavailable.
    async fn begin_page<'a>(
        &self,
        store: &'a Store,
        actor: &'a Actor,
        parent: Option<&Key>,
    ) -> Result<Reader<'a>, Error> {
        if self.search.is_some() {
            return store.search(actor).await;
        }
        let looks_up = parent.is_some() || !self.view.expanded().is_empty();
        // Beyond the last row there is no row that has the total.
        let counts_again = self.count && self.cursor.is_some();
        let looks_up = looks_up || page::counts_first(self, store.database(), actor);
        match looks_up || counts_again || self.table.derives_by_queries {
            true => store.read(actor).await,
            false => Ok(store.read_by_statement(actor)),
        }
    }

    /// Reads a page from its rows.
    ///
    /// Errors: those of [`Reader::list`].
    async fn page(&self, reader: &Reader<'_>, parent: Option<&Key>) -> Result<JsonPage, Error> {
        let AnyPage { items, next, prev, total } = reader.list_any(self, parent).await?;
        let (items, highlights) = match self.search.as_ref().filter(|_| self.highlight) {
            Some(search) => {
                let items = items.into_items();
                let highlights = self.highlights(search, &items)?;
                let values = reader.project(&self.view, &items).await?;
                (serde_json::to_vec(&values).map_err(Error::internal)?, highlights)
            }
            None if self.view.is_default() => (items.to_json()?, Vec::new()),
            None => {
                let values = reader.project(&self.view, &items.into_items()).await?;
                (serde_json::to_vec(&values).map_err(Error::internal)?, Vec::new())
            }
        };
        Ok(JsonPage { beginning: [ITEMS, &items, &highlights].concat(), next, prev, total })
    }

    /// Returns the member `highlights` of a page.
    fn highlights(&self, search: &Search, items: &[Box<dyn AnyStored>]) -> Result<Vec<u8>, Error> {
        let found_by: Vec<_> = self.table.found_by.iter().map(|by| by.resource).collect();
        let highlights = items.iter().map(|item| Highlights {
            id: item.id(),
            matches: item.data().search_sources(&found_by).highlights(search),
        });
        let mut json = HIGHLIGHTS.to_vec();
        serde_json::to_writer(&mut json, &highlights.collect::<Vec<_>>()).map_err(Error::internal)?;
        Ok(json)
    }

    /// Counts all rows, whatever the cursor; without a parent, those of all parents.
    ///
    /// Errors: those of [`Reader::list`].
    pub async fn count(&self, reader: &Reader<'_>, parent: Option<&Key>) -> Result<u64, Error> {
        if let Some(unnesting) = &self.unnested {
            return self.count_unnested(unnesting, reader).await;
        }
        let query = Self { count: true, limit: 1, cursor: None, ..self.clone() };
        Ok(reader.list_any(&query, parent).await?.total.unwrap_or(0))
    }

    /// Returns the languages of the texts besides the usual ones.
    ///
    /// Errors: those of [`Reader::list`].
    pub async fn languages(&self, reader: &Reader<'_>, parent: Option<&Key>) -> Result<Vec<String>, Error> {
        reader.languages(self, parent).await
    }

    /// Reads the next rows of an export as JSON in UTF-8, stored if there is any, and returns whether there are more.
    ///
    /// Errors: those of [`Reader::list`].
    pub async fn next_lines(
        &mut self,
        store: &Store,
        reader: &Reader<'_>,
        parent: Option<&Key>,
    ) -> Result<(Vec<Vec<u8>>, bool), Error> {
        if self.unnested.is_none() && self.has_stored_json(reader.actor()) {
            match reader.stored_rows(self, parent).await? {
                StoredJson::Missing(ids) => store.json_queue().add(self.table.name(), ids),
                StoredJson::Found(StoredPage { items, next, .. }) => {
                    let has_more = next.is_some();
                    self.cursor = next;
                    return Ok((items.into_iter().map(String::into_bytes).collect(), has_more));
                }
            }
        }
        let (rows, has_more) = self.next_rows(reader, parent).await?;
        let mut lines = vec![Vec::new(); rows.len()];
        rows.iter().zip(&mut lines).try_for_each(|(row, line)| row.item.write_json(line))?;
        Ok((lines, has_more))
    }

    /// Reads the next rows of an export, and returns whether there are more.
    ///
    /// Errors: those of [`Reader::list`].
    pub async fn next_rows(
        &mut self,
        reader: &Reader<'_>,
        parent: Option<&Key>,
    ) -> Result<(Vec<ExportRow>, bool), Error> {
        if let Some(unnesting) = self.unnested.clone() {
            return self.next_unnested(&unnesting, reader).await;
        }
        let has_more_than_json = self.table.resource.has_places || self.table.resource.has_events;
        if !has_more_than_json && self.has_stored_json(reader.actor()) {
            let (items, next) = self.next_items(reader, parent).await?;
            self.cursor = next;
            let rows = items.iter().map(|json| ExportRow::of_json(json)).collect::<Result<_, _>>()?;
            return Ok((rows, self.cursor.is_some()));
        }
        let page = reader.rows_any(self, parent).await?;
        let has_more = page.next.is_some();
        self.cursor = page.next;
        let stored = page.items.into_items();
        let known: Vec<_> = stored.iter().map(|item| (item.id(), item.places(), item.event())).collect();
        let items: Vec<_> = match self.view.is_default() {
            true => stored.into_iter().map(|item| ExportItem::Full(self.table, item)).collect(),
            false => {
                let values = reader.project(&self.view, &stored).await?;
                values.into_iter().map(ExportItem::Selected).collect()
            }
        };
        let rows = known.into_iter().zip(items);
        let rows = rows.map(|((id, places, event), item)| ExportRow { id, places, event, item });
        Ok((rows.collect(), has_more))
    }
}
