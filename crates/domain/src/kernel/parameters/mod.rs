//! Query parameters: typed, repeatable and documented. All errors are returned at once.

pub mod sort;

use std::str::FromStr;

use chrono::{DateTime, SubsecRound, Timelike, Utc};
use deserr::{Deserr, IntoValue, MergeWithError, Value, ValuePointerRef, take_cf_content};
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref as SchemaRef, RefOr};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::bilingual::{Bilingual, typed};
use super::clock::{instant, is_writable};
use super::violation::{FieldError, Violations, hint};
use crate::bilingual;

/// The query parameters of a request. Handlers take them one by one; those that nobody takes are unknown.
pub struct Parameters {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
    violations: Violations,
}

impl Parameters {
    /// Starts with the decoded name–value pairs of the query string. Values are trimmed.
    pub fn new(mut given: Vec<(String, String)>) -> Self {
        for (_, value) in &mut given {
            if typed(value).len() < value.len() {
                *value = typed(value).to_owned();
            }
        }
        Self { given, known: Vec::new(), violations: Violations::default() }
    }

    /// Takes all values of a parameter.
    pub fn take(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        self.given.extract_if(.., |(given, _)| given == name).map(|(_, value)| value).collect()
    }

    /// Takes a parameter and parses it as `T`. Only a `Vec<_>` may be repeated.
    pub fn get<T: FromParameter>(&mut self, name: &'static str) -> T {
        let values = self.take(name);
        T::read(name, values, &mut self.violations)
    }

    /// Takes a parameter that can be given only once.
    pub fn once(&mut self, name: &'static str) -> Option<String> {
        let values = self.take(name);
        single(name, values, &mut self.violations)
    }

    /// Records an error of a parameter. The returned default is never used.
    pub fn fault<T: Default>(&mut self, name: &'static str, fault: FieldError) -> T {
        self.violations.parameter(name, fault.code, fault.detail);
        T::default()
    }

    /// Refuses a parameter that other lists have, with the reason why this list has not.
    pub fn refuse(&mut self, name: &'static str, detail: impl Fn() -> Bilingual) {
        if self.given.extract_if(.., |(given, _)| given == name).count() > 0 {
            self.violations.parameter(name, "unknown_parameter", detail());
        }
    }

    /// Returns all parameters except `without` as one text, sorted by name and value.
    pub fn fingerprint(&self, without: &[&str]) -> String {
        let mut pairs: Vec<_> =
            self.given.iter().filter(|(name, _)| !without.contains(&name.as_str())).collect();
        pairs.sort_unstable();
        pairs.iter().map(|(name, value)| format!("{}:{name}={}:{value};", name.len(), value.len())).collect()
    }

    /// Ends parsing, but ignores unknown parameters: on pages for people.
    pub fn finish_known(self) -> Result<(), Violations> {
        if self.violations.is_empty() { Ok(()) } else { Err(self.violations) }
    }

    /// Ends parsing. Parameters that nobody has taken are unknown.
    pub fn finish(self) -> Result<(), Violations> {
        let Self { given, known, mut violations } = self;
        for (name, _) in given {
            let missing =
                bilingual!("Unknown parameter `{name}`.", "Einen Parameter `{name}` gibt es hier nicht.");
            let detail = missing.then(elsewhere(&name, &known).unwrap_or_else(|| hint(&name, &known)));
            violations.parameter(name, "unknown_parameter", detail);
        }
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }
}

/// The maximum number of values of a parameter. Each number of values makes another SQL statement.
const MOST: usize = 100;

/// The parameters whose value is a list, separated by commas.
const LISTS: [&str; 3] = ["sort", "fields", "expand"];

/// Splits a value that is a list of several; `None` if it is a single one.
fn several(text: &str) -> Option<Vec<&str>> {
    let parts: Vec<_> = text.split([',', ';', '|']).map(str::trim).filter(|part| !part.is_empty()).collect();
    (parts.len() > 1).then_some(parts)
}

/// Splits a value at spaces, which `+` in a query string means, if every part is a valid value. A value may also
/// contain spaces.
fn several_in_words<T: FromStr<Err = FieldError>>(text: &str) -> Option<Vec<&str>> {
    let words: Vec<_> = text.split_whitespace().collect();
    (words.len() > 1 && words.iter().all(|word| word.parse::<T>().is_ok())).then_some(words)
}

/// Escapes the start of a value for a query string in a message.
fn in_query(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    start.replace('%', "%25").replace('&', "%26").replace('#', "%23").replace('+', "%2B").replace(' ', "+")
}

