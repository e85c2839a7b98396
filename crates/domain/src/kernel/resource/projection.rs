//! The fields of a response: `fields` selects fields, `expand` replaces references by the whole resources.
//!
//! Both are derived from the schemas of the data and of the derived members, so that a resource does not have to
//! declare anything.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::READ_ONLY;
use super::any::ResourceInfo;
use super::naming::{INPUT, pascal, schema_name};
use crate::kernel::parameters::Parameters;
use crate::kernel::violation::FieldError;

/// A step on the path from a resource to a reference in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into a member of an object.
    Member(String),
    /// Into each entry of a list.
    Each,
}

/// A reference that can be replaced by the whole resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// The name in `expand`: the fields on the path, separated by dots, without `party`.
    pub name: String,
    /// The path to the reference.
    pub path: Vec<Step>,
    /// The schema name of the target.
    pub target: String,
}

impl Expansion {
    /// Calls `found` for each value at the path in the JSON of a resource.
    pub fn visit(&self, item: &mut Value, found: &mut dyn FnMut(&mut Value)) {
        visit(&self.path, item, found);
    }

    /// Returns the top-level field that contains the reference.
    pub fn member(&self) -> &str {
        match self.path.first() {
            Some(Step::Member(name)) => name,
            _ => "",
        }
    }
}

fn visit(path: &[Step], value: &mut Value, found: &mut dyn FnMut(&mut Value)) {
    match (path.split_first(), value) {
        (None, value) => found(value),
        (Some((Step::Member(name), rest)), value) => {
            value.get_mut(name).into_iter().for_each(|value| visit(rest, value, found));
        }
        (Some((Step::Each, rest)), value) => {
            value.as_array_mut().into_iter().flatten().for_each(|entry| visit(rest, entry, found));
        }
    }
}

/// The fields of a resource, and the references that can be expanded.
#[derive(Debug)]
pub struct FieldTree {
    /// The names of the top-level fields, in their order.
    pub fields: Vec<String>,
    /// The references that can be expanded.
    pub expansions: Vec<Expansion>,
    /// The names of all fields at any depth.
    pub names: BTreeSet<String>,
}

/// The maximum length of a path. Longer ones only come from schemas that refer back to themselves.
const MAX_DEPTH: usize = 8;

impl FieldTree {
    /// Returns the members of a resource. They are computed only once.
    pub fn of(resource: &ResourceInfo) -> &'static Self {
        static TREES: Mutex<Option<HashMap<&'static str, &'static FieldTree>>> = Mutex::new(None);
        let mut trees = TREES.lock().unwrap_or_else(PoisonError::into_inner);
        let trees = trees.get_or_insert_default();
        trees.entry(resource.name).or_insert_with(|| {
            let (data, mut named) = (resource.data_schema)();
            let (derived, more) = (resource.derived_schema)();
            named.extend(more);
            Box::leak(Box::new(Self::make(resource.parent, [data, derived], named)))
        })
    }

    /// Collects the fields from the schemas of the data and of the derived fields, and the schemas to which both
    /// refer.
    fn make(parent: Option<&str>, schemas: [RefOr<Schema>; 2], named: Vec<(String, RefOr<Schema>)>) -> Self {
        let named: BTreeMap<_, _> = named.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
        let mut tree = Self { fields: vec!["id".to_owned()], expansions: Vec::new(), names: BTreeSet::new() };
        named.values().for_each(|schema| property_names(schema, &mut tree.names));
        tree.fields.extend(parent.map(str::to_owned));
        if let Some(parent) = parent {
            tree.push(parent, &[Step::Member(parent.to_owned())], &pascal(parent));
        }
        for schema in schemas.map(|schema| json!(schema)) {
            let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            tree.fields.extend(members.map(|(name, _)| name.clone()));
            tree.collect_expansions("", &[], &schema, &named);
            property_names(&schema, &mut tree.names);
        }
        tree.fields.extend(READ_ONLY.iter().filter(|name| **name != "id").map(|name| (*name).to_owned()));
        tree
    }

    fn push(&mut self, name: &str, path: &[Step], target: &str) {
        if !self.expansions.iter().any(|known| known.name == name) {
            let (name, target) = (name.to_owned(), target.to_owned());
            self.expansions.push(Expansion { name, path: path.to_vec(), target });
        }
    }

    /// Collects the references in a schema.
    fn collect_expansions(
        &mut self,
        name: &str,
        path: &[Step],
        schema: &Value,
        named: &BTreeMap<String, Value>,
    ) {
        if path.len() > MAX_DEPTH {
            return;
        }
        let referred = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        if let Some(referred) = referred {
            let reference = referred.strip_suffix(INPUT).unwrap_or(referred);
            match (reference.strip_suffix(&schema_name("")), named.get(referred)) {
                (Some(target), _) => self.push(name, path, target),
                (None, Some(schema)) => self.collect_expansions(name, path, schema, named),
                (None, None) => {}
            }
            return;
        }
        for (member, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            // `party` is not part of the name: the field below it names the type of party.
            let name = match (name, member.as_str()) {
                (name, "party") => name.to_owned(),
                ("", member) => member.to_owned(),
                (name, member) => format!("{name}.{member}"),
            };
            let path = [path, &[Step::Member(member.clone())]].concat();
            self.collect_expansions(&name, &path, schema, named);
        }
        if let Some(items) = schema.get("items") {
            self.collect_expansions(name, &[path, &[Step::Each]].concat(), items, named);
        }
        for schema in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
            self.collect_expansions(name, path, schema, named);
        }
    }
}

