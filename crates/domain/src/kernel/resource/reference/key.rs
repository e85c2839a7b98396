//! The key of a resource: its id or its slug.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::bilingual;
use crate::kernel::bilingual::typed;
use crate::kernel::value::Slug;
use crate::kernel::violation::FieldError;

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
pub(super) const PATTERN: &str =
    "^([a-z0-9]+(-[a-z0-9]+)*|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$";
/// The maximum length of a slug.
pub(super) const MAX_KEY_LENGTH: usize = 100;

impl PartialSchema for Key {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The id (a UUID) or the slug."))
            .pattern(Some(PATTERN))
            .max_length(Some(MAX_KEY_LENGTH))
            .examples(["hamburg-wasser"])
            .into()
    }
}

impl ToSchema for Key {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Key")
    }
}
