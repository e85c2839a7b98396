//! An id in a parameter or a body.

use std::borrow::Cow;
use std::str::FromStr;

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::from_parameter::deserialize_text;
use crate::bilingual;
use crate::kernel::bilingual::typed;
use crate::kernel::violation::{FieldError, Violations};

/// An id (a UUID) in a parameter or a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdParam(pub Uuid);

impl FromStr for IdParam {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let fault = |_| {
            FieldError::format(bilingual!("Expected an id (a UUID).", "Erwartet wird eine id (eine UUID)."))
        };
        Uuid::parse_str(typed(text)).map(Self).map_err(fault)
    }
}

impl Serialize for IdParam {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Deserr<Violations> for IdParam {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Violations> {
        deserialize_text(value, at)
    }
}

impl PartialSchema for IdParam {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
            .description(Some("An id (a UUID)."))
            .examples(["0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a40"])
            .into()
    }
}

impl ToSchema for IdParam {
    fn name() -> Cow<'static, str> {
        "Id".into()
    }
}
