//! A resource as it is stored, and its representation in JSON.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use uuid::Uuid;

use super::list_filter::ListFilter;
use super::reference::ReferenceSummary;
use super::{ETag, Resource};
use crate::kernel::clock::instant;

/// A stored resource: its data with id, version, times and derived fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<T: Resource> {
    /// The id, a UUIDv7.
    pub id: Uuid,
    /// The type of the parent, and the reference to it.
    pub parent: Option<(&'static str, ReferenceSummary)>,
    /// The members that callers write.
    pub data: T,
    /// The derived fields.
    pub derived: T::Derived,
    /// The time of creation, truncated to microseconds.
    pub created_at: DateTime<Utc>,
    /// The time of the last change of its own data.
    pub updated_at: DateTime<Utc>,
    /// The version, which starts at 1 and grows with each change.
    pub version: i64,
    /// The time of deletion, if the resource is deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// The read-only members that all resources have.
pub const READ_ONLY: &[&str] = &["id", "created_at", "updated_at", "version", "deleted_at"];

impl<T: Resource> Serialize for Stored<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Body<'a, T: Resource> {
            #[serde(flatten)]
            data: &'a T,
            #[serde(flatten)]
            derived: &'a T::Derived,
        }
        struct Parent<'a>(&'a Option<(&'static str, ReferenceSummary)>);
        impl Serialize for Parent<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                if let Some((name, summary)) = self.0 {
                    map.serialize_entry(name, summary)?;
                }
                map.end()
            }
        }
        #[derive(Serialize)]
        struct Representation<'a, T: Resource> {
            id: Uuid,
            #[serde(flatten)]
            parent: Parent<'a>,
            #[serde(flatten)]
            body: Body<'a, T>,
            created_at: String,
            updated_at: String,
            version: i64,
            #[serde(skip_serializing_if = "Option::is_none")]
            deleted_at: Option<String>,
        }
        Representation {
            id: self.id,
            parent: Parent(&self.parent),
            body: Body { data: &self.data, derived: &self.derived },
            created_at: instant(self.created_at),
            updated_at: instant(self.updated_at),
            version: self.version,
            deleted_at: self.deleted_at.map(instant),
        }
        .serialize(serializer)
    }
}

impl<T: Resource> Stored<T> {
    /// Returns whether the resource matches the filter. This is the specification against which the SQL is tested.
    pub fn matches(&self, filter: &T::Filter) -> bool {
        filter.matches_ordinary(self) && T::matches_special(filter, self)
    }

    /// Returns the representation: JSON in UTF-8.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Returns the entity tag.
    pub fn tag(&self) -> Result<ETag, serde_json::Error> {
        Ok(ETag::of(self.version, &self.to_json()?))
    }
}
