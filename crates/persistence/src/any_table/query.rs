//! Lists of a resource that is chosen at run time.

use std::any::Any;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::icalendar::Event;
use vku_domain::kernel::query::{Page, Query};
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::projection::{Projected, Projection};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::tabular::FieldSerializer;
use vku_domain::kernel::tabular::cell::Cell;
use vku_domain::kernel::value::Places;

use crate::kernel::table::Table;
use crate::kernel::transaction::Reader;

/// A page of a list.
#[derive(Clone, Debug)]
pub struct JsonPage {
    /// The rows as a JSON array.
    pub items: Vec<u8>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
    /// The cursor of the previous page, if there may be one.
    pub prev: Option<String>,
    /// The total number of rows that match the filter, if requested.
    pub total: Option<u64>,
}

/// A row of an export.
pub struct ExportRow {
    /// The id.
    pub id: Uuid,
    /// The locations, if the resource has any.
    pub places: Option<Places>,
    /// The event, if the resource is one.
    pub event: Option<Event>,
    /// The selected members.
    pub item: Box<dyn ExportItem>,
}

/// The selected members of a row.
pub trait ExportItem: Send {
    /// Appends the row as JSON.
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), Error>;

    /// Returns the cells of the row.
    fn cells(&self, fields: &FieldSerializer) -> Result<Vec<Cell>, Error>;
}

impl<T: Table> ExportItem for Projected<T> {
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        serde_json::to_writer(out, self).map_err(Error::internal)
    }

    fn cells(&self, fields: &FieldSerializer) -> Result<Vec<Cell>, Error> {
        fields.cells(self).map_err(Error::internal)
    }
}

/// The parameters of a list: a [`Query`] for any resource.
pub trait AnyQuery: Send {
    /// The selected and expanded members.
    fn view(&self) -> &Projection;

    /// Whether the query begins at a cursor.
    fn has_cursor(&self) -> bool;

    /// Returns the query, for a resource that is known after all.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;

    /// Reads the page.
    ///
    /// Errors: those of [`Reader::list`].
    fn page<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        parent: Option<&'a Key>,
    ) -> LocalBoxFuture<'a, Result<JsonPage, Error>>;

    /// Counts all rows, whatever the cursor; without a parent, those of all parents.
    fn count<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        parent: Option<&'a Key>,
    ) -> LocalBoxFuture<'a, Result<u64, Error>>;

    /// Returns the languages of the texts besides the usual ones.
    fn languages<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        parent: Option<&'a Key>,
    ) -> LocalBoxFuture<'a, Result<Vec<String>, Error>>;

    /// Reads the next rows of an export, and returns whether there are more.
    fn next_rows<'a>(
        &'a mut self,
        reader: &'a Reader<'_>,
        parent: Option<&'a Key>,
    ) -> LocalBoxFuture<'a, Result<(Vec<ExportRow>, bool), Error>>;
}

impl<T: Table> AnyQuery for Query<T> {
    fn view(&self) -> &Projection {
        &self.view
    }

    fn has_cursor(&self) -> bool {
        self.cursor.is_some()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }

    fn page<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        parent: Option<&'a Key>,
    ) -> LocalBoxFuture<'a, Result<JsonPage, Error>> {
        async move {
            let Page { items, next, prev, total } = reader.list(self, parent).await?;
            let items = reader.project(&self.view, items).await?;
            let items = serde_json::to_vec(&items).map_err(Error::internal)?;
            Ok(JsonPage { items, next, prev, total })
        }
        .boxed_local()
    }

    fn count<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        parent: Option<&'a Key>,
    ) -> LocalBoxFuture<'a, Result<u64, Error>> {
        async move {
            let query = Self { count: true, limit: 1, cursor: None, ..self.clone() };
            let page = match parent {
                Some(_) => reader.list(&query, parent).await?,
                None => reader.list_everywhere(&query).await?,
            };
            Ok(page.total.unwrap_or(0))
        }
        .boxed_local()
    }

    fn languages<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        parent: Option<&'a Key>,
    ) -> LocalBoxFuture<'a, Result<Vec<String>, Error>> {
        reader.languages(self, parent).boxed_local()
    }

    fn next_rows<'a>(
        &'a mut self,
        reader: &'a Reader<'_>,
        parent: Option<&'a Key>,
    ) -> LocalBoxFuture<'a, Result<(Vec<ExportRow>, bool), Error>> {
        async move {
            let page = reader.rows(self, parent).await?;
            let known = |item: &Stored<T>| {
                (item.id, T::PLACES.map(|places| places(item)), T::EVENT.map(|event| event(item)))
            };
            let known: Vec<_> = page.items.iter().map(known).collect();
            let projected = reader.project(&self.view, page.items).await?;
            let has_more = page.next.is_some();
            self.cursor = page.next;
            let rows = known.into_iter().zip(projected).map(|((id, places, event), item)| ExportRow {
                id,
                places,
                event,
                item: Box::new(item),
            });
            Ok((rows.collect(), has_more))
        }
        .boxed_local()
    }
}
