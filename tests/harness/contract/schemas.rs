//! The schemas of the document (JSON Schema 2020-12), held against what is really there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

pub(crate) struct Schemas {
    pub(crate) document: Value,
    /// Making a validator takes longer than using it.
    made: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Schemas {
    pub(crate) fn of(document: Value) -> Self {
        Self { document, made: Mutex::default() }
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut made = self.made.lock().unwrap();
        let make = || {
            // The references lead into the components.
            let whole = json!({ "allOf": [schema], "components": self.document["components"] });
            let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
            Arc::new(options.build(&whole).unwrap_or_else(|error| panic!("{schema}: {error}")))
        };
        made.entry(schema.to_string()).or_insert_with(make).clone()
    }

    /// What is wrong with the value, a line each.
    pub(crate) fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// The object, or the one that it refers to.
    pub(crate) fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(target) => self.document.pointer(target.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }
}
