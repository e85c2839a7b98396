//! What the type of a resource says, as values: code that takes a [`ResourceInfo`] serves all resources, and is compiled
//! once.

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::any::AnyResource;
use super::lifecycle::{State, allowed};
use super::{ParentKind, Resource};
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::access::policy::Policy;
use crate::kernel::violation::Violations;

/// A schema, and the named schemas to which it refers.
pub type NamedSchemas = (RefOr<Schema>, Vec<(String, RefOr<Schema>)>);

/// What the type of a resource says: the constants of [`Resource`], and its functions that need no data.
#[derive(Debug)]
pub struct ResourceInfo {
    /// See [`Resource::NAME`].
    pub name: &'static str,
    /// See [`Resource::PATH`].
    pub path: &'static str,
    /// See [`Resource::SCOPE`].
    pub scope: &'static str,
    /// The name of the parent, for a child resource.
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
    /// Returns the statuses to which a transition is allowed, by [`allowed`].
    pub allowed_statuses: fn(Option<&str>) -> Vec<&'static str>,
    /// See [`Resource::may_transition_to`].
    pub may_transition_to: fn(Role, &str) -> bool,
    /// See [`Resource::needs_reason`].
    pub needs_reason: fn(&str, &str) -> bool,
}

impl ResourceInfo {
    /// Collects what a type says.
    pub(super) const fn of<T: Resource>() -> Self {
        Self {
            name: T::NAME,
            path: T::PATH,
            scope: T::SCOPE,
            parent: <T::Parent as ParentKind>::OWNER,
            policy: T::POLICY,
            name_field: T::NAME_FIELD,
            has_slug: T::SLUG.is_some(),
            summary_fields: T::SUMMARY_FIELDS,
            derived: T::DERIVED,
            immutable_fields: T::IMMUTABLE_FIELDS,
            is_searched: T::SEARCHED,
            is_public: T::PUBLIC,
            is_personal: T::PERSONAL,
            personal_fields: T::PERSONAL_FIELDS,
            unlogged: T::UNLOGGED,
            registers: T::REGISTERS,
            is_time_dependent: T::TIME_DEPENDENT,
            may_repeat: T::MAY_REPEAT,
            has_status: !T::Status::STATES.is_empty(),
            has_places: T::PLACES.is_some(),
            has_events: T::EVENT.is_some(),
            is_activity: T::IS_ACTIVITY,
            derived_in_tables: T::DERIVED_IN_TABLES,
            data_schema: schema_of::<T>,
            derived_schema: schema_of::<T::Derived>,
            hidden_fields: T::hidden_fields,
            unwritable_fields: T::unwritable_fields,
            redact_history: T::redact_history,
            parse: parse::<T>,
            allowed_statuses: allowed_statuses::<T>,
            may_transition_to: may_transition_to::<T>,
            needs_reason: needs_reason::<T>,
        }
    }

    /// Returns the first status, in which a new resource starts.
    pub fn first_status(&self) -> Option<&'static str> {
        (self.allowed_statuses)(None).first().copied()
    }
}

fn schema_of<S: ToSchema>() -> NamedSchemas {
    let mut named = Vec::new();
    S::schemas(&mut named);
    (S::schema(), named)
}

fn parse<T: Resource>(body: Value) -> Result<Box<dyn AnyResource>, Violations> {
    deserr::deserialize::<T, _, Violations>(body).map(|data| Box::new(data) as Box<dyn AnyResource>)
}

/// The status with this name.
pub(super) fn status<T: Resource>(word: &str) -> Option<T::Status> {
    T::Status::STATES.iter().copied().find(|status| status.word() == word)
}

fn allowed_statuses<T: Resource>(from: Option<&str>) -> Vec<&'static str> {
    allowed(from.and_then(status::<T>)).iter().map(|status| status.word()).collect()
}

fn may_transition_to<T: Resource>(role: Role, to: &str) -> bool {
    status::<T>(to).is_some_and(|to| T::may_transition_to(role, to))
}

fn needs_reason<T: Resource>(from: &str, to: &str) -> bool {
    status::<T>(from).zip(status::<T>(to)).is_some_and(|(from, to)| T::needs_reason(from, to))
}
