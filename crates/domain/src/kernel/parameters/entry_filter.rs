//! Filters by what a resource contains: by the values of an entry of an array, as JSON.

use std::fmt::Display;

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::Parameters;
use super::filter::FilterDescription;
use super::from_parameter::FromParameter;

/// A filter by the values of an entry.
pub struct EntryFilter {
    name: &'static str,
    about: &'static str,
    /// The JSON pointers (RFC 6901) of the values, one of which has to be equal.
    pointers: &'static [&'static str],
    take: fn(&mut Parameters, &'static str) -> Vec<String>,
    schema: fn() -> RefOr<Schema>,
    schemas: fn() -> Vec<(String, RefOr<Schema>)>,
}

impl EntryFilter {
    /// Declares a filter by values of a type.
    pub const fn of<T: Display>(
        name: &'static str,
        about: &'static str,
        pointers: &'static [&'static str],
    ) -> Self
    where
        Vec<T>: FromParameter,
    {
        Self {
            name,
            about,
            pointers,
            take: |parameters, name| parameters.get::<Vec<T>>(name).iter().map(T::to_string).collect(),
            schema: <Vec<T>>::schema,
            schemas: <Vec<T>>::schemas,
        }
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

    /// Takes the parameter.
    pub fn take(&self, parameters: &mut Parameters) -> EntryValues {
        EntryValues { pointers: self.pointers, wanted: (self.take)(parameters, self.name) }
    }
}

/// The values that one of the pointers has to have; any, if there are none.
#[derive(Clone)]
pub struct EntryValues {
    pointers: &'static [&'static str],
    wanted: Vec<String>,
}

impl EntryValues {
    /// Whether the filter is given.
    pub fn is_given(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Whether an entry matches.
    pub fn matches(&self, entry: &Value) -> bool {
        let mut found = self.pointers.iter().filter_map(|pointer| entry.pointer(pointer)?.as_str());
        found.any(|value| self.wanted.iter().any(|wanted| wanted == value))
    }
}
