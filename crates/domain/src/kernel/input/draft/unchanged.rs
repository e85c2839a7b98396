//! Whether a value that was sent is the current one.

use serde_json::Value;

use crate::kernel::tabular::number::integral;

/// Returns whether a value equals the current one. A reference that was read with `expand` is sent as a whole resource;
/// only the fields of the reference are compared then.
pub(super) fn is_same(sent: &Value, current: &Value) -> bool {
    match (sent, current) {
        (Value::Array(sent), Value::Array(current)) => {
            sent.len() == current.len()
                && sent.iter().zip(current).all(|(sent, current)| is_same(sent, current))
        }
        (Value::Object(resource), Value::Object(reference))
            if ["id", "created_at", "updated_at", "version"]
                .iter()
                .all(|name| resource.contains_key(*name)) =>
        {
            reference.iter().all(|(name, value)| resource.get(name) == Some(value))
        }
        (Value::Object(sent), Value::Object(current)) => {
            sent.len() == current.len()
                && sent
                    .iter()
                    .all(|(name, sent)| current.get(name).is_some_and(|current| is_same(sent, current)))
        }
        // `50` and `50.0` are the same number.
        (Value::Number(sent), Value::Number(current)) => integral(sent.clone()) == integral(current.clone()),
        (sent, current) => sent == current,
    }
}

/// Returns whether a value equals the current one, or refers to the same resource.
pub(super) fn is_one(sent: Option<&Value>, current: Option<&Value>) -> bool {
    let reference = current.and_then(Value::as_object);
    match (sent, reference) {
        (Some(Value::Object(sent)), Some(reference)) => sent.get("id") == reference.get("id"),
        (Some(key @ Value::String(_)), Some(reference)) => {
            ["id", "slug"].iter().any(|name| reference.get(*name) == Some(key))
        }
        _ => sent == current,
    }
}
