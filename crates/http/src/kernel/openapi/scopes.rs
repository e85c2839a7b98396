//! The scopes that an API key needs, in the description of an operation: `security` has them, too, but not every tool
//! shows it.

use serde_json::{Map, Value};

/// Adds a sentence that names the scopes in `security`, except those that the description already names.
pub(super) fn describe(operation: &mut Map<String, Value>) {
    let needed: Vec<String> = scopes(operation).into_iter().map(|scope| format!("`{scope}`")).collect();
    let Some(Value::String(text)) = operation.get_mut("description") else { return };
    let unsaid: Vec<_> = needed.iter().map(String::as_str).filter(|scope| !text.contains(*scope)).collect();
    let sentence = match unsaid.as_slice() {
        [] => return,
        [only] => format!("An API key needs the scope {only}."),
        [first @ .., last] => format!("An API key needs the scopes {} and {last}.", first.join(", ")),
    };
    text.push_str("\n\n");
    text.push_str(&sentence);
}

/// The scopes of the scheme `bearer`.
pub(super) fn scopes(operation: &Map<String, Value>) -> Vec<&str> {
    let requirements = operation.get("security").and_then(Value::as_array);
    let scopes = requirements.into_iter().flatten().filter_map(|it| it.get("bearer")?.as_array());
    scopes.flatten().filter_map(Value::as_str).collect()
}
