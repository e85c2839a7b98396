//! Resources whose type is known only at run time: code that takes them serves all resources, and is compiled once.
//!
//! All data is [`AnyResource`], and everything stored is [`AnyStored`]; what a type says is a [`ResourceInfo`]. Features
//! use the types themselves, and get them back by a downcast.

use std::any::Any;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::reference::{ReferenceSummary, UnresolvedReference};
use super::schemas::NamedSchemas;
use super::{Resource, Stored};
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::Policy;
use crate::kernel::error::Error;
use crate::kernel::etag::ETag;
use crate::kernel::icalendar::Event;
use crate::kernel::search::{Index, Texts};
use crate::kernel::value::{Places, Slug, Visibility};
use crate::kernel::violation::Violations;

/// What the type of a resource says: the constants of [`Resource`], and its functions that need no data.
#[derive(Debug)]
pub struct ResourceInfo {
    /// See [`Resource::NAME`].
    pub name: &'static str,
    /// See [`Resource::PATH`].
    pub path: &'static str,
    /// See [`Resource::SCOPE`].
    pub scope: &'static str,
    /// The name of the parent, for a sub-resource.
    pub parent: Option<&'static str>,
    /// See [`Resource::POLICY`].
    pub policy: Policy,
    /// See [`Resource::NAME_FIELD`].
    pub name_field: &'static str,
    /// Whether the resource has a slug of its own.
    pub has_slug: bool,
    /// See [`Resource::SUMMARY_FIELDS`].
    pub summary_fields: &'static [&'static str],
    /// See [`Resource::DERIVED`].
    pub derived: &'static [&'static str],
    /// See [`Resource::IMMUTABLE_FIELDS`].
    pub immutable_fields: &'static [&'static str],
    /// See [`Resource::SEARCHED`].
    pub is_searched: bool,
    /// See [`Resource::PUBLIC`].
    pub is_public: bool,
    /// See [`Resource::PERSONAL`].
    pub is_personal: bool,
    /// See [`Resource::PERSONAL_FIELDS`].
    pub personal_fields: &'static [&'static str],
    /// See [`Resource::UNLOGGED`].
    pub unlogged: &'static [&'static str],
    /// See [`Resource::REGISTERS`].
    pub registers: bool,
    /// See [`Resource::TIME_DEPENDENT`].
    pub is_time_dependent: bool,
    /// See [`Resource::MAY_REPEAT`].
    pub may_repeat: bool,
    /// Whether the resource has a status.
    pub has_status: bool,
    /// Whether the resource has locations.
    pub has_places: bool,
    /// Whether the resource is an event.
    pub has_events: bool,
    /// See [`Resource::IS_ACTIVITY`].
    pub is_activity: bool,
    /// See [`Resource::DERIVED_IN_TABLES`].
    pub derived_in_tables: &'static [&'static str],
    /// Returns the schema of the data.
    pub data_schema: fn() -> NamedSchemas,
    /// Returns the schema of the derived members.
    pub derived_schema: fn() -> NamedSchemas,
    /// See [`Resource::hidden_fields`].
    pub hidden_fields: fn(Option<Role>) -> &'static [&'static str],
    /// See [`Resource::unwritable_fields`].
    pub unwritable_fields: fn(Role) -> &'static [&'static str],
    /// See [`Resource::redact_history`].
    pub redact_history: fn(&mut Value, bool, &Actor) -> bool,
    /// Parses the data from its JSON.
    pub(crate) parse: fn(Value) -> Result<Box<dyn AnyResource>, Violations>,
    /// Returns the statuses to which a transition is allowed, by [`allowed`](super::lifecycle::allowed).
    pub allowed_statuses: fn(Option<&str>) -> Vec<&'static str>,
    /// See [`Resource::may_transition_to`].
    pub may_transition_to: fn(Role, &str) -> bool,
    /// See [`Resource::needs_reason`].
    pub needs_reason: fn(&str, &str) -> bool,
}

impl ResourceInfo {
    /// Returns the first status, in which a new resource starts.
    pub fn first_status(&self) -> Option<&'static str> {
        (self.allowed_statuses)(None).first().copied()
    }
}

/// The data of a resource of any type. The methods are those of [`Resource`]; data of another type counts as none.
pub trait AnyResource: Any + Send + Sync {
    /// What its type says.
    fn info(&self) -> &'static ResourceInfo;
    /// Clones the data.
    fn boxed(&self) -> Box<dyn AnyResource>;
    /// Returns whether both are equal.
    fn equals(&self, other: &dyn AnyResource) -> bool;
    /// Returns the slug that the data has.
    fn slug(&self) -> Option<Slug>;
    /// Returns the member `slug`, if the type has one.
    fn slug_mut(&mut self) -> Option<&mut Option<Slug>>;
    /// Returns the name or title.
    fn label(&self) -> &str;
    /// Returns the visibility.
    fn visibility(&self) -> Visibility;
    /// Returns the status; `None` if it is unknown.
    fn status(&self) -> Option<&'static str>;
    /// Sets the status, if the type has it.
    fn set_status(&mut self, status: &str);
    /// Passes every reference to the visitor.
    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>));
    /// Removes members.
    fn redact(&mut self, members: &'static [&'static str]);
    /// Returns whether the resource is the actor's own.
    fn is_own(&self, id: Option<Uuid>, parent: Option<&dyn AnyResource>, actor: &Actor) -> bool;
    /// Fills in members that depend on the actor.
    fn fill_from_actor(&mut self, before: Option<&dyn AnyResource>, actor: &Actor);
    /// Adds violations for changes that the role is not allowed to make.
    fn validate_changes(&self, before: Option<&dyn AnyResource>, actor: &Actor, violations: &mut Violations);
    /// Checks the rules across members, and with the parent.
    fn validate(&self, parent: Option<&dyn AnyResource>, violations: &mut Violations);
    /// Checks the rules that depend on the current date.
    fn validate_today(&self, before: Option<&dyn AnyResource>, today: NaiveDate, violations: &mut Violations);
    /// Checks the requirements of a status on a date.
    fn requirements_today(&self, to: &str, today: NaiveDate, violations: &mut Violations);
    /// Returns whether the resource may enter the status now.
    fn is_ready(&self, parent: Option<&dyn AnyResource>, to: &str, now: DateTime<Utc>) -> bool;
    /// See [`Resource::is_same_child`].
    fn is_same_child(&self, other: &dyn AnyResource) -> bool;
    /// Returns the words by which a search finds the resource.
    fn search_index(&self) -> Index;
    /// See [`search_sources`](super::search_sources).
    fn search_sources(&self, found_by: &[&str]) -> Texts;
    /// Returns the data as JSON.
    fn to_value(&self) -> Result<Value, Error>;
}

