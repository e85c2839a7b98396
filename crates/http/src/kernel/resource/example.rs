//! Examples as text, which is parsed when the document is built. With `json!`, each member would be code.

use serde_json::Value;

/// Makes an example of JSON.
macro_rules! example {
    ($($json:tt)+) => {
        $crate::kernel::resource::example::parse(stringify!($($json)+))
    };
}

pub(crate) use example;

/// Parses an example. One that is not JSON becomes a text in the document that says so; the tests reject it.
pub(crate) fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| Value::String(format!("{error} in the example {text}")))
}
