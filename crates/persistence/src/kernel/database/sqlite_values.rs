//! Values as sqlx binds them to statements of SQLite, for other libraries.

use chrono::SecondsFormat;
use rusqlite::types::Value as Bound;
use sea_orm::Value;

/// Converts a value; `None` if its type is not in use.
pub(super) fn bound(value: &Value) -> Option<Bound> {
    let integer = |number: Option<i64>| Some(number.map_or(Bound::Null, Bound::Integer));
    let text = |text: Option<String>| Some(text.map_or(Bound::Null, Bound::Text));
    match value {
        Value::Bool(value) => integer(value.map(i64::from)),
        Value::TinyInt(value) => integer(value.map(i64::from)),
        Value::SmallInt(value) => integer(value.map(i64::from)),
        Value::Int(value) => integer(value.map(i64::from)),
        Value::BigInt(value) => integer(*value),
        Value::TinyUnsigned(value) => integer(value.map(i64::from)),
        Value::SmallUnsigned(value) => integer(value.map(i64::from)),
        Value::Unsigned(value) => integer(value.map(i64::from)),
        Value::BigUnsigned(value) => integer(value.map(i64::try_from).transpose().ok()?),
        Value::Float(value) => Some(value.map_or(Bound::Null, |value| Bound::Real(value.into()))),
        Value::Double(value) => Some(value.map_or(Bound::Null, Bound::Real)),
        Value::String(value) => text(value.clone()),
        Value::Bytes(value) => Some(value.clone().map_or(Bound::Null, Bound::Blob)),
        Value::Uuid(value) => Some(value.map_or(Bound::Null, |id| Bound::Blob(id.as_bytes().to_vec()))),
        Value::ChronoDate(value) => text(value.map(|day| day.to_string())),
        Value::ChronoDateTimeUtc(value) => {
            text(value.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, false)))
        }
        _ => None,
    }
}