/// Returns the message that several values are several parameters.
fn repeat(name: &str, parts: &[&str]) -> Bilingual {
    let pairs: Vec<_> = parts.iter().take(3).map(|part| format!("{name}={}", in_query(part))).collect();
    let (pairs, more) = (pairs.join("&"), if parts.len() > 3 { "&…" } else { "" });
    bilingual!(
        "To give several values, repeat the parameter: `{pairs}{more}`.",
        "Für mehrere Werte wiederholen Sie den Parameter: `{pairs}{more}`."
    )
}

/// Returns the message that a plus in a query string means a space.
fn plus_lost(name: &str, before: &str, after: &str) -> Bilingual {
    let right = format!("{name}={}%2B{}", in_query(before), in_query(after));
    bilingual!(
        "A `+` in a query string means a space; write `%2B` instead: `{right}`.",
        "Ein `+` im Query-String ist ein Leerzeichen; schreiben Sie es als `%2B`: `{right}`."
    )
}

/// The parameters with their names in other APIs, in lower case and without `_`, `-`, `$` and `.`.
const ELSEWHERE: &[(&str, &[&str])] = &[
    (
        "limit",
        &[
            "perpage",
            "pagesize",
            "size",
            "top",
            "take",
            "maxresults",
            "max",
            "pagelimit",
            "itemsperpage",
            "rows",
        ],
    ),
    (
        "cursor",
        &[
            "page",
            "offset",
            "skip",
            "pagenumber",
            "pageno",
            "startindex",
            "pagetoken",
            "after",
            "before",
            "continue",
        ],
    ),
    (
        "sort",
        &[
            "order",
            "orderby",
            "sortby",
            "sortorder",
            "ordering",
            "direction",
            "dir",
            "orderdirection",
            "sortdirection",
        ],
    ),
    ("q", &["search", "query", "s", "text", "searchterm", "term", "fulltext"]),
    ("fields", &["select", "columns", "attributes", "members"]),
    ("expand", &["include", "embed", "with", "populate"]),
    ("count", &["total", "includetotal", "totalcount", "inlinecount"]),
];

/// Returns what to use instead of a parameter of other APIs.
fn elsewhere(unknown: &str, known: &[&str]) -> Option<Bilingual> {
    // `sector[]`, `sector[0]`, `filter[sector]`, `page[size]`.
    if let Some((base, rest)) = unknown.split_once('[') {
        let inner = rest.trim_end_matches(']');
        if let Some(name) = [base, inner].into_iter().find(|name| known.contains(name)) {
            return Some(bilingual!(
                " Write `{name}=…` without brackets, once for each value.",
                " Schreiben Sie `{name}=…` ohne Klammern, für jeden Wert noch einmal."
            ));
        }
        return match inner {
            "size" | "limit" => instead("limit", known),
            "number" | "offset" | "after" | "before" | "cursor" => instead("cursor", known),
            _ => None,
        };
    }
    let plain: String = unknown
        .chars()
        .filter(|letter| !['_', '-', '$', '.'].contains(letter))
        .flat_map(char::to_lowercase)
        .collect();
    let (name, _) = ELSEWHERE.iter().find(|(_, others)| others.contains(&plain.as_str()))?;
    instead(name, known)
}

fn instead(name: &str, known: &[&str]) -> Option<Bilingual> {
    known.contains(&name).then(|| match name {
        "limit" => bilingual!(
            " Use `limit` for the page size, and follow `next` for the next page.",
            " Nehmen Sie `limit` für die Größe einer Seite, und folgen Sie `next` zur nächsten."
        ),
        "cursor" => bilingual!(
            " Pages have no numbers: follow `next`, or send its `cursor`; `limit` is the page size.",
            " Seiten haben keine Nummern: Folgen Sie `next`, oder senden Sie dessen `cursor`; `limit` ist die Größe einer \
             Seite."
        ),
        "sort" => bilingual!(
            " Use `sort=key`, or `sort=-key` for descending order.",
            " Nehmen Sie `sort=key`, oder absteigend `sort=-key`."
        ),
        other => bilingual!(" Use `{other}`.", " Nehmen Sie `{other}`."),
    })
}

