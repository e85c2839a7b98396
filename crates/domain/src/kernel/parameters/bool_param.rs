//! A boolean filter.

use std::borrow::Cow;
use std::str::FromStr;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::kernel::violation::FieldError;

/// A boolean filter. Unlike with `bool`, it can also be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoolParam(pub bool);

impl FromStr for BoolParam {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        match text {
            "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            other => Err(FieldError::unknown_value(other, &["true", "false"])),
        }
    }
}

impl PartialSchema for BoolParam {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Boolean).description(Some("`true` or `false`.")).into()
    }
}

impl ToSchema for BoolParam {
    fn name() -> Cow<'static, str> {
        "Truth".into()
    }
}
