//! The request schema of transitions. All request schemas are closed: they accept no unknown fields.

use serde_json::{Map, Value, json};

/// The suffix of the name of the schema of a transition.
pub(super) const TRANSITION: &str = "Transition";

/// Closes the schemas of all request bodies.
pub(super) fn close(document: &mut Value) {
    let mut sent = Vec::new();
    let items = document.get("paths").and_then(Value::as_object).into_iter().flat_map(Map::values);
    for body in
        items.filter_map(Value::as_object).flat_map(Map::values).filter_map(|it| it.get("requestBody"))
    {
        for media in body.get("content").and_then(Value::as_object).into_iter().flat_map(Map::values) {
            let target = media.pointer("/schema/$ref").and_then(Value::as_str);
            sent.extend(target.and_then(|target| target.strip_prefix('#')).map(str::to_owned));
        }
    }
    for target in sent {
        if let Some(Value::Object(schema)) = document.pointer_mut(&target)
            && schema.get("type").is_some_and(|name| name == "object")
        {
            schema.entry("additionalProperties").or_insert(json!(false));
        }
    }
}

/// The schema of a transition.
pub(super) fn transition(name: &str) -> Value {
    let of = |schema: &str, about: &str| json!({ "$ref": format!("#/components/schemas/{schema}"), "description": about });
    json!({
        "type": "object",
        "description": "A status change.",
        "required": ["to"],
        "properties": {
            "to": of(&format!("{name}Status"), "The new status."),
            "reason": of("Text", "The reason; required for some transitions.")
        }
    })
}
