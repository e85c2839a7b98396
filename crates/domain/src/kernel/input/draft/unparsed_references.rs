//! The references in a body that could not be parsed.

use serde_json::Value;

use crate::kernel::resource::any::ResourceInfo;
use crate::kernel::resource::naming::pascal;
use crate::kernel::resource::projection::{Expansion, FieldTree, Step};
use crate::kernel::resource::reference::Key;
use crate::kernel::violation::escape;

/// A reference in a part of the body that could not be parsed, and that is therefore not in the data.
#[derive(Debug, PartialEq)]
pub struct UnparsedReference {
    /// The schema name of the target, such as `Utility`.
    target: String,
    /// The JSON pointer of the reference in the body (RFC 6901).
    pub pointer: String,
    /// The id or slug of the target.
    pub key: Key,
}

impl UnparsedReference {
    /// Returns whether the target is a resource of this type, such as `utility`.
    pub fn refers_to(&self, resource: &str) -> bool {
        self.target == pascal(resource)
    }
}

/// Returns the references in a body, as far as they can be parsed.
pub(super) fn unparsed_references(resource: &ResourceInfo, body: &Value) -> Vec<UnparsedReference> {
    let mut found = Vec::new();
    for expansion in &FieldTree::of(resource).expansions {
        if Some(expansion.member()) != resource.parent {
            collect(expansion, &expansion.path, body, String::new(), &mut found);
        }
    }
    found
}

/// Collects the keys at the places where the schema has a reference.
fn collect(
    expansion: &Expansion,
    path: &[Step],
    value: &Value,
    here: String,
    found: &mut Vec<UnparsedReference>,
) {
    match path.split_first() {
        Some((Step::Member(name), rest)) => {
            if let Some(value) = value.get(name) {
                collect(expansion, rest, value, format!("{here}/{}", escape(name)), found);
            }
        }
        Some((Step::Each, rest)) => {
            for (index, entry) in value.as_array().into_iter().flatten().enumerate() {
                collect(expansion, rest, entry, format!("{here}/{index}"), found);
            }
        }
        None => {
            let named =
                value.as_object().and_then(|members| members.get("id").or_else(|| members.get("slug")));
            let text = named.unwrap_or(value).as_str();
            if let Some(Ok(key)) = text.map(str::parse) {
                found.push(UnparsedReference { target: expansion.target.clone(), pointer: here, key });
            }
        }
    }
}
