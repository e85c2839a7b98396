//! The results of an import into a resource that is chosen at run time.

use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::lifecycle::State;
use vku_domain::kernel::resource::{Stored, slug_of};
use vku_domain::kernel::value::Slug;

use crate::kernel::bulk_import::{Done, Row};
use crate::kernel::table::Table;

/// A state of a resource that an import has written or changed.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The id.
    pub id: Uuid,
    /// The version.
    pub version: i64,
    /// The id of the parent, for a sub-resource.
    pub parent: Option<Uuid>,
    /// The slug, if the resource has one.
    pub slug: Option<Slug>,
    /// The name or title.
    pub label: String,
    /// The status, if it is known.
    pub status: Option<&'static str>,
    /// The members that callers write.
    pub data: Value,
}

impl Imported {
    fn of<T: Table>(stored: &Stored<T>) -> Result<Self, Error> {
        Ok(Self {
            id: stored.id,
            version: stored.version,
            parent: stored.parent.as_ref().map(|(_, summary)| summary.id),
            slug: slug_of(&stored.data),
            label: stored.data.label().to_owned(),
            status: stored.data.status().map(State::word),
            data: serde_json::to_value(&stored.data).map_err(Error::internal)?,
        })
    }
}

/// What a row has done.
#[derive(Clone, Debug)]
pub enum ImportedRow {
    /// Created a resource.
    Created(Box<Imported>),
    /// Changed a resource: the state before and after.
    Updated(Box<(Imported, Imported)>),
    /// Changed nothing: the id and version of the resource.
    Unchanged(Uuid, i64),
    /// Nothing yet: the row is written in the last transaction of a staged import.
    Deferred(Row),
}

impl ImportedRow {
    pub(super) fn of<T: Table>(done: Done<T>) -> Result<Self, Error> {
        Ok(match done {
            Done::Created(created) => Self::Created(Box::new(Imported::of(&created)?)),
            Done::Updated(states) => {
                Self::Updated(Box::new((Imported::of(&states.0)?, Imported::of(&states.1)?)))
            }
            Done::Unchanged(known) => Self::Unchanged(known.id, known.version),
            Done::Deferred(row) => Self::Deferred(row),
        })
    }
}
