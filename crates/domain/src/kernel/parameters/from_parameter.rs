//! The types of query parameters: a single value, several values, or a switch.

use std::str::FromStr;

use deserr::{Deserr, IntoValue, MergeWithError, Value, ValuePointerRef, take_cf_content};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};

use crate::bilingual;
use crate::kernel::bilingual::Bilingual;
use crate::kernel::violation::{FieldError, Violations};

/// A type of query parameters: how it is parsed and documented.
pub trait FromParameter: Sized {
    /// Parses all values of the parameter.
    fn read(name: &'static str, values: Vec<String>, violations: &mut Violations) -> Self;

    /// Returns the schema of the parameter.
    fn schema() -> RefOr<Schema>;

    /// Returns the named schemas to which the schema refers.
    fn schemas() -> Vec<(String, RefOr<Schema>)>;
}

/// The maximum number of values of a parameter. Each number of values makes another SQL statement.
const MAX_VALUES: usize = 100;

/// The parameters whose value is a list, separated by commas.
const LIST_PARAMETERS: [&str; 3] = ["sort", "fields", "expand"];

/// Deserializes a value that is written as a text.
pub(super) fn deserialize_text<T: FromStr<Err = FieldError>, V: IntoValue>(
    value: Value<V>,
    at: ValuePointerRef<'_>,
) -> Result<T, Violations> {
    let text = String::deserialize_from_value(value, at)?;
    text.parse().map_err(|fault: FieldError| take_cf_content(Violations::merge(None, fault, at)))
}

pub(super) fn single(name: &'static str, values: Vec<String>, violations: &mut Violations) -> Option<String> {
    if values.len() > 1 {
        let once =
            bilingual!("`{name}` can be given only once.", "`{name}` darf nur einmal angegeben werden.");
        let detail = if LIST_PARAMETERS.contains(&name) {
            once.then(bilingual!(
                " Separate values with commas.",
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
                    plus_hint(name, before, after)
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
        if values.len() > MAX_VALUES {
            let detail = bilingual!(
                "`{name}` can be given at most {MAX_VALUES} times.",
                "`{name}` darf höchstens {MAX_VALUES}-mal angegeben werden."
            );
            violations.parameter(name, "too_many", detail);
            return Self::new();
        }
        let mut read = Self::new();
        for text in &values {
            match (text.parse::<T>(), split_list(text).or_else(|| split_words::<T>(text))) {
                (Err(fault), Some(parts)) => {
                    violations.parameter(name, fault.code, repeat_hint(name, &parts));
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
        ArrayBuilder::new().items(Ref::from_schema_name(T::name())).max_items(Some(MAX_VALUES)).into()
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
        Ref::from_schema_name(T::name()).into()
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

/// Splits a value that is a list of several; `None` if it is a single one.
fn split_list(text: &str) -> Option<Vec<&str>> {
    let parts: Vec<_> = text.split([',', ';', '|']).map(str::trim).filter(|part| !part.is_empty()).collect();
    (parts.len() > 1).then_some(parts)
}

/// Splits a value at spaces, which `+` in a query string means, if every part is a valid value. A value may also
/// contain spaces.
fn split_words<T: FromStr<Err = FieldError>>(text: &str) -> Option<Vec<&str>> {
    let words: Vec<_> = text.split_whitespace().collect();
    (words.len() > 1 && words.iter().all(|word| word.parse::<T>().is_ok())).then_some(words)
}

/// Escapes the start of a value for a query string in a message.
fn in_query(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    start.replace('%', "%25").replace('&', "%26").replace('#', "%23").replace('+', "%2B").replace(' ', "+")
}

/// Returns the message that several values are several parameters.
fn repeat_hint(name: &str, parts: &[&str]) -> Bilingual {
    let pairs: Vec<_> = parts.iter().take(3).map(|part| format!("{name}={}", in_query(part))).collect();
    let (pairs, more) = (pairs.join("&"), if parts.len() > 3 { "&…" } else { "" });
    bilingual!(
        "To give several values, repeat the parameter: `{pairs}{more}`.",
        "Für mehrere Werte wiederholen Sie den Parameter: `{pairs}{more}`."
    )
}

/// Returns the message that a plus in a query string means a space.
fn plus_hint(name: &str, before: &str, after: &str) -> Bilingual {
    let right = format!("{name}={}%2B{}", in_query(before), in_query(after));
    bilingual!(
        "A `+` in a query string means a space; use `%2B` instead: `{right}`.",
        "Ein `+` im Query-String ist ein Leerzeichen; schreiben Sie es als `%2B`: `{right}`."
    )
}
