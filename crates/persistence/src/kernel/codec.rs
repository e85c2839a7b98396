//! Conversions between values of the domain and columns.

use std::str::FromStr;

use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::value::{Money, PartialDate};
use vku_domain::kernel::violation::{FieldError, Violations};

use super::database::error::Corrupt;

/// Parses a stored text.
pub(crate) fn text<V: FromStr<Err = FieldError>>(text: String) -> Result<V, Corrupt> {
    Ok(text.parse()?)
}

/// Parses a stored text that may be absent.
pub(crate) fn text_opt<V: FromStr<Err = FieldError>>(text: Option<String>) -> Result<Option<V>, Corrupt> {
    text.map(self::text).transpose()
}

/// Parses a stored integer that may be absent.
pub(crate) fn number_opt<V: Deserr<Violations>>(number: Option<i64>) -> Result<Option<V>, Corrupt> {
    number.map(self::number).transpose()
}

/// Parses a stored integer.
pub(crate) fn number<V: Deserr<Violations>>(number: i64) -> Result<V, Corrupt> {
    json(Value::from(number))
}

/// Parses a stored JSON value.
pub(crate) fn json<V: Deserr<Violations>>(value: Value) -> Result<V, Corrupt> {
    Ok(deserr::deserialize(value)?)
}

/// Parses a stored JSON value that may be absent.
pub(crate) fn json_opt<V: Deserr<Violations>>(value: Option<Value>) -> Result<Option<V>, Corrupt> {
    value.map(json).transpose()
}

/// Converts a value to JSON for storage.
pub(crate) fn to_json<V: Serialize>(value: &V) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(Error::internal)
}

/// Converts a value that may be absent to JSON for storage.
pub(crate) fn to_json_opt<V: Serialize>(value: &Option<V>) -> Result<Option<Value>, Error> {
    value.as_ref().map(to_json).transpose()
}

/// Converts a value that may be absent to text for storage.
pub(crate) fn to_text<V: ToString>(value: &Option<V>) -> Option<String> {
    value.as_ref().map(V::to_string)
}

/// Parses a stored amount: minor units and a currency.
pub(crate) fn money(minor: Option<i64>, currency: Option<String>) -> Result<Option<Money>, Corrupt> {
    minor.zip(currency).map(|(minor, currency)| Ok(Money::from_minor(minor, currency.parse()?))).transpose()
}

/// Returns the first day of a partial date, to sort and filter by; empty if absent.
pub(crate) fn first_day(date: &Option<PartialDate>) -> String {
    date.as_ref().map(|date| date.first_day().to_string()).unwrap_or_default()
}

/// Returns the last day of a partial date, to sort and filter by; empty if absent.
pub(crate) fn last_day(date: &Option<PartialDate>) -> String {
    date.as_ref().map(|date| date.last_day().to_string()).unwrap_or_default()
}
