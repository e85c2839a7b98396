//! What references to a resource show of it.

use serde::ser::{Serialize, SerializeMap, Serializer};
use uuid::Uuid;

use super::key::Key;
use crate::kernel::value::{Country, Localized, Location, Slug, Visibility};

/// The parts of a resource that references to it show, and those that rules need.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceSummary {
    /// The id.
    pub id: Uuid,
    /// The slug, if the resource has one.
    pub slug: Option<Slug>,
    /// The field that names the resource, `name` or `title`, and its text.
    pub label: (&'static str, String),
    /// The kind, if references show it.
    pub kind: Option<String>,
    /// The country, if references show it.
    pub country: Option<Country>,
    /// The visibility; not shown.
    pub visibility: Visibility,
    /// The location; not shown.
    pub location: Option<Location>,
    /// The names by language, if the resource has them; shown instead of the text in `label`.
    pub labels: Option<Localized>,
    /// The id of the resource that gives this one its name, such as the utility of a member; not shown.
    pub named_after: Option<Uuid>,
}

impl ReferenceSummary {
    /// Returns whether this is the id or the current slug of the resource.
    pub fn is(&self, key: &Key) -> bool {
        match key {
            Key::Id(id) => self.id == *id,
            Key::Slug(slug) => self.slug.as_ref() == Some(slug),
        }
    }
}

impl Serialize for ReferenceSummary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        if let Some(slug) = &self.slug {
            map.serialize_entry("slug", slug)?;
        }
        match &self.labels {
            Some(labels) => map.serialize_entry(self.label.0, labels)?,
            None if self.label.0.is_empty() => {}
            None => map.serialize_entry(self.label.0, &self.label.1)?,
        }
        if let Some(kind) = &self.kind {
            map.serialize_entry("kind", kind)?;
        }
        if let Some(country) = &self.country {
            map.serialize_entry("country", country)?;
        }
        map.end()
    }
}
