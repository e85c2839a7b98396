//! What of a resource is shown: `fields` leaves members out, `expand` puts whole resources in the place of references.
//!
//! Which there are follows from the schemas of the data struct and of what is derived, so that a resource says nothing
//! about either.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::naming::{INPUT, pascal, schema_name};
use super::{ParentKind, READ_ONLY, Resource, Stored};
use crate::kernel::parameters::Parameters;
use crate::kernel::violation::FieldError;

/// A step on the way from a resource to a reference in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the member of an object.
    Member(String),
    /// To each entry of a list.
    Each,
}

/// A reference whose place the whole resource can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// Its name in `expand`: the members on the way, dotted, without `party`.
    pub name: String,
    /// The way to it.
    pub path: Vec<Step>,
    /// What it refers to, as its schema is called.
    pub target: String,
}

impl Expansion {
    /// Visits what stands at its place in the JSON form of a resource.
    pub fn visit(&self, item: &mut Value, found: &mut dyn FnMut(&mut Value)) {
        visit(&self.path, item, found);
    }

    /// The member of the resource that holds it.
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

/// The members that a resource is read with, and what can be expanded in it.
#[derive(Debug)]
pub struct MemberTree {
    /// The names of its members, in their order.
    pub fields: Vec<String>,
    /// What can be expanded.
    pub expansions: Vec<Expansion>,
    /// The names of all members of all objects in it.
    pub names: BTreeSet<String>,
}

/// No way is longer: what is nested deeper leads back to where it began.
const DEEPEST: usize = 8;

impl MemberTree {
    /// The shape of a resource; made once, as requests ask for it.
    pub fn of<T: Resource>() -> &'static Self {
        static MADE: Mutex<Option<HashMap<TypeId, &'static MemberTree>>> = Mutex::new(None);
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let made = made.get_or_insert_default();
        made.entry(TypeId::of::<T>()).or_insert_with(|| Box::leak(Box::new(Self::make::<T>())))
    }

    fn make<T: Resource>() -> Self {
        let mut named = Vec::new();
        T::schemas(&mut named);
        <T::Derived as ToSchema>::schemas(&mut named);
        let named: BTreeMap<_, _> = named.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
        let parent = T::Parent::OWNER;
        let mut shape =
            Self { fields: vec!["id".to_owned()], expansions: Vec::new(), names: BTreeSet::new() };
        named.values().for_each(|schema| property_names(schema, &mut shape.names));
        shape.fields.extend(parent.map(str::to_owned));
        if let Some(parent) = parent {
            shape.push(parent, &[Step::Member(parent.to_owned())], &pascal(parent));
        }
        for schema in [json!(T::schema()), json!(T::Derived::schema())] {
            let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            shape.fields.extend(members.map(|(name, _)| name.clone()));
            shape.look("", &[], &schema, &named);
            property_names(&schema, &mut shape.names);
        }
        shape.fields.extend(READ_ONLY.iter().filter(|name| **name != "id").map(|name| (*name).to_owned()));
        shape
    }

    fn push(&mut self, name: &str, path: &[Step], target: &str) {
        if !self.expansions.iter().any(|known| known.name == name) {
            let (name, target) = (name.to_owned(), target.to_owned());
            self.expansions.push(Expansion { name, path: path.to_vec(), target });
        }
    }

    /// Looks for references in a schema.
    fn look(&mut self, name: &str, path: &[Step], schema: &Value, named: &BTreeMap<String, Value>) {
        if path.len() > DEEPEST {
            return;
        }
        let referred = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        if let Some(referred) = referred {
            let reference = referred.strip_suffix(INPUT).unwrap_or(referred);
            match (reference.strip_suffix(&schema_name("")), named.get(referred)) {
                (Some(target), _) => self.push(name, path, target),
                (None, Some(schema)) => self.look(name, path, schema, named),
                (None, None) => {}
            }
            return;
        }
        for (member, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            // That it is one or the other kind of party is told by the member below.
            let name = match (name, member.as_str()) {
                (name, "party") => name.to_owned(),
                ("", member) => member.to_owned(),
                (name, member) => format!("{name}.{member}"),
            };
            let path = [path, &[Step::Member(member.clone())]].concat();
            self.look(&name, &path, schema, named);
        }
        if let Some(items) = schema.get("items") {
            self.look(name, &[path, &[Step::Each]].concat(), items, named);
        }
        for schema in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
            self.look(name, path, schema, named);
        }
    }
}

/// Collects the names of the members that a schema has, at any depth.
fn property_names(schema: &Value, names: &mut BTreeSet<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        names.extend(properties.keys().cloned());
    }
    match schema {
        Value::Object(members) => members.values().for_each(|it| property_names(it, names)),
        Value::Array(entries) => entries.iter().for_each(|it| property_names(it, names)),
        _ => {}
    }
}

/// How a caller wants to be shown resources; usually whole, with references.
#[derive(Clone, Debug, Default)]
pub struct Projection {
    fields: Option<Vec<&'static str>>,
    expanded: Vec<&'static Expansion>,
}

impl Projection {
    /// Takes `fields` and, where there is something to expand, `expand`.
    pub fn take<T: Resource>(parameters: &mut Parameters) -> Self {
        let shape = MemberTree::of::<T>();
        let fields = words(parameters, "fields", shape.fields.iter().map(String::as_str).collect());
        let mut view = Self { fields, expanded: Vec::new() };
        if !shape.expansions.is_empty() {
            let known = shape.expansions.iter().map(|it| it.name.as_str()).collect();
            let asked = words(parameters, "expand", known).unwrap_or_default();
            let wanted = |it: &&Expansion| asked.contains(&it.name.as_str()) && view.shows(it.member());
            view.expanded = shape.expansions.iter().filter(wanted).collect();
        }
        view
    }

    /// Whether nothing is left out and nothing expanded.
    pub fn is_usual(&self) -> bool {
        self.fields.is_none() && self.expanded.is_empty()
    }

    /// Whether members were chosen.
    pub fn is_sparse(&self) -> bool {
        self.fields.is_some()
    }

    /// Whether the member is shown.
    pub fn shows(&self, member: &str) -> bool {
        self.fields.as_ref().is_none_or(|fields| fields.contains(&member))
    }

    /// What is expanded of what is shown.
    pub fn expanded(&self) -> &[&'static Expansion] {
        &self.expanded
    }
}

/// Takes a parameter that names some of the known, separated by commas.
fn words(
    parameters: &mut Parameters,
    parameter: &'static str,
    known: Vec<&'static str>,
) -> Option<Vec<&'static str>> {
    let text = parameters.once(parameter)?;
    let given: Vec<_> = text.split(',').map(str::trim).collect();
    if given.len() > known.len() {
        let most = known.len();
        let detail = crate::bilingual!("Only {most} values can be selected.", "Zur Wahl stehen {most}.");
        parameters.fault::<()>(parameter, FieldError::new("too_many", detail));
        return None;
    }
    let mut words = Vec::with_capacity(given.len());
    for word in given {
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

/// A resource as a caller is shown it.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "hardly any is not as it is, and lists have many")]
pub enum Projected<T: Resource> {
    /// As it is.
    Usual(Stored<T>),
    /// Without some members, or with others whole.
    Viewed(Value),
}

impl<T: Resource> Serialize for Projected<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Usual(stored) => stored.serialize(serializer),
            Self::Viewed(value) => value.serialize(serializer),
        }
    }
}