/// Collects the names of all fields in a schema, at any depth.
fn property_names(schema: &Value, names: &mut BTreeSet<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        names.extend(properties.keys().cloned());
    }
    match schema {
        Value::Object(members) => members.values().for_each(|member| property_names(member, names)),
        Value::Array(entries) => entries.iter().for_each(|member| property_names(member, names)),
        _ => {}
    }
}

impl ResourceInfo {
    /// Returns whether the resource has this field.
    pub(super) fn has_field(&self, name: &str) -> bool {
        FieldTree::of(self).fields.iter().any(|field| field == name)
    }
}

/// The fields that a caller selects with `fields` and `expand`; by default, all fields, and references.
#[derive(Clone, Debug, Default)]
pub struct Projection {
    fields: Option<Vec<&'static str>>,
    expanded: Vec<&'static Expansion>,
}

impl Projection {
    /// Takes `fields`, and `expand` if the resource has references.
    pub fn take(resource: &ResourceInfo, parameters: &mut Parameters) -> Self {
        let tree = FieldTree::of(resource);
        let fields = words(parameters, "fields", tree.fields.iter().map(String::as_str).collect());
        let mut view = Self { fields, expanded: Vec::new() };
        if !tree.expansions.is_empty() {
            let known = tree.expansions.iter().map(|expansion| expansion.name.as_str()).collect();
            let names = words(parameters, "expand", known).unwrap_or_default();
            let is_selected = |expansion: &&Expansion| {
                names.contains(&expansion.name.as_str()) && view.shows(expansion.member())
            };
            view.expanded = tree.expansions.iter().filter(is_selected).collect();
        }
        view
    }

    /// Returns whether all fields are returned and nothing is expanded.
    pub fn is_default(&self) -> bool {
        self.fields.is_none() && self.expanded.is_empty()
    }

    /// Returns whether `fields` selects fields.
    pub fn is_sparse(&self) -> bool {
        self.fields.is_some()
    }

    /// Returns whether the field is returned.
    pub fn shows(&self, member: &str) -> bool {
        self.fields.as_ref().is_none_or(|fields| fields.contains(&member))
    }

    /// Returns the expansions of the returned fields.
    pub fn expanded(&self) -> &[&'static Expansion] {
        &self.expanded
    }
}

/// Takes a parameter that lists known words, separated by commas.
fn words(
    parameters: &mut Parameters,
    parameter: &'static str,
    known: Vec<&'static str>,
) -> Option<Vec<&'static str>> {
    let text = parameters.once(parameter)?;
    let listed: Vec<_> = text.split(',').map(str::trim).collect();
    if listed.len() > known.len() {
        let most = known.len();
        let detail = crate::bilingual!("At most {most} values can be selected.", "Zur Wahl stehen {most}.");
        parameters.fault::<()>(parameter, FieldError::new("too_many", detail));
        return None;
    }
    let mut words = Vec::with_capacity(listed.len());
    for word in listed {
        match known.iter().find(|known| **known == word) {
            None => parameters.fault::<()>(parameter, FieldError::unknown_value(word, &known)),
            Some(word) if words.contains(word) => {
                let detail = crate::bilingual!("`{word}` is listed twice.", "`{word}` ist zweimal genannt.");
                parameters.fault::<()>(parameter, FieldError::new("repeated", detail));
            }
            Some(word) => words.push(*word),
        }
    }
    Some(words)
}
