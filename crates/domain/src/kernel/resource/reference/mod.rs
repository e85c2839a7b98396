//! References to resources: read from a string or an object, written as an object.

mod key;
mod schema;
mod summary;

pub use self::key::Key;
pub use self::summary::ReferenceSummary;

use std::marker::PhantomData;

use deserr::{Deserr, IntoValue, Map, Value, ValuePointerRef};
use serde::ser::{Serialize, Serializer};
use uuid::Uuid;

use super::Resource;
use crate::bilingual;
use crate::kernel::value::Visibility;
use crate::kernel::violation::{FieldError, Violations, escape, pointer, unknown_member};

/// The untyped content of a [`Ref`]: the key that was sent, and the resource that the store found.
#[derive(Clone, Debug)]
pub struct Link {
    /// The key that was sent.
    pub key: Key,
    /// The resource; `None` until the store has resolved the key.
    pub summary: Option<ReferenceSummary>,
}

impl PartialEq for Link {
    fn eq(&self, other: &Self) -> bool {
        match (&self.summary, &other.summary) {
            (Some(mine), Some(theirs)) => mine.id == theirs.id,
            _ => self.key == other.key,
        }
    }
}

/// A reference to a `T`.
///
/// In JSON, it can be sent as a string (id or slug) or as the reference object that `GET` returns; it is always
/// returned as the reference object. The store resolves it in the transaction of the write.
#[derive(Debug)]
pub struct Ref<T> {
    link: Link,
    marker: PhantomData<fn() -> T>,
}

impl<T> Clone for Ref<T> {
    fn clone(&self) -> Self {
        Self { link: self.link.clone(), marker: PhantomData }
    }
}

impl<T> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        self.link == other.link
    }
}

impl<T> Ref<T> {
    /// Makes an unresolved reference.
    pub fn to(key: Key) -> Self {
        Self { link: Link { key, summary: None }, marker: PhantomData }
    }

    /// Makes a reference to a known resource.
    pub fn found(summary: ReferenceSummary) -> Self {
        Self { link: Link { key: Key::Id(summary.id), summary: Some(summary) }, marker: PhantomData }
    }

    /// Makes a reference to a sub-resource without a name, of which only the id is shown.
    pub fn unnamed(id: Uuid) -> Self {
        Self::found(ReferenceSummary {
            id,
            slug: None,
            label: ("", String::new()),
            kind: None,
            country: None,
            visibility: Visibility::Public,
            location: None,
            labels: None,
            named_after: None,
        })
    }

    /// Returns the key that was sent.
    pub fn key(&self) -> &Key {
        &self.link.key
    }

    /// Returns the resource; `None` until the store has resolved the key.
    pub fn summary(&self) -> Option<&ReferenceSummary> {
        self.link.summary.as_ref()
    }

    /// Returns the id of the resource; `None` until the store has resolved the key.
    pub fn id(&self) -> Option<Uuid> {
        self.summary().map(|summary| summary.id)
    }
}

/// A reference that the store has to resolve.
pub struct UnresolvedReference<'a> {
    /// The type of the target, such as `utility`.
    pub resource: &'static str,
    /// The JSON pointer of the reference in the body (RFC 6901).
    pub pointer: String,
    /// The key that was sent, and the place for the resource.
    pub link: &'a mut Link,
}

impl<T: Resource> Ref<T> {
    /// Passes the reference to the visitor, so that the store can resolve it.
    pub fn visit<'a>(
        &'a mut self,
        pointer: impl Into<String>,
        visit: &mut dyn FnMut(UnresolvedReference<'a>),
    ) {
        visit(UnresolvedReference { resource: T::NAME, pointer: pointer.into(), link: &mut self.link });
    }

    fn members() -> Vec<&'static str> {
        [&["id", "slug", T::NAME_FIELD], T::SUMMARY_FIELDS].concat()
    }
}

impl<T> Serialize for Ref<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.link.summary {
            Some(summary) => summary.serialize(serializer),
            None => serializer.collect_str(&self.link.key),
        }
    }
}

impl<T: Resource> Deserr<Violations> for Ref<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Violations> {
        let mut violations = Violations::default();
        let mut key = None;
        match value {
            Value::String(text) => key = Some((pointer(at), text)),
            Value::Map(map) => {
                let mut slug = None;
                for (name, value) in map.into_iter() {
                    let here = format!("{}/{}", pointer(at), escape(&name));
                    match (name.as_str(), value.into_value()) {
                        ("id", Value::String(text)) => key = Some((here, text)),
                        ("slug", Value::String(text)) => slug = Some((here, text)),
                        ("id" | "slug", _) => {
                            violations.member(
                                here,
                                "wrong_type",
                                bilingual!("Expected a string.", "Erwartet: Text."),
                            );
                        }
                        (name, _) if Self::members().contains(&name) => {}
                        // A resource that was read with `expand` may be sent back, too.
                        (name, _) if T::INFO.has_field(name) => {}
                        (name, _) => {
                            violations.member(here, "unknown_member", unknown_member(name, &Self::members()));
                        }
                    }
                }
                key = key.or(slug);
                if key.is_none() && violations.is_empty() {
                    violations.member(
                        format!("{}/id", pointer(at)),
                        "required",
                        bilingual!("`id` or `slug` is required.", "`id` oder `slug` ist erforderlich."),
                    );
                }
            }
            other => {
                let expected = bilingual!(
                    "Expected an id, a slug or a reference object, found ",
                    "Erwartet: ID, Slug oder Referenzobjekt, gefunden: "
                );
                let found = match other {
                    Value::Null => bilingual!("null.", "null."),
                    _ => bilingual!("something else.", "etwas anderes."),
                };
                let detail = expected.then(found);
                violations.member(pointer(at), "wrong_type", detail);
            }
        }
        match key.map(|(here, text)| text.parse().map_err(|fault: FieldError| (here, fault))) {
            Some(Ok(key)) if violations.is_empty() => return Ok(Self::to(key)),
            Some(Err((here, fault))) => violations.member(here, fault.code, fault.detail),
            _ => {}
        }
        Err(violations)
    }
}
