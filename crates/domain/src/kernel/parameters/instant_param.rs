//! A timestamp in a parameter or a body.

use std::borrow::Cow;
use std::str::FromStr;

use chrono::{DateTime, SubsecRound, Timelike, Utc};
use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::from_parameter::deserialize_text;
use crate::bilingual;
use crate::kernel::bilingual::typed;
use crate::kernel::clock::{instant, is_writable};
use crate::kernel::violation::{FieldError, Violations};

/// A timestamp in a parameter or a body: RFC 3339 with an offset, such as `2026-03-01T00:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstantParam(pub DateTime<Utc>);

impl FromStr for InstantParam {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let Some(at) = DateTime::parse_from_rfc3339(typed(text)).ok().map(|at| at.with_timezone(&Utc)) else {
            return Err(FieldError::format(bilingual!(
                "Expected a timestamp (RFC 3339), such as `2026-03-01T00:00:00Z`.",
                "Erwartet: Zeitpunkt nach RFC 3339, etwa `2026-03-01T00:00:00Z`."
            )));
        };
        // chrono parses `:60` as a second longer than one, which neither database can store.
        if at.nanosecond() >= 1_000_000_000 {
            return Err(FieldError::format(bilingual!(
                "Leap seconds (`:60`) cannot be stored: use `:59`, or the next minute.",
                "Schaltsekunden (`:60`) lassen sich nicht speichern: Schreiben Sie `:59` oder die nächste Minute."
            )));
        }
        if !is_writable(at) {
            return Err(FieldError::new(
                "out_of_range",
                bilingual!(
                    "The year must be between 0001 and 9999, in UTC as well.",
                    "Das Jahr muss zwischen 0001 und 9999 liegen, auch in UTC."
                ),
            ));
        }
        Ok(Self(at.trunc_subsecs(6)))
    }
}

impl Serialize for InstantParam {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&instant(self.0))
    }
}

impl Deserr<Violations> for InstantParam {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Violations> {
        deserialize_text(value, at)
    }
}

impl PartialSchema for InstantParam {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("A timestamp (RFC 3339)."))
            .examples(["2026-03-01T00:00:00Z"])
            .into()
    }
}

impl ToSchema for InstantParam {
    fn name() -> Cow<'static, str> {
        "Instant".into()
    }
}
