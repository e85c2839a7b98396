//! The operations on a resource that is chosen at run time, with its data as JSON.
//!
//! What serves all resources alike, such as the endpoints, exports and imports, uses an [`AnyTable`] and these
//! operations. Features use the types: `reader.get::<Utility>(…)`. Both run the same code, which does not know the type
//! and is compiled once.

mod columns;
mod entry_position;
mod entry_reader;
mod import;
mod query;
mod read;
mod rows;
mod unnested;
mod write;

use serde_json::Value;
use uuid::Uuid;
use vku_domain::kernel::access::actor::{Action, Actor};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::any::{AnyStored, ResourceInfo};
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::value::Slug;

use crate::kernel::read::status_history::Step;

pub use self::entry_reader::POSITION;
pub use self::import::{Imported, ImportedRow};
pub use self::rows::{ExportItem, ExportRow, JsonPage};
pub use crate::kernel::table::any::AnyQuery;
pub use crate::kernel::table::any::AnyTable;
pub use crate::kernel::transaction::json_row::BUILD;

/// The JSON of a resource, and its version.
#[derive(Clone, Debug)]
pub struct VersionedJson {
    /// The version.
    pub version: i64,
    /// The representation: JSON in UTF-8.
    pub json: Vec<u8>,
}

/// A resource as JSON.
#[derive(Clone, Debug)]
pub struct JsonResource {
    /// The id.
    pub id: Uuid,
    /// The slug, if the resource has one.
    pub slug: Option<Slug>,
    /// The version.
    pub version: i64,
    /// The representation: JSON in UTF-8.
    pub json: Vec<u8>,
}

impl JsonResource {
    /// Serializes a resource with all its members.
    pub fn of(stored: &dyn AnyStored) -> Result<Self, Error> {
        Self::with_json(stored, stored.to_json()?)
    }

    /// Serializes a resource in another representation.
    fn with_value(stored: &dyn AnyStored, value: &Value) -> Result<Self, Error> {
        Self::with_json(stored, serde_json::to_vec(value).map_err(Error::internal)?)
    }

    fn with_json(stored: &dyn AnyStored, json: Vec<u8>) -> Result<Self, Error> {
        Ok(Self { id: stored.id(), slug: stored.data().slug(), version: stored.version(), json })
    }
}

/// The statuses of a resource.
#[derive(Clone, Debug)]
pub struct StatusInfo {
    /// The statuses that the actor may set now.
    pub allowed: Vec<&'static str>,
    /// The changes of the status so far, oldest first.
    pub history: Vec<Step>,
}

/// The resource that a request names: its key, and that of its parent.
#[derive(Clone, Debug)]
pub struct ResourceKey {
    /// The id or slug.
    pub key: Key,
    /// The id or slug of the parent; `None` for a resource without a parent.
    pub parent: Option<Key>,
}

impl AnyTable {
    /// Returns what the type of the resource says.
    pub fn info(&self) -> &'static ResourceInfo {
        self.resource
    }

    /// Returns the name of the collection in files: `utilities`, or `partnership-funding` for a sub-resource.
    pub fn collection(&self) -> String {
        match self.resource.parent {
            Some(parent) => format!("{parent}-{}", self.resource.path),
            None => self.resource.path.to_owned(),
        }
    }

    /// Checks whether the actor may perform an action on any such resource.
    ///
    /// Errors: 401, 403.
    pub fn require(&self, actor: &Actor, action: Action) -> Result<(), Error> {
        actor.require(self.resource, action).map(drop)
    }

    /// Checks whether the actor may read such resources.
    ///
    /// Errors: 401, 403.
    pub fn require_read(&self, actor: &Actor) -> Result<(), Error> {
        actor.require_read(self.resource)
    }

    /// Checks whether the actor may import such resources.
    ///
    /// Errors: 401, 403.
    pub fn require_import(&self, actor: &Actor) -> Result<(), Error> {
        actor.require_import(self.resource)
    }
}
