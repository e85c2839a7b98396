//! Query parameters: typed, repeatable, documented, and all faults named at once.

use std::str::FromStr;

use chrono::{DateTime, SubsecRound, Utc};
use deserr::{Deserr, IntoValue, MergeWithError, Value, ValuePointerRef, take_cf_content};
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref as SchemaRef, RefOr};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::resource::instant;
use super::violation::{Fault, Violations, hint};
use crate::say;

/// The parameters of a request while they are being taken, one by one; what is left over is unknown.
pub struct Parameters {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
    violations: Violations,
}

impl Parameters {
    /// Starts with the decoded name–value pairs of the query string.
    pub fn new(given: Vec<(String, String)>) -> Self {
        Self { given, known: Vec::new(), violations: Violations::default() }
    }

    /// Takes every value of a parameter.
    pub fn take(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        self.given.extract_if(.., |(given, _)| given == name).map(|(_, value)| value).collect()
    }

    /// Takes a parameter and reads it as `T`: `Vec<_>` repeats, `Option<_>` and `bool` do not.
    pub fn get<T: FromParameter>(&mut self, name: &'static str) -> T {
        let values = self.take(name);
        T::read(name, values, &mut self.violations)
    }

    /// Takes a parameter that may be given once only.
    pub fn once(&mut self, name: &'static str) -> Option<String> {
        let values = self.take(name);
        single(name, values, &mut self.violations)
    }

    /// Notes a fault of a parameter; what stands in for its value is never used.
    pub fn fault<T: Default>(&mut self, name: &'static str, fault: Fault) -> T {
        self.violations.parameter(name, fault.code, fault.detail);
        T::default()
    }

    /// All parameters but `without`, as one text in a normal order.
    pub fn fingerprint(&self, without: &[&str]) -> String {
        let mut pairs: Vec<_> =
            self.given.iter().filter(|(name, _)| !without.contains(&name.as_str())).collect();
        pairs.sort_unstable();
        pairs.iter().map(|(name, value)| format!("{}:{name}={}:{value};", name.len(), value.len())).collect()
    }

    /// Ends the taking: whatever is left over is unknown.
    pub fn finish(self) -> Result<(), Violations> {
        let Self { given, known, mut violations } = self;
        for (name, _) in given {
            let missing =
                say!("There is no parameter `{name}` here.", "Einen Parameter `{name}` gibt es hier nicht.");
            let detail = missing.then(hint(&name, &known));
            violations.parameter(name, "unknown_parameter", detail);
        }
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }
}

/// How often a parameter may be repeated: each number of values is another statement to the database.
const MOST: usize = 100;

/// How a parameter of this type is read and documented.
pub trait FromParameter: Sized {
    /// Reads all values given under the name.
    fn read(name: &'static str, values: Vec<String>, violations: &mut Violations) -> Self;

    /// The parameter's schema.
    fn schema() -> RefOr<Schema>;

    /// The named schemas that it refers to.
    fn schemas() -> Vec<(String, RefOr<Schema>)>;
}

fn single(name: &'static str, values: Vec<String>, violations: &mut Violations) -> Option<String> {
    if values.len() > 1 {
        let detail = say!("`{name}` may be given once only.", "`{name}` darf nur einmal angegeben werden.");
        violations.parameter(name, "repeated", detail);
    }
    values.into_iter().next()
}

fn parse<T: FromStr<Err = Fault>>(name: &'static str, text: &str, violations: &mut Violations) -> Option<T> {
    match text.parse() {
        Ok(value) => Some(value),
        Err(fault) => {
            violations.parameter(name, fault.code, fault.detail);
            None
        }
    }
}

impl<T: FromStr<Err = Fault> + ToSchema> FromParameter for Vec<T> {
    fn read(name: &'static str, values: Vec<String>, violations: &mut Violations) -> Self {
        if values.len() > MOST {
            let detail = say!(
                "`{name}` may be given {MOST} times at most.",
                "`{name}` darf höchstens {MOST}-mal angegeben werden."
            );
            violations.parameter(name, "too_many", detail);
            return Self::new();
        }
        values.iter().filter_map(|text| parse(name, text, violations)).collect()
    }

    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new().items(SchemaRef::from_schema_name(T::name())).into()
    }

    fn schemas() -> Vec<(String, RefOr<Schema>)> {
        vec![(T::name().into_owned(), T::schema())]
    }
}

impl<T: FromStr<Err = Fault> + ToSchema> FromParameter for Option<T> {
    fn read(name: &'static str, values: Vec<String>, violations: &mut Violations) -> Self {
        single(name, values, violations).and_then(|text| parse(name, &text, violations))
    }