/// A type of query parameters: how it is parsed and documented.
pub trait FromParameter: Sized {
    /// Parses all values of the parameter.
    fn read(name: &'static str, values: Vec<String>, violations: &mut Violations) -> Self;

    /// Returns the schema of the parameter.
    fn schema() -> RefOr<Schema>;

    /// Returns the named schemas to which the schema refers.
    fn schemas() -> Vec<(String, RefOr<Schema>)>;
}

fn single(name: &'static str, values: Vec<String>, violations: &mut Violations) -> Option<String> {
    if values.len() > 1 {
        let once =
            bilingual!("`{name}` can be given only once.", "`{name}` darf nur einmal angegeben werden.");
        let detail = if LISTS.contains(&name) {
            once.then(bilingual!(
                " Separate several values with commas.",
                " Trennen Sie, was er nennt, durch Kommas."
            ))
        } else {
            once
        };
        violations.parameter(name, "repeated", detail);
    }
    values.into_iter().next()
}

fn parse<T: FromStr<Err = FieldError>>(
    name: &'static str,
    text: &str,
    violations: &mut Violations,
) -> Option<T> {
    match text.parse() {
        Ok(value) => Some(value),
        Err(fault) => {
            let detail = match text.rsplit_once(' ') {
                Some((before, after)) if format!("{before}+{after}").parse::<T>().is_ok() => {
                    plus_lost(name, before, after)
                }
                _ => fault.detail,
            };
            violations.parameter(name, fault.code, detail);
            None
        }
    }
}

impl<T: FromStr<Err = FieldError> + ToSchema> FromParameter for Vec<T> {
    fn read(name: &'static str, values: Vec<String>, violations: &mut Violations) -> Self {
        if values.len() > MOST {
            let detail = bilingual!(
                "`{name}` can be given at most {MOST} times.",
                "`{name}` darf höchstens {MOST}-mal angegeben werden."
            );
            violations.parameter(name, "too_many", detail);
            return Self::new();
        }
        let mut read = Self::new();
        for text in &values {
            match (text.parse::<T>(), several(text).or_else(|| several_in_words::<T>(text))) {
                (Err(fault), Some(parts)) => {
                    violations.parameter(name, fault.code, repeat(name, &parts));
                    // Report other errors of the values at the same time.
                    parts.into_iter().for_each(|part| drop(parse::<T>(name, part, violations)));
                }
                (Ok(value), _) => read.push(value),
                (Err(_), None) => read.extend(parse(name, text, violations)),
            }
        }
        read
    }

    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new().items(SchemaRef::from_schema_name(T::name())).max_items(Some(MOST)).into()
    }

    fn schemas() -> Vec<(String, RefOr<Schema>)> {
        vec![(T::name().into_owned(), T::schema())]
    }
}

impl<T: FromStr<Err = FieldError> + ToSchema> FromParameter for Option<T> {
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
                let fault = FieldError::unknown_value(other, &["true", "false"]);
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
    fn name() -> std::borrow::Cow<'static, str> {
        "Truth".into()
    }
}

/// A query parameter in the OpenAPI document.
pub struct Described {
    /// The name in the query string.
    pub name: &'static str,
    /// The description.
    pub about: String,
    /// The schema.
    pub schema: RefOr<Schema>,
    /// The named schemas to which the schema refers.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

/// The filters of a list; declared with [`filter!`](crate::filter).
pub trait FilterParameters: Clone + Default + Send + Sync {
    /// Takes the parameters of the filter.
    fn take(parameters: &mut Parameters) -> Self;

    /// Returns the documentation of each parameter.
    fn describe() -> Vec<Described>;
}

/// Declares a filter struct in which each field is a query parameter. Parsing, documentation and matching use the same
/// struct.
///
/// A `Vec<_>` may be repeated and means "any of these"; different parameters mean "all of these".
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
                "Leap seconds (`:60`) cannot be stored: write `:59`, or the next minute.",
                "Schaltsekunden (`:60`) lassen sich nicht speichern: Schreiben Sie `:59` oder die nächste Minute."
            )));
        }
        if !is_writable(at) {
            return Err(FieldError::new(
                "out_of_range",
                bilingual!(
                    "The year must be between 0001 and 9999, also in UTC.",
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
        let text = String::deserialize_from_value(value, at)?;
        text.parse().map_err(|fault: FieldError| take_cf_content(Violations::merge(None, fault, at)))
    }
}

impl PartialSchema for InstantParam {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .description(Some("A timestamp (RFC 3339)."))
            .examples(["2026-03-01T00:00:00Z"])
            .into()
    }
}

impl ToSchema for InstantParam {
    fn name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }
}

/// An id (a UUID) in a parameter or a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdParam(pub Uuid);

impl FromStr for IdParam {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let fault = |_| {
            FieldError::format(crate::bilingual!(
                "Expected an id (a UUID).",
                "Erwartet wird eine id (eine UUID)."
            ))
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
        let text = String::deserialize_from_value(value, at)?;
        text.parse().map_err(|fault: FieldError| take_cf_content(Violations::merge(None, fault, at)))
    }
}

impl PartialSchema for IdParam {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::Uuid)))
            .description(Some("An id (a UUID)."))
            .examples(["0197a5c0-8a3e-7c51-b0a6-3f1d5b6f2a40"])
            .into()
    }
}

impl ToSchema for IdParam {
    fn name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
}
