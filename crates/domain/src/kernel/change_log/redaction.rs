//! Finds and removes references in logged states, without knowing the schema that the resource had then.

use std::collections::HashSet;

use serde_json::{Map, Value};
use uuid::Uuid;

/// Returns the id if the object is a reference.
pub fn reference(object: &Map<String, Value>) -> Option<Uuid> {
    object.get("id")?.as_str()?.parse().ok()
}

/// Adds the ids of all references in the value.
pub fn collect_references(value: &Value, ids: &mut HashSet<Uuid>) {
    match value {
        Value::Object(members) => match reference(members) {
            Some(id) => drop(ids.insert(id)),
            None => members.values().for_each(|member| collect_references(member, ids)),
        },
        Value::Array(entries) => entries.iter().for_each(|entry| collect_references(entry, ids)),
        _ => {}
    }
}

/// Removes every reference to a resource that is not visible. If the reference is in an entry of a list, the whole
/// entry is removed: its role and dates would reveal something about the resource, too.
pub fn retain_visible(value: &mut Value, visible: &HashSet<Uuid>) {
    let _ = is_dangling(value, visible);
}

/// Removes references to invisible resources. Returns whether the value is one, or is an object that has lost one.
fn is_dangling(value: &mut Value, visible: &HashSet<Uuid>) -> bool {
    match value {
        Value::Object(members) => {
            if let Some(id) = reference(members) {
                return !visible.contains(&id);
            }
            let before = members.len();
            let mut inside = false;
            members.retain(|_, member| {
                let is_removed = is_dangling(member, visible);
                // An object that contained only removed references is removed, too.
                inside |= is_removed && !is_empty_after_redaction(member, visible);
                !(is_removed && is_empty_after_redaction(member, visible))
            });
            inside || members.len() < before
        }
        Value::Array(entries) => {
            // A list that has lost entries does not count: the object around it is kept.
            entries.retain_mut(|entry| !is_dangling(entry, visible));
            false
        }
        _ => false,
    }
}

fn is_empty_after_redaction(value: &Value, visible: &HashSet<Uuid>) -> bool {
    match value {
        Value::Object(members) => {
            members.is_empty() || reference(members).is_some_and(|id| !visible.contains(&id))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn redacted(mut value: Value, seen: &[u128]) -> Value {
        retain_visible(&mut value, &seen.iter().map(|number| id(*number)).collect());
        value
    }

    #[test]
    fn every_reference_is_collected_and_nothing_else() {
        let value = json!({
            "lead": {"id": id(1), "name": "A"}, "plain": {"id": "no uuid", "inner": {"id": id(2)}},
            "parties": [{"party": {"utility": {"id": id(3)}}}, [{"id": id(4)}]], "text": id(5).to_string(),
        });
        let mut ids = HashSet::new();
        collect_references(&value, &mut ids);
        assert_eq!(ids, [1, 2, 3, 4].map(id).into());
    }

    #[test]
    fn visible_references_are_not_changed() {
        let value = json!({"a": {"id": id(1)}, "b": [{"c": {"d": {"id": id(2)}}, "e": {}}], "f": [[], {}]});
        assert_eq!(redacted(value.clone(), &[1, 2]), value);
    }

    #[test]
    fn invisible_references_are_removed_with_their_list_entry() {
        let value = json!({
            "programme": {"id": id(1), "name": "Hidden"}, "kind": "grant",
            "wrapped": {"utility": {"id": id(1)}},
            "beside": {"utility": {"id": id(1)}, "note": "x"},
            "participants": [
                {"party": {"utility": {"id": id(1)}}, "role": "lead"},
                {"party": {"utility": {"id": id(2)}}, "role": "partner", "with": [{"id": id(1)}, {"id": id(2)}]},
                {"about": {"party": {"id": id(1)}, "since": "2020"}, "role": "partner"}
            ],
            "funders": [{"id": id(1)}, {"utility": {"id": id(1)}}, {"organisation": {"id": id(2)}}],
        });
        let expected = json!({
            "kind": "grant",
            "beside": {"note": "x"},
            "participants": [{"party": {"utility": {"id": id(2)}}, "role": "partner", "with": [{"id": id(2)}]}],
            "funders": [{"organisation": {"id": id(2)}}],
        });
        assert_eq!(redacted(value, &[2]), expected);
    }
}
