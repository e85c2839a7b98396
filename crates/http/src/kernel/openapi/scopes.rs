//! The scopes that an API key needs, in the words of an operation's description: `security` has them, and not every
//! reader or tool shows it.

use serde_json::{Map, Value};

/// Adds a sentence that names the scopes in `security`, unless the description says it already.
pub(super) fn describe(operation: &mut Map<String, Value>) {
    let needed: Vec<String> = scopes(operation).into_iter().map(|scope| format!("`{scope}`")).collect();
    let Some(Value::String(text)) = operation.get_mut("description") else { return };
    if needed.is_empty() || needed.iter().all(|scope| text.contains(scope)) {
        return;
    }
    let noun = if needed.len() == 1 { "scope" } else { "scopes" };
    text.push_str(&format!("\n\nAn API key needs the {noun} {}.", needed.join(" and ")));
}

/// The scopes of the scheme `bearer`.
pub(super) fn scopes(operation: &Map<String, Value>) -> Vec<&str> {
    let requirements = operation.get("security").and_then(Value::as_array);
    let scopes = requirements.into_iter().flatten().filter_map(|it| it.get("bearer")?.as_array());
    scopes.flatten().filter_map(Value::as_str).collect()
}
