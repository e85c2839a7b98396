//! The OpenAPI document: written by the types, finished here once.

mod operations;
mod responses;
mod schemas;

use serde_json::{Map, Value, json};

pub use operations::Operation;

use super::feature::Feature;

/// A document in the making.
pub struct Document {
    value: Value,
}

impl Document {
    /// Starts with what utoipa derived: general information, single endpoints and their schemas.
    pub fn new(base: &utoipa::openapi::OpenApi) -> Self {
        let mut document = Self { value: json!(base) };
        responses::add(document.at("/components/responses"));
        document
    }

    /// Adds a resource: its tag, its schemas, its operations.
    pub fn add<T: Feature>(&mut self) {
        schemas::add::<T>(self.at("/components/schemas"));
        operations::add::<T>(self.at("/paths"));
        if let Some(tags) = self.value.pointer_mut("/tags").and_then(Value::as_array_mut) {
            tags.push(json!({ "name": operations::tag::<T>(), "description": T::ABOUT }));
        }
    }

    /// Ends the document: the problems of the single endpoints become references, optional members lose their `null`.
    pub fn finish(mut self) -> Value {
        for path in self.at("/paths").values_mut().filter_map(Value::as_object_mut) {
            for operation in path.values_mut().filter_map(Value::as_object_mut) {
                let problems = operation.shift_remove("x-problems");
                let statuses = problems.iter().flat_map(Value::as_array).flatten().filter_map(Value::as_u64);
                let statuses: Vec<u16> = statuses.filter_map(|status| u16::try_from(status).ok()).collect();
                if let Some(Value::Object(declared)) = operation.get_mut("responses") {
                    responses::declare(declared, &statuses);
                }
            }
        }
        for schema in self.at("/components/schemas").values_mut() {
            schemas::without_null(schema);
        }
        sort(self.at("/components/schemas"));
        self.value
    }

    /// The object at the place, made when missing.
    fn at(&mut self, pointer: &str) -> &mut Map<String, Value> {
        let mut value = &mut self.value;
        for member in pointer.split('/').skip(1) {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            value = &mut value[member];
        }
        if !value.is_object() {
            *value = Value::Object(Map::new());
        }
        match value {
            Value::Object(members) => members,
            _ => unreachable!("it was just made an object"),
        }
    }
}

fn sort(members: &mut Map<String, Value>) {
    members.sort_keys();
}
