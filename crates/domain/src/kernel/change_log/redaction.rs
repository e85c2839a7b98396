//! What a logged state mentions: the references in it, found and taken out without knowing the resource as it was then.

use std::collections::HashSet;

use serde_json::{Map, Value};
use uuid::Uuid;

/// The id, where the object is a reference.
pub fn reference(object: &Map<String, Value>) -> Option<Uuid> {
    object.get("id")?.as_str()?.parse().ok()
}

/// Adds the ids of everything that the value refers to.
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

/// Takes out every reference to what is not seen, and with it the entry of a list that it stands in: who took part, in
/// which role and until when would tell of it as well.
pub fn retain_visible(value: &mut Value, seen: &HashSet<Uuid>) {
    let _ = is_dangling(value, seen);
}

/// Takes out what is not seen; whether something of the value itself is gone.
fn is_dangling(value: &mut Value, seen: &HashSet<Uuid>) -> bool {
    match value {
        Value::Object(members) => {
            if let Some(id) = reference(members) {
                return !seen.contains(&id);
            }
            let before = members.len();
            let mut inside = false;
            members.retain(|_, member| {
                let gone = is_dangling(member, seen);
                // An object that only held what is gone is gone with it.
                inside |= gone && !is_empty_after_redaction(member, seen);
                !(gone && is_empty_after_redaction(member, seen))
            });
            inside || members.len() < before
        }
        Value::Array(entries) => {
            // A shorter list is a list still: what it stands in stays.
            entries.retain_mut(|entry| !is_dangling(entry, seen));
            false
        }
        _ => false,
    }
}

fn is_empty_after_redaction(value: &Value, seen: &HashSet<Uuid>) -> bool {
    match value {
        Value::Object(members) => {
            members.is_empty() || reference(members).is_some_and(|id| !seen.contains(&id))
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

    fn kept(mut value: Value, seen: &[u128]) -> Value {
        retain_visible(&mut value, &seen.iter().map(|number| id(*number)).collect());
        value
    }

    #[test]
    fn finds_every_reference_and_nothing_else() {
        let value = json!({
            "lead": {"id": id(1), "name": "A"}, "plain": {"id": "no uuid", "inner": {"id": id(2)}},
            "parties": [{"party": {"utility": {"id": id(3)}}}, [{"id": id(4)}]], "text": id(5).to_string(),
        });
        let mut ids = HashSet::new();
        collect_references(&value, &mut ids);
        assert_eq!(ids, [1, 2, 3, 4].map(id).into());
    }

    #[test]
    fn what_is_seen_stays_as_it_is() {
        let value = json!({"a": {"id": id(1)}, "b": [{"c": {"d": {"id": id(2)}}, "e": {}}], "f": [[], {}]});
        assert_eq!(kept(value.clone(), &[1, 2]), value);
    }

    #[test]
    fn what_is_not_seen_goes_with_its_list_entry() {
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
        assert_eq!(kept(value, &[2]), expected);
    }
}
