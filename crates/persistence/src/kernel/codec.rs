//! Values as columns keep them, and back.

use std::str::FromStr;

use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use vku_domain::kernel::error::Error;
use vku_domain::kernel::value::{Money, PartialDate};
use vku_domain::kernel::violation::{FieldError, Violations};

use super::database::error::Corrupt;

/// A stored text as its value type.
pub(crate) fn text<V: FromStr<Err = FieldError>>(text: String) -> Result<V, Corrupt> {
    Ok(text.parse()?)
}

/// A stored text that may be absent.
pub(crate) fn text_opt<V: FromStr<Err = FieldError>>(text: Option<String>) -> Result<Option<V>, Corrupt> {
    text.map(self::text).transpose()
}

/// A stored whole number that may be absent, as its value type.
pub(crate) fn number_opt<V: Deserr<Violations>>(number: Option<i64>) -> Result<Option<V>, Corrupt> {
    number.map(self::number).transpose()
}

/// A stored whole number as its value type.
pub(crate) fn number<V: Deserr<Violations>>(number: i64) -> Result<V, Corrupt> {
    json(Value::from(number))
}

/// A stored JSON value as its value type.
pub(crate) fn json<V: Deserr<Violations>>(value: Value) -> Result<V, Corrupt> {
    Ok(deserr::deserialize(value)?)
}

/// A stored JSON value that may be absent.
pub(crate) fn json_opt<V: Deserr<Violations>>(value: Option<Value>) -> Result<Option<V>, Corrupt> {
    value.map(json).transpose()
}

/// A value type as it is stored in JSON.
pub(crate) fn to_json<V: Serialize>(value: &V) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(Error::internal)
}

/// A value type that may be absent, as it is stored in JSON.
pub(crate) fn to_json_opt<V: Serialize>(value: &Option<V>) -> Result<Option<Value>, Error> {
    value.as_ref().map(to_json).transpose()
}

/// A value type that may be absent, as it is stored in a text column.
pub(crate) fn to_text<V: ToString>(value: &Option<V>) -> Option<String> {
    value.as_ref().map(V::to_string)
}

/// A stored amount, in minor units with its currency.
pub(crate) fn money(minor: Option<i64>, currency: Option<String>) -> Result<Option<Money>, Corrupt> {
    minor.zip(currency).map(|(minor, currency)| Ok(Money::from_minor(minor, currency.parse()?))).transpose()
}

/// The first day of a partial date, to sort and filter by; empty when absent.
pub(crate) fn first_day(date: &Option<PartialDate>) -> String {
    date.as_ref().map(|date| date.first_day().to_string()).unwrap_or_default()
}

/// The last day of a partial date, to sort and filter by; empty when absent.
pub(crate) fn last_day(date: &Option<PartialDate>) -> String {
    date.as_ref().map(|date| date.last_day().to_string()).unwrap_or_default()
}
