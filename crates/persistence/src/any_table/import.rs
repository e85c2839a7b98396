//! The results of an import into a resource that is chosen at run time.

use serde_json::Value;
use uuid::Uuid;
use vku_domain::import::ImportMode;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::AnyStored;
use vku_domain::kernel::value::Slug;

use super::AnyTable;
use crate::kernel::bulk_import::{Done, Row};
use crate::kernel::transaction::Writer;

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
    fn of(stored: &dyn AnyStored) -> Result<Self, Error> {
        let (meta, data) = (stored.meta(), stored.data());
        Ok(Self {
            id: meta.id,
            version: meta.version,
            parent: meta.parent,
            slug: data.slug(),
            label: data.label().to_owned(),
            status: data.status(),
            data: data.to_value()?,
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
    fn of(done: Done) -> Result<Self, Error> {
        Ok(match done {
            Done::Created(created) => Self::Created(Box::new(Imported::of(&*created)?)),
            Done::Updated(before, after) => {
                Self::Updated(Box::new((Imported::of(&*before)?, Imported::of(&*after)?)))
            }
            Done::Unchanged(known) => Self::Unchanged(known.id(), known.version()),
            Done::Deferred(row) => Self::Deferred(row),
        })
    }
}

impl AnyTable {
    /// Stages an import that may be large: its changes do not stay in memory, and, if rows do not depend on
    /// each other, other writers get their turn between batches.
    ///
    /// Errors: the database is unavailable, or its folder is not writable.
    pub async fn stage_import(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.stage_import(self).await
    }

    /// Writes the rows of an import in the given order. A refused row changes nothing; the others are written.
    ///
    /// Errors: those that no row has caused, such as a database that is unavailable.
    pub async fn import(
        &'static self,
        writer: &mut Writer<'_>,
        mode: ImportMode,
        rows: Vec<(u64, Row)>,
    ) -> Result<Vec<Result<ImportedRow, Error>>, Error> {
        let outcomes = writer.import(self, mode, rows).await?;
        Ok(outcomes.into_iter().map(|outcome| ImportedRow::of(outcome?)).collect())
    }
}