impl dyn AnyResource {
    /// Returns the data as its type; `None` if it has another one.
    pub fn downcast_ref<T: Resource>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }

    /// Returns the data as its type, to change it.
    pub fn downcast_mut<T: Resource>(&mut self) -> Option<&mut T> {
        (self as &mut dyn Any).downcast_mut()
    }
}

impl Clone for Box<dyn AnyResource> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

impl std::fmt::Debug for dyn AnyResource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct(self.info().name).finish_non_exhaustive()
    }
}

/// What all stored resources have: id, parent, version and times.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// UUIDv7.
    pub id: Uuid,
    /// The id of the parent of a sub-resource.
    pub parent: Option<Uuid>,
    /// The version: 1 at first, and one more with each change.
    pub version: i64,
    /// When the resource was created.
    pub created_at: DateTime<Utc>,
    /// When the resource was last changed.
    pub updated_at: DateTime<Utc>,
    /// When the resource was deleted, if it is.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A stored resource of any type.
pub trait AnyStored: Any + Send + Sync {
    /// What its type says.
    fn info(&self) -> &'static ResourceInfo;
    /// Clones the resource.
    fn boxed(&self) -> Box<dyn AnyStored>;
    /// Returns id, parent, version and times.
    fn meta(&self) -> Meta;
    /// Returns the type of the parent, and the reference to it.
    fn parent(&self) -> Option<&(&'static str, ReferenceSummary)>;
    /// Sets the parent.
    fn set_parent(&mut self, parent: Option<(&'static str, ReferenceSummary)>);
    /// Returns the members that callers write.
    fn data(&self) -> &dyn AnyResource;
    /// Returns the same, to change them.
    fn data_mut(&mut self) -> &mut dyn AnyResource;
    /// Returns the locations; `None` if the type has none.
    fn places(&self) -> Option<Places>;
    /// Returns the calendar event; `None` if the type has no time.
    fn event(&self) -> Option<Event>;
    /// Returns the representation as a value.
    fn to_value(&self) -> Result<Value, Error>;
    /// Appends the representation: JSON in UTF-8.
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), Error>;
}

impl dyn AnyStored {
    /// Returns the representation: JSON in UTF-8.
    pub fn to_json(&self) -> Result<Vec<u8>, Error> {
        let mut json = Vec::new();
        self.write_json(&mut json)?;
        Ok(json)
    }

    /// Returns the id.
    pub fn id(&self) -> Uuid {
        self.meta().id
    }

    /// Returns the version.
    pub fn version(&self) -> i64 {
        self.meta().version
    }

    /// Returns the entity tag.
    pub fn tag(&self) -> Result<ETag, Error> {
        Ok(ETag::of(self.version(), &self.to_json()?))
    }

    /// Returns the resource as its type; `None` if it has another one.
    pub fn downcast_ref<T: Resource>(&self) -> Option<&Stored<T>> {
        (self as &dyn Any).downcast_ref()
    }

    /// Returns the resource as its type.
    ///
    /// Errors: it has another type.
    pub fn downcast<T: Resource>(self: Box<Self>) -> Result<Stored<T>, Error> {
        let found = (self as Box<dyn Any>).downcast::<Stored<T>>();
        found.map(|found| *found).map_err(|_| other_type(T::INFO))
    }
}

impl Clone for Box<dyn AnyStored> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

impl std::fmt::Debug for dyn AnyStored {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct(self.info().name).field("meta", &self.meta()).finish_non_exhaustive()
    }
}

/// A list of stored resources of one type.
pub trait AnyList: Any + Send + Sync {
    /// Returns each of the resources, to change it.
    fn for_each(&mut self, visit: &mut dyn FnMut(&mut dyn AnyStored));
    /// Returns the resources one by one.
    fn into_items(self: Box<Self>) -> Vec<Box<dyn AnyStored>>;
    /// Returns a JSON array of the representations, in UTF-8.
    fn to_json(&self) -> Result<Vec<u8>, Error>;
}

impl dyn AnyList {
    /// Returns the list as its type, to change it; `None` if it has another one.
    pub fn downcast_mut<T: Resource>(&mut self) -> Option<&mut Vec<Stored<T>>> {
        (self as &mut dyn Any).downcast_mut()
    }

    /// Returns the list as its type.
    ///
    /// Errors: it has another type.
    pub fn downcast<T: Resource>(self: Box<Self>) -> Result<Vec<Stored<T>>, Error> {
        let found = (self as Box<dyn Any>).downcast::<Vec<Stored<T>>>();
        found.map(|found| *found).map_err(|_| other_type(T::INFO))
    }
}

/// 500: a resource has another type than the code that handles it assumes.
pub fn other_type(expected: &ResourceInfo) -> Error {
    Error::internal(format!("a resource of a type other than {}", expected.name))
}