    fn schema() -> RefOr<Schema> {
        SchemaRef::from_schema_name(T::name()).into()
    }

    fn schemas() -> Vec<(String, RefOr<Schema>)> {
        vec![(T::name().into_owned(), T::schema())]
    }
}

impl FromParameter for bool {
    fn read(name: &'static str, values: Vec<String>, violations: &mut Violations) -> Self {
        match single(name, values, violations).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                let fault = Fault::unknown_value(other, &["true", "false"]);
                violations.parameter(name, fault.code, fault.detail);
                false
            }
        }
    }

    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Boolean).default(Some(false.into())).into()
    }

    fn schemas() -> Vec<(String, RefOr<Schema>)> {
        Vec::new()
    }
}

/// Yes or no in a filter, where neither is a question too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth(pub bool);

impl FromStr for Truth {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        match text {
            "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            other => Err(Fault::unknown_value(other, &["true", "false"])),
        }
    }
}

impl PartialSchema for Truth {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Boolean).description(Some("`true` or `false`.")).into()
    }
}

impl ToSchema for Truth {
    fn name() -> std::borrow::Cow<'static, str> {
        "Truth".into()
    }
}

/// A parameter as the document describes it.
pub struct Described {
    /// Its name in the query string.
    pub name: &'static str,
    /// What it does.
    pub about: String,
    /// Its schema.
    pub schema: RefOr<Schema>,
    /// The named schemas that it refers to.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

/// The filters of a list; made by [`filter!`](crate::filter).
pub trait FilterParameters: Clone + Default + Send + Sync {
    /// Takes the filter's parameters.
    fn take(parameters: &mut Parameters) -> Self;

    /// The documentation of each parameter.
    fn describe() -> Vec<Described>;
}

/// Declares a filter struct: one field a parameter, read, documented and matched by the same struct.
///
/// `Vec<_>` may be repeated and means "any of these"; different parameters mean "all of these".
#[macro_export]
macro_rules! filter {
    ($(#[$meta:meta])* $name:ident { $( $(#[doc = $doc:literal])+ $field:ident: $type:ty ),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        pub struct $name { $( $(#[doc = $doc])+ pub $field: $type ),+ }

        impl $crate::kernel::parameters::FilterParameters for $name {
            fn take(parameters: &mut $crate::kernel::parameters::Parameters) -> Self {
                Self { $($field: parameters.get(stringify!($field))),+ }
            }

            fn describe() -> Vec<$crate::kernel::parameters::Described> {
                use $crate::kernel::parameters::{Described, FromParameter};
                vec![$(Described {
                    name: stringify!($field),
                    about: [$($doc),+].join("\n").trim().to_owned(),
                    schema: <$type as FromParameter>::schema(),
                    schemas: <$type as FromParameter>::schemas(),
                }),+]
            }
        }
    };
}

/// An instant that somebody writes: RFC 3339 with an offset, such as `2026-03-01T00:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub DateTime<Utc>);

impl FromStr for Instant {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        DateTime::parse_from_rfc3339(text).map(|at| Self(at.with_timezone(&Utc).trunc_subsecs(6))).map_err(
            |_| {
                Fault::format(say!(
                    "Expected an instant as in RFC 3339, such as `2026-03-01T00:00:00Z`.",
                    "Erwartet: Zeitpunkt nach RFC 3339, etwa `2026-03-01T00:00:00Z`."
                ))
            },
        )
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&instant(self.0))
    }
}

impl Deserr<Violations> for Instant {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Violations> {
        let text = String::deserialize_from_value(value, at)?;
        text.parse().map_err(|fault: Fault| take_cf_content(Violations::merge(None, fault, at)))
    }
}

impl PartialSchema for Instant {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .description(Some("An instant: RFC 3339."))
            .examples(["2026-03-01T00:00:00Z"])
            .into()
    }
}

impl ToSchema for Instant {
    fn name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }
}

/// An id in a parameter: a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(pub Uuid);

impl FromStr for Id {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let fault =
            |_| Fault::format(crate::say!("Expected an id (a UUID).", "Erwartet wird eine id (eine UUID)."));
        Uuid::parse_str(text).map(Self).map_err(fault)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Deserr<Violations> for Id {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Violations> {
        let text = String::deserialize_from_value(value, at)?;
        text.parse().map_err(|fault: Fault| take_cf_content(Violations::merge(None, fault, at)))
    }
}

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::Uuid)))
            .description(Some("An id (a UUID)."))
            .examples(["0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a40"])
            .into()
    }
}

impl ToSchema for Id {
    fn name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
}
