//! JSON Merge Patch (RFC 7396).

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::kernel::violation::escape;

/// Applies `patch` to `target` (RFC 7396, section 2): objects are merged, `null` removes a member, any other value
/// replaces it.
pub fn merge(target: &mut Value, patch: Value) {
    apply(target, patch, Nulls::Remove);
}

/// Like [`merge`], but sets members to `null` instead of removing them, so that parsing still sees which ones there
/// were.
pub(crate) fn merge_with_null(target: &mut Value, patch: Value) {
    apply(target, patch, Nulls::Stay);
}

/// Like [`merge`], for a row of a file, in which an empty cell removes one member. An object that loses its last member
/// this way is removed, too, since no cell can state that an object exists but is empty.
pub fn merge_row(target: &mut Value, patch: Value) {
    apply(target, patch, Nulls::RemoveWithEmptied);
}

/// The effect of `null` on a member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    Remove,
    RemoveWithEmptied,
    Stay,
}

fn apply(target: &mut Value, patch: Value, nulls: Nulls) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, value) in patch {
        if value.is_null() && nulls != Nulls::Stay {
            members.shift_remove(&name);
            continue;
        }
        let clears = value.as_object().is_some_and(|members| !members.is_empty());
        let member = members.entry(name.as_str()).or_insert(Value::Null);
        apply(member, value, nulls);
        let is_emptied = clears && member.as_object().is_some_and(Map::is_empty);
        if is_emptied && nulls == Nulls::RemoveWithEmptied {
            members.shift_remove(&name);
        }
    }
}

/// Returns the JSON pointers of the members that a patch removes. In a list, `null` is an entry like any other.
pub(crate) fn removed(patch: &Value) -> HashSet<String> {
    fn collect(patch: &Value, here: &str, found: &mut HashSet<String>) {
        for (name, value) in patch.as_object().into_iter().flatten() {
            let pointer = format!("{here}/{}", escape(name));
            if value.is_null() {
                found.insert(pointer);
            } else {
                collect(value, &pointer, found);
            }
        }
    }
    let mut found = HashSet::new();
    collect(patch, "", &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn removed_members_are_found() {
        let patch = json!({"a": null, "b": {"c/d": null, "e": 1}, "f": [null, {"g": null}]});
        assert_eq!(removed(&patch), ["/a", "/b/c~1d"].map(str::to_owned).into());
        let mut target = json!({"a": 1, "b": 2});
        merge_with_null(&mut target, json!({"b": {"c": null}, "d": null}));
        assert_eq!(target, json!({"a": 1, "b": {"c": null}, "d": null}));
    }

    /// The test cases of RFC 7396, appendix A.
    #[test]
    fn the_examples_of_rfc_7396_hold() {
        for (mut original, patch, result) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"b"}), json!(["c"]), json!(["c"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"a":"foo"}), json!("bar"), json!("bar")),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ] {
            merge(&mut original, patch);
            assert_eq!(original, result);
        }
    }

    #[test]
    fn a_row_removes_the_members_of_its_empty_cells() {
        for (mut original, patch, result) in [
            (json!({"a":{"de":"x","en":"y"}}), json!({"a":{"de":null}}), json!({"a":{"en":"y"}})),
            (json!({"a":{"de":"x"},"b":1}), json!({"a":{"de":null}}), json!({"b":1})),
            (json!({"b":1}), json!({"a":{"de":null,"c":{"d":null}}}), json!({"b":1})),
            (json!({"a":{"b":{"c":1}}}), json!({"a":{"b":{"c":null}}}), json!({})),
            (json!({"a":{}}), json!({"a":{}}), json!({"a":{}})),
        ] {
            merge_row(&mut original, patch);
            assert_eq!(original, result);
        }
    }
}
