//! Operations of the OpenAPI document, and how requests are matched to them.

use reqwest::Method;
use serde_json::{Value, json};

/// An operation of the OpenAPI document.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    /// The path template, with parameters as `{name}`.
    pub(crate) path: String,
    segments: Vec<String>,
    pub(crate) definition: Value,
}

impl Operation {
    /// All operations of a document.
    pub(crate) fn all(document: &Value) -> Vec<Self> {
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, definition) in item.as_object().unwrap() {
                let id = definition["operationId"]
                    .as_str()
                    .unwrap_or_else(|| panic!("{method} {path} has no name"));
                let method = method.to_uppercase().parse().unwrap();
                let segments = path.split('/').map(str::to_owned).collect();
                operations.push(Self {
                    id: id.to_owned(),
                    method,
                    path: path.clone(),
                    segments,
                    definition: definition.clone(),
                });
            }
        }
        operations
    }

    pub(crate) fn reads(&self) -> bool {
        self.method == Method::GET
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&Value> {
        self.definition["parameters"].as_array()?.iter().find(|it| it["name"] == name)
    }

    /// The security requirements.
    fn security(&self) -> &[Value] {
        self.definition["security"].as_array().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn is_for_anybody(&self) -> bool {
        self.security().is_empty() || self.security().contains(&json!({}))
    }

    pub(crate) fn takes_credentials(&self) -> bool {
        self.security().iter().any(|requirement| requirement.get("bearer").is_some())
    }

    /// The scopes that an API key needs for the operation.
    pub(crate) fn scopes(&self) -> Vec<&str> {
        let scopes = self.security().iter().filter_map(|requirement| requirement.get("bearer")?.as_array());
        scopes.flatten().filter_map(Value::as_str).collect()
    }

    pub(crate) fn declares(&self, status: u16) -> bool {
        self.definition["responses"].get(status.to_string()).is_some()
    }

    /// The media type and the example of the request body, if there is one.
    pub(crate) fn body(&self) -> Option<(&str, &Value)> {
        let (media, content) = self.definition.pointer("/requestBody/content")?.as_object()?.iter().next()?;
        Some((media, &content["example"]))
    }

    /// The path parameters and their values, or `None` if the segments do not match the path template.
    pub(crate) fn keys(&self, segments: &[String]) -> Option<Vec<(&str, String)>> {
        if self.segments.len() != segments.len() {
            return None;
        }
        let mut keys = Vec::new();
        // In reverse, because most paths differ only at the end.
        for (template, segment) in self.segments.iter().zip(segments).rev() {
            match template.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
                Some(name) if !segment.is_empty() => keys.insert(0, (name, segment.clone())),
                None if template == segment => {}
                _ => return None,
            }
        }
        Some(keys)
    }
}

/// The decoded segments of a path.
pub(super) fn segments(path: &str) -> Vec<String> {
    path.split('/').map(decoded).collect()
}

/// Decodes percent-encoding in a path segment or in a part of a query.
pub(super) fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let coded = hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(coded.unwrap_or(*first));
        rest = if coded.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
