//! The differences between two versions of a resource, member by member.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::redaction::reference;
use crate::kernel::violation::escape;

/// A field that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    /// The path of the field (JSON pointer, RFC 6901).
    #[schema(example = "/title")]
    pub pointer: String,
    /// The previous value; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    pub from: Option<Value>,
    /// The new value; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    pub to: Option<Value>,
}

/// Returns the members that differ, sorted by name.
///
/// Objects are compared member by member. References are compared by id only, since a renamed target does not change
/// the resource that refers to it, and are returned as a whole. Lists are returned as a whole, unless both have the
/// same number of entries, all of them objects that share a member with the entry at the same index: then the entries
/// are compared member by member.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(Some(before), Some(after), String::new(), &mut found);
    found
}

fn compare(before: Option<&Value>, after: Option<&Value>, pointer: String, found: &mut Vec<Difference>) {
    match (before, after) {
        (Some(before), Some(after)) if is_equal(before, after) => {}
        (Some(Value::Object(before)), Some(Value::Object(after)))
            if reference(before).is_none() && reference(after).is_none() =>
        {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                let pointer = format!("{pointer}/{}", escape(name));
                compare(before.get(name), after.get(name), pointer, found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if have_common_members(before, after) => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                compare(Some(before), Some(after), format!("{pointer}/{index}"), found);
            }
        }
        (None, None) => {}
        (before, after) => {
            found.push(Difference { pointer, from: before.cloned(), to: after.cloned() });
        }
    }
}

/// Returns whether two values are equal, if references are compared by id only.
fn is_equal(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => match (reference(before), reference(after)) {
            (Some(before), Some(after)) => before == after,
            (None, None) => {
                let is_same = |(name, value): (&String, &Value)| {
                    after.get(name).is_some_and(|other| is_equal(value, other))
                };
                before.len() == after.len() && before.iter().all(is_same)
            }
            _ => false,
        },
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len()
                && before.iter().zip(after).all(|(before, after)| is_equal(before, after))
        }
        _ => before == after,
    }
}

/// Returns whether the lists have the same length and only objects, each of which shares a member with the object at
/// its index.
fn have_common_members(before: &[Value], after: &[Value]) -> bool {
    let shares = |before: &Map<String, Value>, after: &Map<String, Value>| {
        let is_same =
            |(name, value): (&String, &Value)| after.get(name).is_some_and(|other| is_equal(value, other));
        reference(before).is_none() && reference(after).is_none() && before.iter().any(is_same)
    };
    before.len() == after.len()
        && before.iter().zip(after).all(|pair| match pair {
            (Value::Object(before), Value::Object(after)) => shares(before, after),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn triples(before: Value, after: Value) -> Vec<(String, Value, Value)> {
        let found = differences(&before, &after).into_iter();
        found
            .map(|difference| {
                (difference.pointer, difference.from.unwrap_or_default(), difference.to.unwrap_or_default())
            })
            .collect()
    }

    #[test]
    fn members_are_compared_one_by_one() {
        let before = json!({"title": "A", "summary": {"de": "x", "en": "y"}, "start": "2020", "a/b": 1});
        let after = json!({"title": "A", "summary": {"de": "z", "fr": "y"}, "end": "2021", "a/b": 2});
        let expected = [
            ("/a~1b", json!(1), json!(2)),
            ("/end", json!(null), json!("2021")),
            ("/start", json!("2020"), json!(null)),
            ("/summary/de", json!("x"), json!("z")),
            ("/summary/en", json!("y"), json!(null)),
            ("/summary/fr", json!(null), json!("y")),
        ];
        assert_eq!(triples(before, after), expected.map(|(at, from, to)| (at.to_owned(), from, to)));
    }

    #[test]
    fn a_new_member_is_returned_as_a_whole() {
        let after = json!({"summary": {"de": "x"}, "sectors": ["water"]});
        let expected =
            [("/sectors", json!(null), json!(["water"])), ("/summary", json!(null), json!({"de": "x"}))];
        assert_eq!(triples(json!({}), after), expected.map(|(at, from, to)| (at.to_owned(), from, to)));
    }

    #[test]
    fn references_are_compared_by_id() {
        let reference = |id: u128, name: &str| json!({"id": uuid::Uuid::from_u128(id), "name": name});
        assert_eq!(triples(json!({"lead": reference(1, "A")}), json!({"lead": reference(1, "B")})), []);
        let changed = triples(json!({"lead": reference(1, "A")}), json!({"lead": reference(2, "A")}));
        assert_eq!(changed, [("/lead".to_owned(), reference(1, "A"), reference(2, "A"))]);
        let parties = |name: &str| json!({"parties": [{"utility": reference(1, name)}]});
        assert_eq!(triples(parties("A"), parties("B")), [], "deep in a list, too");
    }

    #[test]
    fn lists_are_returned_as_a_whole_unless_their_entries_are_similar() {
        let sets = triples(json!({"s": ["a", "b"]}), json!({"s": ["a", "c"]}));
        assert_eq!(sets, [("/s".to_owned(), json!(["a", "b"]), json!(["a", "c"]))]);
        let party = |id: u128, role: &str| json!({"party": {"id": uuid::Uuid::from_u128(id)}, "role": role});
        let (lead, partner) = (party(1, "lead"), party(2, "partner"));
        let mut left = partner.clone();
        left["until"] = json!("2023");
        let changed = triples(json!({"p": [lead, partner]}), json!({"p": [lead, left]}));
        assert_eq!(changed, [("/p/1/until".to_owned(), json!(null), json!("2023"))]);
        let turned = triples(json!({"p": [lead, partner]}), json!({"p": [partner, lead]}));
        assert_eq!(turned, [("/p".to_owned(), json!([lead, partner]), json!([partner, lead]))]);
        let more = triples(json!({"p": [lead]}), json!({"p": [lead, partner]}));
        assert_eq!(more, [("/p".to_owned(), json!([lead]), json!([lead, partner]))]);
    }

    /// Applies the differences to a state.
    fn applied(mut state: Value, found: Vec<Difference>) -> Value {
        for Difference { pointer, to, .. } in found {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let name = name.replace("~1", "/").replace("~0", "~");
            match (state.pointer_mut(parent).unwrap(), to) {
                (Value::Object(members), Some(to)) => drop(members.insert(name, to)),
                (Value::Object(members), None) => drop(members.shift_remove(&name)),
                (Value::Array(entries), Some(to)) => entries[name.parse::<usize>().unwrap()] = to,
                (other, to) => panic!("{pointer}: {other} cannot become {to:?}"),
            }
        }
        state
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..3_i64).prop_map(Value::from),
            "[a-b/~]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                object(inner).prop_map(Value::Object),
            ]
        })
    }

    fn object(member: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
        proptest::collection::vec(("[a-c/~]{1,2}", member), 0..4).prop_map(|all| all.into_iter().collect())
    }

    proptest! {
        #[test]
        fn applying_the_differences_turns_before_into_after(before in object(any_json()), after in object(any_json())) {
            let (before, after) = (Value::Object(before), Value::Object(after));
            let found = differences(&before, &after);
            prop_assert_eq!(found.is_empty(), before == after);
            for difference in &found {
                prop_assert_eq!(before.pointer(&difference.pointer), difference.from.as_ref());
                prop_assert_eq!(after.pointer(&difference.pointer), difference.to.as_ref());
            }
            prop_assert_eq!(applied(before, found), after);
        }
    }
}
