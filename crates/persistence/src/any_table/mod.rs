//! A resource that is chosen at run time, with its data as JSON.
//!
//! [`Table`] is how features and the kernel see a resource: by its type. What serves all resources alike, such as the
//! endpoints, exports and imports, uses [`AnyTable`] instead, so that it is compiled once and not once for each
//! resource. All calls for a resource end here, so that its typed code is compiled once, in this crate.

mod import;
mod query;
mod table_of;

use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use uuid::Uuid;
use vku_domain::import::ImportMode;
use vku_domain::kernel::access::actor::{Action, Actor};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::etag::Precondition;
use vku_domain::kernel::icalendar::Event;
use vku_domain::kernel::parameters::Parameters;
use vku_domain::kernel::query::Paging;
use vku_domain::kernel::resource::projection::Projection;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::resource::{Stored, slug_of};
use vku_domain::kernel::tabular::{Column, Layout};
use vku_domain::kernel::value::{Slug, Text};

use crate::kernel::bulk_import::Row;
use crate::kernel::bulk_import::duplicates::NameIndex;
use crate::kernel::read::history::Entries;
use crate::kernel::read::status_history::Step;
use crate::kernel::table::Table;
use crate::kernel::transaction::{Reader, Writer};

pub use self::import::{Imported, ImportedRow};
pub use self::query::{AnyQuery, ExportItem, ExportRow, JsonPage};
pub(crate) use self::table_of::TableOf;

/// What is known of a resource without its data.
#[derive(Clone, Copy, Debug)]
pub struct TableInfo {
    /// The name in tables, in the change log and in messages: singular, snake_case.
    pub name: &'static str,
    /// The segment in paths: plural, kebab-case.
    pub path: &'static str,
    /// The name of the parent, for a sub-resource.
    pub parent: Option<&'static str>,
    /// Whether derived fields depend on the time, so that no response is cached.
    pub is_time_dependent: bool,
    /// Whether people register for sessions through the resource.
    pub registers: bool,
    /// Whether the resource has a status.
    pub has_status: bool,
    /// Whether the resource has locations.
    pub has_places: bool,
    /// Whether the resource is an event.
    pub has_events: bool,
    /// Whether the resource is an activity in the sense of IATI.
    pub is_activity: bool,
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
    pub fn of<T: Table>(stored: &Stored<T>) -> Result<Self, Error> {
        let json = stored.to_json().map_err(Error::internal)?;
        Ok(Self { id: stored.id, slug: slug_of(&stored.data), version: stored.version, json })
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

/// The operations on a resource, as the methods of [`Reader`] and [`Writer`] that have the same names, with the same
/// errors.
pub trait AnyTable: Sync {
    /// What is known of the resource.
    fn info(&self) -> &'static TableInfo;

    /// The name of the collection in files.
    fn collection(&self) -> String;

    /// Checks whether the actor may perform an action on any such resource.
    fn require(&self, actor: &Actor, action: Action) -> Result<(), Error>;

    /// Checks whether the actor may read such resources.
    fn require_read(&self, actor: &Actor) -> Result<(), Error>;

    /// Checks whether the actor may import such resources.
    fn require_import(&self, actor: &Actor) -> Result<(), Error>;

    /// Takes `fields` and `expand`.
    fn projection(&self, parameters: &mut Parameters) -> Projection;

    /// Takes the parameters of a list.
    fn query(&self, parameters: &mut Parameters) -> Box<dyn AnyQuery>;

    /// The query for all rows in the default order.
    fn all(&self) -> Box<dyn AnyQuery>;

    /// The columns of a file for import.
    fn layout(&self) -> Layout;

    /// The columns that exports have in addition, for information.
    fn derived_columns(&self, languages: &[String]) -> Vec<Column>;

    /// The columns of an export: one for each member, and for each of the languages besides the usual ones; a
    /// resource with a parent begins with the parent. Members that cannot be written have a column only if they are
    /// selected, or if [`Layout::derived_in_tables`] has them.
    fn columns(&self, languages: &[String], view: &Projection) -> Vec<Column>;

    /// Reads a resource.
    fn get<'a>(
        &self,
        reader: &'a Reader<'_>,
        at: &'a ResourceKey,
        deleted: bool,
        view: &'a Projection,
    ) -> LocalBoxFuture<'a, Result<JsonResource, Error>>;

    /// Reads a resource as an event, and its version; 404 if such resources are no events.
    fn event<'a>(
        &self,
        reader: &'a Reader<'_>,
        at: &'a ResourceKey,
        deleted: bool,
    ) -> LocalBoxFuture<'a, Result<(i64, Event), Error>>;

    /// Reads a page of the history of a resource.
    fn history<'a>(
        &self,
        reader: &'a Reader<'_>,
        at: &'a ResourceKey,
        deleted: bool,
        paging: &'a Paging,
    ) -> LocalBoxFuture<'a, Result<Entries, Error>>;

    /// Reads the statuses that the actor may set now, and the changes of the status so far.
    fn transitions<'a>(
        &self,
        reader: &'a Reader<'_>,
        at: &'a ResourceKey,
    ) -> LocalBoxFuture<'a, Result<StatusInfo, Error>>;

    /// Creates a resource.
    fn create<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        parent: Option<&'a Key>,
        body: Value,
    ) -> LocalBoxFuture<'a, Result<JsonResource, Error>>;

    /// Changes a resource.
    fn patch<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        at: &'a ResourceKey,
        precondition: &'a Precondition,
        body: Value,
    ) -> LocalBoxFuture<'a, Result<JsonResource, Error>>;

    /// Deletes a resource.
    fn delete<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        at: &'a ResourceKey,
        precondition: &'a Precondition,
    ) -> LocalBoxFuture<'a, Result<(), Error>>;

    /// Restores a deleted resource.
    fn restore<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        at: &'a ResourceKey,
        precondition: &'a Precondition,
    ) -> LocalBoxFuture<'a, Result<JsonResource, Error>>;

    /// Changes the status of a resource.
    ///
    /// Errors: also 422 if there is no such status.
    fn transition<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        at: &'a ResourceKey,
        precondition: &'a Precondition,
        to: &'a str,
        reason: Option<Text>,
    ) -> LocalBoxFuture<'a, Result<JsonResource, Error>>;

    /// Also cancels the registrations of the people concerned, in a deletion or transition that follows.
    fn cancel_dependent_registrations<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        at: &'a ResourceKey,
    ) -> LocalBoxFuture<'a, Result<(), Error>>;

    /// Stages an import.
    fn stage_import<'a>(&self, writer: &'a mut Writer<'_>) -> LocalBoxFuture<'a, Result<(), Error>>;

    /// Reads the names of all resources.
    fn names<'a>(&self, reader: &'a Reader<'_>) -> LocalBoxFuture<'a, Result<NameIndex, Error>>;

    /// Writes the rows of an import.
    fn import<'a>(
        &self,
        writer: &'a mut Writer<'_>,
        mode: ImportMode,
        rows: Vec<(u64, Row)>,
    ) -> LocalBoxFuture<'a, Result<Vec<Result<ImportedRow, Error>>, Error>>;
}
