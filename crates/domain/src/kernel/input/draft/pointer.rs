//! The JSON pointers of invalid members: what is removed from the body because of them, and where the rest was before.

use std::collections::HashSet;

use serde_json::Value;

/// Inserts a placeholder for a required field that was invalid: a dash for the name, which no rule reads, otherwise an
/// empty list, in which violations are ignored. Rules read fields of other types, so there is no placeholder for them,
/// and parsing fails.
pub(super) fn insert_placeholder(body: &mut Value, pointer: &str, label: &str) {
    let (Some(member), Value::Object(members)) = (pointer.strip_prefix('/'), body) else { return };
    let value = if member == label { Value::from("–") } else { Value::Array(Vec::new()) };
    members.entry(member).or_insert(value);
}

/// Removes the value at a JSON pointer, if there is one.
pub(super) fn remove_at(body: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    match body.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.shift_remove(&name.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(entries)) => {
            if let Some(index) = name.parse().ok().filter(|index| *index < entries.len()) {
                entries.remove(index);
            }
        }
        _ => {}
    }
}

/// Returns whether the pointer `inner` is `outer` or lies below it.
pub(super) fn within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Splits a pointer into the list that it lies in, the index of the entry, and the rest.
fn entry(pointer: &str) -> Option<(&str, usize, &str)> {
    let (list, rest) = pointer.split_at(1 + pointer.strip_prefix('/')?.find('/')?);
    let rest = rest.strip_prefix('/')?;
    let (index, below) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some((list, index.parse().ok()?, below))
}

/// Returns the pointer of what is removed because of an error: the entry of a list, or the whole field.
pub(super) fn enclosing_entry(pointer: &str) -> String {
    match entry(pointer) {
        Some((list, index, _)) => format!("{list}/{index}"),
        None => pointer.split('/').take(2).collect::<Vec<_>>().join("/"),
    }
}

/// Maps a pointer in the data to one in the body, where the removed list entries count.
pub(super) fn original_pointer(pointer: &str, removed: &[String]) -> String {
    let Some((list, index, below)) = entry(pointer) else { return pointer.to_owned() };
    let missing: HashSet<usize> = removed
        .iter()
        .filter_map(|removed| entry(removed))
        .filter(|removed| removed.0 == list)
        .map(|removed| removed.1)
        .collect();
    let index = (0..).filter(|index| !missing.contains(index)).nth(index).unwrap_or(index);
    format!("{list}/{index}{below}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_map_back_to_the_original_body() {
        assert!(within("/a/b", "/a") && within("/a", "/a") && within("/a", "") && !within("/ab", "/a"));
        assert_eq!(enclosing_entry("/participants/2/party"), "/participants/2");
        assert_eq!(enclosing_entry("/location/latitude"), "/location");
        let removed = ["/a/0", "/a/2", "/b/1"].map(str::to_owned);
        assert_eq!(original_pointer("/a/0/x/y", &removed), "/a/1/x/y");
        assert_eq!(original_pointer("/a/1", &removed), "/a/3");
        assert_eq!(original_pointer("/c/1", &removed), "/c/1");
    }
}
