//! The schemas of the document (JSON Schema 2020-12), held against what is really there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::Operation;
use crate::harness::Answer;

pub(super) struct Schemas {
    pub(super) document: Value,
    /// Making a validator takes longer than using it.
    made: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Schemas {
    pub(super) fn of(document: Value) -> Self {
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
    pub(super) fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// The object, or the one that it refers to.
    pub(super) fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(target) => self.document.pointer(target.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    /// Whether the answer is one of those that the operation declares for its status.
    pub(super) fn check_answer(&self, operation: &Operation, answer: &Answer) {
        let (id, status) = (&operation.id, answer.status.as_u16());
        let declared = self.resolved(&operation.told["responses"][status.to_string()]);
        let media = answer.header("content-type");
        let media = media.split(';').next().unwrap();
        let Some(contents) = declared["content"].as_object() else {
            assert!(answer.body.is_empty(), "{id}: {status} has a body: {}", answer.text());
            return;
        };
        // What answers HEAD has none.
        if answer.body.is_empty() {
            return;
        }
        let content =
            contents.get(media).unwrap_or_else(|| panic!("{id}: {status} is not said to be {media}"));
        if content["schema"]["type"] != "string" {
            let faults = self.faults(&content["schema"], &answer.json());
            assert!(
                faults.is_empty(),
                "{id}: {status} is not what its schema says: {faults:#?}\n{}",
                answer.text()
            );
        }
    }
}
