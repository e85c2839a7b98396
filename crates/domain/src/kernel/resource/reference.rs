//! References to resources: read from a string or an object, written as an object.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use deserr::{Deserr, IntoValue, Map, Value, ValuePointerRef};
use serde::ser::{Serialize, SerializeMap, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use uuid::Uuid;

use super::Resource;
use super::naming::{INPUT, schema_name};
use super::projection::MemberTree;
use crate::bilingual;
use crate::kernel::bilingual::typed;
use crate::kernel::value::{Country, Localized, Location, Slug, Visibility};
use crate::kernel::violation::{FieldError, Violations, escape, pointer, unknown_member};

/// The key by which a caller names a resource: its id or its slug.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// The id, a UUID.
    Id(Uuid),
    /// A slug, current or former.
    Slug(Slug),
}

impl FromStr for Key {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let text = typed(text);
        match Uuid::parse_str(text) {
            Ok(id) => Ok(Self::Id(id)),
            Err(_) => text.parse().map(Self::Slug).map_err(|_| {
                FieldError::format(bilingual!(
                    "`{text}` is neither an id (a UUID) nor a slug (`hamburg-wasser`).",
                    "`{text}` ist weder eine ID (eine UUID) noch ein Slug (`hamburg-wasser`)."
                ))
            }),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Slug(slug) => slug.fmt(f),
        }
    }
}

/// The pattern of a key: a slug or a UUID.
const PATTERN: &str = "^([a-z0-9]+(-[a-z0-9]+)*|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$";
/// The maximum length of a slug.
const LONGEST: usize = 100;

impl utoipa::PartialSchema for Key {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The id (a UUID) or the slug."))
            .pattern(Some(PATTERN))
            .max_length(Some(LONGEST))
            .examples(["hamburg-wasser"])
            .into()
    }
}

impl utoipa::ToSchema for Key {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Key")
    }
}

/// The parts of a resource that references to it show, and those that rules need.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceSummary {
    /// The id.
    pub id: Uuid,
    /// The slug, if the resource has one.
    pub slug: Option<Slug>,
    /// The member that names the resource, `name` or `title`, and its text.
    pub label: (&'static str, String),
    /// The kind, if references show it.
    pub kind: Option<String>,
    /// The country, if references show it.
    pub country: Option<Country>,
    /// The visibility; not shown.
    pub visibility: Visibility,
    /// The location; not shown.
    pub location: Option<Location>,
    /// The names by language, if the resource has them; shown instead of the text in `label`.
    pub labels: Option<Localized>,
    /// The id of the resource that gives this one its name, such as the utility of a member; not shown.
    pub named_after: Option<Uuid>,
}

impl ReferenceSummary {
    /// Returns whether this is the id or the current slug of the resource.
    pub fn is(&self, key: &Key) -> bool {
        match key {
            Key::Id(id) => self.id == *id,
            Key::Slug(slug) => self.slug.as_ref() == Some(slug),
        }
    }
}

impl Serialize for ReferenceSummary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        if let Some(slug) = &self.slug {
            map.serialize_entry("slug", slug)?;
        }
        match &self.labels {
            Some(labels) => map.serialize_entry(self.label.0, labels)?,
            None if self.label.0.is_empty() => {}
            None => map.serialize_entry(self.label.0, &self.label.1)?,
        }
        if let Some(kind) = &self.kind {
            map.serialize_entry("kind", kind)?;
        }
        if let Some(country) = &self.country {
            map.serialize_entry("country", country)?;
        }
        map.end()
    }
}

/// The untyped content of a [`Ref`]: the key that was sent, and the resource that the store found.
#[derive(Clone, Debug)]
pub struct Link {
    /// The key that was sent.
    pub key: Key,
    /// The resource; `None` until the store has resolved the key.
    pub card: Option<ReferenceSummary>,
}

impl PartialEq for Link {
    fn eq(&self, other: &Self) -> bool {
        match (&self.card, &other.card) {
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
        Self { link: Link { key, card: None }, marker: PhantomData }
    }

    /// Makes a reference to a known resource.
    pub fn found(card: ReferenceSummary) -> Self {
        Self { link: Link { key: Key::Id(card.id), card: Some(card) }, marker: PhantomData }
    }

    /// Makes a reference to a child resource without a name, of which only the id is shown.
    pub fn part(id: Uuid) -> Self {
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
    pub fn card(&self) -> Option<&ReferenceSummary> {
        self.link.card.as_ref()
    }

    /// Returns the id of the resource; `None` until the store has resolved the key.
    pub fn id(&self) -> Option<Uuid> {
        self.card().map(|card| card.id)
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
        match &self.link.card {
            Some(card) => card.serialize(serializer),
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
                        (name, _) if MemberTree::of::<T>().fields.iter().any(|field| field == name) => {}
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

impl<T: Resource> utoipa::PartialSchema for Ref<T> {
    fn schema() -> RefOr<Schema> {
        let text = |about: &'static str| {
            let text = ObjectBuilder::new().schema_type(Type::String).description(Some(about));
            text.pattern(Some(PATTERN)).max_length(Some(LONGEST))
        };
        // A member has no slug of its own, but shows the slug of its utility.
        let has_slug = T::HAS_SLUG || T::DERIVED.contains(&"slug");
        let (id, key, all) = match has_slug {
            true => (
                "The id (a UUID), which takes precedence over the slug.",
                "An id (a UUID) or a slug.",
                "An id, a slug, or a reference object as returned by `GET`.",
            ),
            false => {
                ("The id (a UUID).", "An id (a UUID).", "An id, or a reference object as returned by `GET`.")
            }
        };
        // One of the members is enough.
        let mut object = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(format!("A `{}` as returned by `GET`, or a part of it.", schema_name(T::NAME))))
            .property("id", text(id));
        if T::HAS_SLUG {
            object = object.property("slug", text("The slug."));
        }
        Schema::OneOf(
            OneOfBuilder::new()
                .item(text(key))
                .item(object.min_properties(Some(1)))
                .description(Some(all))
                .build(),
        )
        .into()
    }
}

impl<T: Resource> utoipa::ToSchema for Ref<T> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(schema_name(T::NAME) + INPUT)
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        let text =
            |about: &'static str| ObjectBuilder::new().schema_type(Type::String).description(Some(about));
        let mut object = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(format!("A reference to a {}.", T::NAME.replace('_', " "))))
            .property(
                "id",
                text("The id (UUIDv7).").format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
                    utoipa::openapi::KnownFormat::Uuid,
                ))),
            )
            .required("id");
        if T::HAS_SLUG {
            object = object.property("slug", text("The slug.")).required("slug");
        }
        if !T::NAME_FIELD.is_empty() {
            object = object.property(T::NAME_FIELD, text("The name.")).required(T::NAME_FIELD);
        }
        for member in T::SUMMARY_FIELDS {
            object = object.property(*member, text("As in the resource itself."));
        }
        schemas.push((schema_name(T::NAME), object.into()));
    }
}
