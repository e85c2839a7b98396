//! What a list returns: a page as JSON, and the rows of an export.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::icalendar::Event;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::tabular::FieldSerializer;
use vku_domain::kernel::tabular::cell::Cell;
use vku_domain::kernel::value::Places;

use super::AnyTable;
use crate::kernel::read::stored_list::StoredPage;

/// A page of a list.
#[derive(Clone, Debug)]
pub struct JsonPage {
    /// The beginning of a JSON object with the rows as its member `items`; the other members follow. So the rows, which
    /// are long, are not copied again.
    pub beginning: Vec<u8>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
    /// The cursor of the previous page, if there may be one.
    pub prev: Option<String>,
    /// The total number of rows that match the filter, if requested.
    pub total: Option<u64>,
}

/// How a page begins.
pub(super) const ITEMS: &[u8] = br#"{"items":"#;
/// How the member with the highlights begins.
pub(super) const HIGHLIGHTS: &[u8] = br#","highlights":"#;
/// Room for the other members of a page.
const REST: usize = 1024;

impl From<StoredPage> for JsonPage {
    fn from(StoredPage { items, next, prev, total }: StoredPage) -> Self {
        let length: usize = items.iter().map(|json| json.len() + 1).sum();
        let mut beginning = Vec::with_capacity(ITEMS.len() + length + REST);
        beginning.extend_from_slice(ITEMS);
        beginning.push(b'[');
        for (index, json) in items.iter().enumerate() {
            if index > 0 {
                beginning.push(b',');
            }
            beginning.extend_from_slice(json.as_bytes());
        }
        beginning.push(b']');
        Self { beginning, next, prev, total }
    }
}

impl JsonPage {
    /// Makes a page of rows.
    pub(super) fn of(rows: &[Value], next: Option<String>, total: Option<u64>) -> Result<Self, Error> {
        let mut beginning = ITEMS.to_vec();
        serde_json::to_writer(&mut beginning, rows).map_err(Error::internal)?;
        Ok(Self { beginning, next, prev: None, total })
    }
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
    pub item: ExportItem,
}

impl ExportRow {
    /// Makes a row of JSON with all members.
    ///
    /// Errors: 500.
    pub(super) fn of_json(json: &[u8]) -> Result<Self, Error> {
        let item = serde_json::from_slice(json).map_err(Error::internal)?;
        Ok(Self { id: id_of(json)?, places: None, event: None, item: ExportItem::Selected(item) })
    }
}

#[derive(Deserialize)]
struct WithId {
    id: Uuid,
}

/// Reads the id of a resource from its JSON.
pub(super) fn id_of(json: &[u8]) -> Result<Uuid, Error> {
    serde_json::from_slice::<WithId>(json).map(|it| it.id).map_err(Error::internal)
}

/// The selected members of a row.
pub enum ExportItem {
    /// All members, nothing expanded.
    Full(&'static AnyTable, Box<dyn AnyStored>),
    /// With selected members or expanded references.
    Selected(Value),
}

impl ExportItem {
    /// Appends the row as JSON.
    ///
    /// Errors: 500.
    pub fn write_json(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Full(_, stored) => stored.write_json(out),
            Self::Selected(value) => serde_json::to_writer(out, value).map_err(Error::internal),
        }
    }

    /// Returns the cells of the row.
    ///
    /// Errors: 500.
    pub fn cells(&self, fields: &FieldSerializer) -> Result<Vec<Cell>, Error> {
        match self {
            Self::Full(table, stored) => table.typed.cells(&**stored, fields),
            Self::Selected(value) => fields.cells(value).map_err(Error::internal),
        }
    }
}
