//! The schemas of references: as they are sent, and as they are returned.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::Ref;
use super::key::{MAX_KEY_LENGTH, PATTERN};
use crate::kernel::resource::Resource;
use crate::kernel::resource::naming::{INPUT, schema_name};

impl<T: Resource> PartialSchema for Ref<T> {
    fn schema() -> RefOr<Schema> {
        let text = |about: &'static str| {
            let text = ObjectBuilder::new().schema_type(Type::String).description(Some(about));
            text.pattern(Some(PATTERN)).max_length(Some(MAX_KEY_LENGTH))
        };
        // A member has no slug of its own, but shows the slug of its utility.
        let has_slug = T::SLUG.is_some() || T::DERIVED.contains(&"slug");
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
            .description(Some(format!(
                "A reference object (`{}`) as returned by `GET`, or a subset of its fields.",
                schema_name(T::NAME)
            )))
            .property("id", text(id));
        if has_slug {
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

impl<T: Resource> ToSchema for Ref<T> {
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
                text("The id (UUIDv7).").format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))),
            )
            .required("id");
        if T::SLUG.is_some() {
            object = object.property("slug", text("The slug.")).required("slug");
        }
        if !T::NAME_FIELD.is_empty() {
            object = object.property(T::NAME_FIELD, text("The name.")).required(T::NAME_FIELD);
        }
        for member in T::SUMMARY_FIELDS {
            object = object.property(*member, text("The same as in the resource itself."));
        }
        schemas.push((schema_name(T::NAME), object.into()));
    }
}
