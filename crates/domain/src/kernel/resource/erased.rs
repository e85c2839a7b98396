//! Every resource is an [`AnyResource`]: the methods of [`Resource`] without its type.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::any::{AnyList, AnyResource, AnyStored, Meta, ResourceInfo};
use super::lifecycle::{State, allowed};
use super::reference::{ReferenceSummary, UnresolvedReference};
use super::schemas::schema_of;
use super::{ParentKind, Resource, Stored, search_index, search_sources, slug_mut, slug_of};
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::error::Error;
use crate::kernel::icalendar::Event;
use crate::kernel::search::{Index, Texts};
use crate::kernel::value::{Places, Slug, Visibility};
use crate::kernel::violation::Violations;

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
}

fn parse<T: Resource>(body: Value) -> Result<Box<dyn AnyResource>, Violations> {
    deserr::deserialize::<T, _, Violations>(body).map(|data| Box::new(data) as Box<dyn AnyResource>)
}

/// The status with this name.
fn status<T: Resource>(word: &str) -> Option<T::Status> {
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

impl<T: Resource> AnyResource for T {
    fn info(&self) -> &'static ResourceInfo {
        T::INFO
    }

    fn boxed(&self) -> Box<dyn AnyResource> {
        Box::new(self.clone())
    }

    fn equals(&self, other: &dyn AnyResource) -> bool {
        other.downcast_ref::<T>() == Some(self)
    }

    fn slug(&self) -> Option<Slug> {
        slug_of(self)
    }

    fn slug_mut(&mut self) -> Option<&mut Option<Slug>> {
        slug_mut(self)
    }

    fn label(&self) -> &str {
        Resource::label(self)
    }

    fn visibility(&self) -> Visibility {
        Resource::visibility(self)
    }

    fn status(&self) -> Option<&'static str> {
        Resource::status(self).map(State::word)
    }

    fn set_status(&mut self, word: &str) {
        if let Some(status) = status::<T>(word) {
            Resource::set_status(self, status);
        }
    }

    fn references<'a>(&'a mut self, visit: &mut dyn FnMut(UnresolvedReference<'a>)) {
        Resource::references(self, visit);
    }

    fn redact(&mut self, members: &'static [&'static str]) {
        Resource::redact(self, members);
    }

    fn is_own(&self, id: Option<Uuid>, parent: Option<&dyn AnyResource>, actor: &Actor) -> bool {
        Resource::is_own(self, id, typed_parent::<T>(parent), actor)
    }

    fn fill_from_actor(&mut self, before: Option<&dyn AnyResource>, actor: &Actor) {
        Resource::fill_from_actor(self, before.and_then(|before| before.downcast_ref()), actor);
    }

    fn validate_changes(&self, before: Option<&dyn AnyResource>, actor: &Actor, violations: &mut Violations) {
        T::validate_changes(before.and_then(|before| before.downcast_ref()), self, actor, violations);
    }

    fn validate(&self, parent: Option<&dyn AnyResource>, violations: &mut Violations) {
        Resource::validate(self, violations);
        if let Some(parent) = typed_parent::<T>(parent) {
            self.validate_with_parent(parent, violations);
        }
    }

    fn validate_today(
        &self,
        before: Option<&dyn AnyResource>,
        today: NaiveDate,
        violations: &mut Violations,
    ) {
        Resource::validate_today(self, before.and_then(|before| before.downcast_ref()), today, violations);
    }

    fn requirements_today(&self, to: &str, today: NaiveDate, violations: &mut Violations) {
        if let Some(to) = status::<T>(to) {
            Resource::requirements_today(self, to, today, violations);
        }
    }

    fn is_ready(&self, parent: Option<&dyn AnyResource>, to: &str, now: DateTime<Utc>) -> bool {
        status::<T>(to).is_some_and(|to| Resource::is_ready(self, typed_parent::<T>(parent), to, now))
    }

    fn is_same_child(&self, other: &dyn AnyResource) -> bool {
        other.downcast_ref().is_some_and(|other| Resource::is_same_child(self, other))
    }

    fn search_index(&self) -> Index {
        search_index(self)
    }

    fn search_sources(&self, found_by: &[&str]) -> Texts {
        search_sources(self, found_by)
    }

    fn to_value(&self) -> Result<Value, Error> {
        serde_json::to_value(self).map_err(Error::internal)
    }
}

fn typed_parent<T: Resource>(parent: Option<&dyn AnyResource>) -> Option<&T::Parent> {
    parent.and_then(|parent| (parent as &dyn std::any::Any).downcast_ref())
}

impl<T: Resource> AnyStored for Stored<T> {
    fn info(&self) -> &'static ResourceInfo {
        T::INFO
    }

    fn boxed(&self) -> Box<dyn AnyStored> {
        Box::new(self.clone())
    }

    fn meta(&self) -> Meta {
        Meta {
            id: self.id,
            parent: self.parent.as_ref().map(|(_, parent)| parent.id),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            deleted_at: self.deleted_at,
        }
    }

    fn parent(&self) -> Option<&(&'static str, ReferenceSummary)> {
        self.parent.as_ref()
    }

    fn set_parent(&mut self, parent: Option<(&'static str, ReferenceSummary)>) {
        self.parent = parent;
    }

    fn data(&self) -> &dyn AnyResource {
        &self.data
    }

    fn data_mut(&mut self) -> &mut dyn AnyResource {
        &mut self.data
    }

    fn places(&self) -> Option<Places> {
        T::PLACES.map(|places| places(self))
    }

    fn event(&self) -> Option<Event> {
        T::EVENT.map(|event| event(self))
    }

    fn to_value(&self) -> Result<Value, Error> {
        serde_json::to_value(self).map_err(Error::internal)
    }

    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        serde_json::to_writer(out, self).map_err(Error::internal)
    }
}

impl<T: Resource> AnyList for Vec<Stored<T>> {
    fn for_each(&mut self, visit: &mut dyn FnMut(&mut dyn AnyStored)) {
        self.iter_mut().for_each(|item| visit(item));
    }

    fn into_items(self: Box<Self>) -> Vec<Box<dyn AnyStored>> {
        (*self).into_iter().map(|item| Box::new(item) as Box<dyn AnyStored>).collect()
    }

    fn to_json(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(Error::internal)
    }
}
