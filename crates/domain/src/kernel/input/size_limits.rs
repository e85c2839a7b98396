//! The limits of JSON bodies and of rows, and numbers in JSON.

use serde_json::{Map, Value};

use crate::bilingual;
use crate::kernel::tabular::number::integral;
use crate::kernel::violation::{Violations, escape};

/// The maximum number of entries of an array or object in a body: some rules compare all entries with each other.
const MAX_ENTRIES: usize = 1_000;

/// The maximum length of a member's name, in bytes: the name is a part of the pointer of every error below it.
const MAX_NAME_LENGTH: usize = 200;

/// Whether parsing failed because of a number that is too large to be represented; the text is valid JSON all the
/// same.
pub fn is_too_large(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

/// Turns numbers such as `5.0` and `1e3` into the integers that they are (JSON Schema, 4.2.3), at any depth.
pub fn with_integers(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => *number = integral(number.clone()),
        Value::Array(entries) => entries.iter_mut().for_each(with_integers),
        Value::Object(members) => members.values_mut().for_each(with_integers),
        _ => {}
    }
}

/// Reports arrays and objects with too many entries, and names that are too long, in an object.
pub fn oversized_members(members: &Map<String, Value>) -> Violations {
    let mut violations = Violations::default();
    for (name, member) in members {
        if name.len() > MAX_NAME_LENGTH {
            let found = name.len();
            let detail = bilingual!(
                "The name of a JSON field can be at most {MAX_NAME_LENGTH} bytes long, found {found}.",
                "Der Name eines Feldes hat höchstens {MAX_NAME_LENGTH} Bytes, gefunden: {found}."
            );
            violations.member("", "too_long", detail);
        } else {
            check_size_limits(member, &mut vec![Step::Member(name)], &mut violations);
        }
    }
    violations
}

/// A step of the path to a value.
#[derive(Clone, Copy)]
pub enum Step<'a> {
    /// A member of an object.
    Member(&'a str),
    /// An entry of an array.
    Entry(usize),
}

/// Reports arrays and objects that have too many entries to be checked one by one, and names that would make every
/// pointer below them huge.
pub fn check_size_limits<'a>(value: &'a Value, path: &mut Vec<Step<'a>>, violations: &mut Violations) {
    let (found, longest) = match value {
        Value::Array(entries) => (entries.len(), 0),
        Value::Object(members) => (members.len(), members.keys().map(String::len).max().unwrap_or(0)),
        _ => return,
    };
    if found > MAX_ENTRIES {
        return violations.member(
            pointer(path),
            "too_many",
            bilingual!(
                "At most {MAX_ENTRIES} entries, found {found}.",
                "Höchstens {MAX_ENTRIES} Einträge, gefunden: {found}."
            ),
        );
    }
    if longest > MAX_NAME_LENGTH {
        let detail = bilingual!(
            "The name of a JSON field can be at most {MAX_NAME_LENGTH} bytes long, found {longest}.",
            "Der Name eines Feldes hat höchstens {MAX_NAME_LENGTH} Bytes, gefunden: {longest}."
        );
        return violations.member(pointer(path), "too_long", detail);
    }
    let mut below = |step, value: &'a Value| {
        path.push(step);
        check_size_limits(value, path, violations);
        path.pop();
    };
    match value {
        Value::Array(entries) => {
            entries.iter().enumerate().for_each(|(index, entry)| below(Step::Entry(index), entry));
        }
        Value::Object(members) => members.iter().for_each(|(name, member)| below(Step::Member(name), member)),
        _ => {}
    }
}

/// The path as a JSON pointer (RFC 6901).
pub fn pointer(path: &[Step<'_>]) -> String {
    let segment = |step: &Step<'_>| match step {
        Step::Member(name) => format!("/{}", escape(name)),
        Step::Entry(index) => format!("/{index}"),
    };
    path.iter().map(segment).collect()
}
