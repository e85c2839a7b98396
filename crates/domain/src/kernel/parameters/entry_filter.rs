//! Filters by what a resource contains: by a value of an entry of an array, as JSON.

use std::fmt::Display;

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use uuid::Uuid;

use super::Parameters;
use super::filter::FilterDescription;
use super::from_parameter::FromParameter;

/// A filter by a value of an entry.
pub struct EntryFilter {
    name: &'static str,
    about: &'static str,
    /// The JSON pointer (RFC 6901) of the value.
    pointer: &'static str,
    take: fn(&mut Parameters, &'static str) -> Vec<String>,
    /// The resource to which the value refers by its id.
    target: Option<&'static str>,
    schema: fn() -> RefOr<Schema>,
    schemas: fn() -> Vec<(String, RefOr<Schema>)>,
}

impl EntryFilter {
    /// Declares a filter by values of a type.
    pub const fn of<T: Display>(name: &'static str, about: &'static str, pointer: &'static str) -> Self
    where
        Vec<T>: FromParameter,
    {
        Self {
            name,
            about,
            pointer,
            take: |parameters, name| parameters.get::<Vec<T>>(name).iter().map(T::to_string).collect(),
            target: None,
            schema: <Vec<T>>::schema,
            schemas: <Vec<T>>::schemas,
        }
    }

    /// Declares that the values are keys of a resource: ids or slugs. The pointer is that of the id.
    pub const fn of_resource(self, target: &'static str) -> Self {
        Self { target: Some(target), ..self }
    }

    /// Returns the documentation of the parameter.
    pub fn describe(&self) -> FilterDescription {
        FilterDescription {
            name: self.name,
            about: self.about.to_owned(),
            schema: (self.schema)(),
            schemas: (self.schemas)(),
        }
    }

    /// Takes the parameter; `None` if it is not given.
    pub fn take(&self, parameters: &mut Parameters) -> Option<EntryCriterion> {
        let Self { name, pointer, target, .. } = *self;
        let wanted = (self.take)(parameters, name);
        (!wanted.is_empty()).then_some(EntryCriterion { name, pointer, target, wanted })
    }
}

/// The values of a filter, one of which an entry has to have.
#[derive(Clone, Debug)]
pub struct EntryCriterion {
    /// The name of the filter.
    pub name: &'static str,
    pointer: &'static str,
    /// The resource whose ids and slugs the values are, if they are.
    pub target: Option<&'static str>,
    /// The values.
    pub wanted: Vec<String>,
}

impl EntryCriterion {
    /// Makes the test for entries that have one of the values.
    pub fn by_values(&self) -> EntryTest {
        EntryTest { pointer: self.pointer, values: self.wanted.clone() }
    }

    /// Makes the test for entries that refer to one of these resources.
    pub fn by_ids(&self, ids: &[Uuid]) -> EntryTest {
        EntryTest { pointer: self.pointer, values: ids.iter().map(Uuid::to_string).collect() }
    }
}

/// Tests whether an entry has one of several values.
#[derive(Clone, Debug)]
pub struct EntryTest {
    pointer: &'static str,
    values: Vec<String>,
}

impl EntryTest {
    /// Whether the entry has one of the values.
    pub fn matches(&self, entry: &Value) -> bool {
        let found = entry.pointer(self.pointer).and_then(Value::as_str);
        found.is_some_and(|found| self.values.iter().any(|value| value == found))
    }
}
