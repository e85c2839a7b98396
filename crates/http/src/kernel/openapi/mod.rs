//! The OpenAPI document: derived from the types, and completed here.

mod operations;
mod projection;
mod request_schemas;
mod resource_document;
mod responses;
mod schemas;
mod scopes;
mod unnested;

#[cfg(test)]
mod tests;
mod v3_0;
pub mod vocabulary_names;

use serde_json::{Map, Value, json};

pub use resource_document::ResourceDocument;
pub use v3_0::{openapi_3_0, openapi_3_0_for_people};
use vku_domain::kernel::parameters::FilterParameters;
use vku_domain::kernel::parameters::filter::FilterDescription;

/// A document that is being built.
pub struct Document {
    value: Value,
    resources: usize,
}

impl Document {
    /// Starts with what utoipa derived: general information, single endpoints and their schemas.
    pub fn new(base: &utoipa::openapi::OpenApi) -> Self {
        let mut document = Self { value: json!(base), resources: 0 };
        responses::add(document.at("/components/responses"));
        responses::add_headers(document.at("/components/headers"));
        for schema in document.at("/components/schemas").values_mut() {
            // Single endpoints have references to resources only in responses.
            *schema = schemas::directed(schema, &[], false);
            schemas::without_null(schema);
        }
        document
    }

    /// Adds a resource: its tag, its schemas, its operations.
    pub fn add(&mut self, resource: &ResourceDocument) {
        schemas::add(resource, self.at("/components/schemas"));
        unnested::add(resource, self.at("/components/schemas"));
        operations::add(resource, self.at("/paths"));
        if let Some(tags) = self.value.pointer_mut("/tags").and_then(Value::as_array_mut) {
            // The resources first, then the single endpoints: readers look for the data.
            tags.insert(
                self.resources,
                json!({ "name": operations::tag(resource), "description": resource.description }),
            );
            self.resources += 1;
        }
    }

    /// Adds the filters and the paging parameters of a list that is a single endpoint.
    pub fn filter<F: FilterParameters>(&mut self, path: &str) {
        self.describe(path, F::describe(), &operations::paging());
    }

    /// Adds the parameters of a single endpoint.
    pub fn parameters<F: FilterParameters>(&mut self, path: &str) {
        self.describe(path, F::describe(), &[]);
    }

    fn describe(&mut self, path: &str, described: Vec<FilterDescription>, more: &[Value]) {
        let mut parameters = operations::filters(&described);
        parameters.extend_from_slice(more);
        for (name, schema) in described.into_iter().flat_map(|parameter| parameter.schemas) {
            self.at("/components/schemas").insert(name, json!(schema));
        }
        let operation = self.at("/paths").get_mut(path).and_then(|item| item.get_mut("get"));
        if let Some(Value::Array(all)) = operation.and_then(|it| it.get_mut("parameters")) {
            all.splice(0..0, parameters);
        }
    }

    /// Adds the requests that the service sends to others.
    pub fn webhooks(&mut self, webhooks: Value) {
        if let Some(document) = self.value.as_object_mut() {
            document.insert("webhooks".to_owned(), webhooks);
        }
    }

    /// Narrows a field in request schemas, because its own schema is shared with other fields: `more` is added
    /// beside the reference.
    pub fn narrow(&mut self, schemas: &[&str], member: &str, more: &Value) {
        for schema in schemas {
            let pointer = format!("/components/schemas/{schema}/properties/{member}");
            let Some(found) = self.value.pointer_mut(&pointer) else { continue };
            // In a choice with `null`, the other schema is the one to narrow.
            let target = match found.pointer_mut("/oneOf/0") {
                Some(inner) => inner,
                None => found,
            };
            if let (Value::Object(target), Value::Object(more)) = (target, more) {
                target.extend(more.clone());
            }
        }
    }

    /// Completes the document: the problems of single endpoints become references, and each paragraph of a
    /// description becomes one line.
    pub fn finish(mut self) -> Value {
        for (path, item) in self.at("/paths").iter_mut() {
            // Any request can be too slow, exceed the rate limit, or find the service unavailable; health checks are
            // not counted.
            let always: &[u16] = if path.starts_with("/health/") { &[408, 503] } else { &[408, 429, 503] };
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                let Some(operation) = operation.as_object_mut() else { continue };
                // Writes can find the disk full.
                let writing: &[u16] = if method == "get" { &[] } else { &[507] };
                let problems = operation.shift_remove("x-problems");
                // `[{}]` alone becomes `[]`: generators would ask for credentials if there is any requirement.
                if operation.get("security") == Some(&json!([{}])) {
                    operation.insert("security".into(), json!([]));
                }
                let statuses = problems.iter().flat_map(Value::as_array).flatten().filter_map(Value::as_u64);
                let statuses = statuses.filter_map(|status| u16::try_from(status).ok());
                // A response with a tag can fail `If-Match`.
                let has_tag = operation.get("responses").is_some_and(|it| it.get("304").is_some());
                let conditional = has_tag.then_some(412);
                let statuses: Vec<u16> =
                    statuses.chain(always.iter().chain(writing).copied()).chain(conditional).collect();
                for part in ["parameters", "requestBody"] {
                    operation.get_mut(part).into_iter().for_each(schemas::without_null);
                }
                scopes::describe(operation);
                if let Some(Value::Object(declared)) = operation.get_mut("responses") {
                    responses::declare(declared, &statuses);
                    responses::require_tags(declared);
                    declared.sort_keys();
                }
            }
        }
        request_schemas::close(&mut self.value);
        // Nothing refers to some resources, for example those that are named by their code.
        let text = self.value.to_string();
        let is_used = |name: &str| text.contains(&format!("#/components/schemas/{name}\""));
        self.at("/components/schemas").retain(|name, _| !name.ends_with("Reference") || is_used(name));
        self.at("/components/schemas").sort_keys();
        unwrap(&mut self.value);
        self.value
    }

    /// Returns the object at the pointer, and creates it if it is missing.
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

/// Returns the object with the field added or replaced.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert(name.to_owned(), value);
    }
    object
}

/// Joins the lines of each paragraph: they were wrapped for the source code, and tools wrap them themselves.
fn unwrap(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(text)) = members.get_mut("description") {
                let lines = text.lines().map(str::trim);
                *text = lines.fold(String::new(), |text, line| match line {
                    "" => text + "\n\n",
                    _ if text.is_empty() || text.ends_with('\n') => text + line,
                    _ if line.starts_with("- ") => text + "\n" + line,
                    _ => text + " " + line,
                });
            }
            members.values_mut().for_each(unwrap);
        }
        Value::Array(entries) => entries.iter_mut().for_each(unwrap),
        _ => {}
    }
}
