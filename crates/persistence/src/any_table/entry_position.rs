//! The cursor of a table of entries.

use uuid::Uuid;

/// The position of a cursor: the last row of a page of entries.
pub(super) struct EntryPosition {
    /// The cursor of the page of resources that has the last row.
    pub(super) page: Option<String>,
    /// The place of the resource of the last row in its page.
    pub(super) place: usize,
    /// The resource of the last row.
    pub(super) resource: Uuid,
    /// The index of the last row among the entries of its resource.
    pub(super) index: usize,
}

impl EntryPosition {
    /// Reads a cursor.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (row, page) = text.split_once('.')?;
        let (resource, row) = row.split_at_checked(uuid::fmt::Simple::LENGTH)?;
        let (place, index) = row.split_once('-')?;
        Some(Self {
            page: Some(page.to_owned()).filter(|page| !page.is_empty()),
            place: place.parse().ok().filter(|place| *place <= MAX_PLACE)?,
            resource: resource.parse().ok()?,
            index: index.parse().ok()?,
        })
    }

    /// Writes the cursor.
    pub(super) fn write(&self) -> String {
        let Self { page, place, resource, index } = self;
        format!("{}{place}-{index}.{}", resource.simple(), page.as_deref().unwrap_or_default())
    }
}

/// The last place in a page of resources.
const MAX_PLACE: usize = 200;
