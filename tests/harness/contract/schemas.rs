//! Checks values against the schemas of the document (JSON Schema 2020-12).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

pub(crate) struct Schemas {
    pub(crate) document: Value,
    /// Validators by schema: building one takes longer than using it.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Schemas {
    pub(crate) fn of(document: Value) -> Self {
        Self { document, validators: Mutex::default() }
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let build = || {
            // The references of a schema point into the components.
            let whole = json!({ "allOf": [schema], "components": self.document["components"] });
            let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
            Arc::new(options.build(&whole).unwrap_or_else(|error| panic!("{schema}: {error}")))
        };
        validators.entry(schema.to_string()).or_insert_with(build).clone()
    }

    /// The violations of the schema by the value.
    pub(crate) fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// The object itself, or the object that its `$ref` points to.
    pub(crate) fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(target) => self.document.pointer(target.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }
}
