//! The rows of an export, in batches.

use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::icalendar::Event;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::Stored;
use vku_domain::kernel::resource::projection::Projected;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::Places;
use vku_persistence::kernel::table::Table;
use vku_persistence::kernel::transaction::Reader;

use crate::format::Format;

/// A row with its selected members, and what GeoJSON and iCalendar need.
pub(super) struct Row<T: Table> {
    pub(super) id: Uuid,
    pub(super) places: Option<Places>,
    pub(super) event: Option<Event>,
    pub(super) projected: Projected<T>,
}

/// All rows of a list, from the cursor of the query on.
pub(super) struct Rows<'a, T: Table> {
    reader: &'a Reader<'a>,
    query: Option<Query<T>>,
    parent: Option<&'a Key>,
    format: Format,
}

impl<'a, T: Table> Rows<'a, T> {
    /// Creates the stream; rows have their locations for GeoJSON, and their events for iCalendar.
    pub(super) fn new(
        reader: &'a Reader<'a>,
        query: Query<T>,
        parent: Option<&'a Key>,
        format: Format,
    ) -> Self {
        Self { reader, query: Some(query), parent, format }
    }

    /// Returns the next batch; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Row<T>>>, Error> {
        let Some(query) = &mut self.query else { return Ok(None) };
        let page = self.reader.rows(query, self.parent).await?;
        let places = T::PLACES.filter(|_| self.format == Format::Geojson);
        let event = T::EVENT.filter(|_| self.format == Format::Ics);
        let known =
            |item: &Stored<T>| (item.id, places.map(|places| places(item)), event.map(|event| event(item)));
        let known: Vec<_> = page.items.iter().map(known).collect();
        let items = self.reader.show(&query.view, page.items).await?;
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => self.query = None,
        }
        let rows = known.into_iter().zip(items).map(|((id, places, event), projected)| Row {
            id,
            places,
            event,
            projected,
        });
        Ok(Some(rows.collect()))
    }
}
