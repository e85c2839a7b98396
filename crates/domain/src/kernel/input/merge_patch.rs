//! JSON Merge Patch (RFC 7396).

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::kernel::violation::escape;

/// Applies `patch` to `target` as section 2 of RFC 7396 says: objects merge, `null` removes, all else replaces.
pub fn merge(target: &mut Value, patch: Value) {
    apply(target, patch, Nulls::Remove);
}

/// The same, but what `null` removes stays, as `null`: whether there is such a member at all can be seen then.
pub(crate) fn merge_with_null(target: &mut Value, patch: Value) {
    apply(target, patch, Nulls::Stay);
}

/// The same for a row of a file, in which an empty cell clears one member: an object that has lost its last member is
/// absent, because no cell says that an object is there and empty.
pub fn merge_row(target: &mut Value, patch: Value) {
    apply(target, patch, Nulls::RemoveWithEmptied);
}

/// What `null` does to a member.
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

/// The JSON pointers of what a patch removes. In a list `null` is an entry like others.
pub(crate) fn removed(patch: &Value) -> HashSet<String> {
    fn look(patch: &Value, here: &str, found: &mut HashSet<String>) {
        for (name, value) in patch.as_object().into_iter().flatten() {
            let place = format!("{here}/{}", escape(name));
            if value.is_null() {
                found.insert(place);
            } else {
                look(value, &place, found);
            }
        }
    }
    let mut found = HashSet::new();
    look(patch, "", &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_removed_is_found() {
        let patch = json!({"a": null, "b": {"c/d": null, "e": 1}, "f": [null, {"g": null}]});
        assert_eq!(removed(&patch), ["/a", "/b/c~1d"].map(str::to_owned).into());
        let mut target = json!({"a": 1, "b": 2});
        merge_with_null(&mut target, json!({"b": {"c": null}, "d": null}));
        assert_eq!(target, json!({"a": 1, "b": {"c": null}, "d": null}));
    }

    /// The test cases of RFC 7396, appendix A.
    #[test]
    fn appendix_a() {
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
    fn a_row_clears_what_its_columns_name() {
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
