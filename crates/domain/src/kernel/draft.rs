//! From a JSON body to what is to be written: merged, read-only members checked, parsed, defaults filled in.

use serde_json::{Map, Value};

use super::access::{Actor, Role};
use super::error::{Code, Error};
use super::merge::merge;
use super::resource::{READ_ONLY, Resource, Stored};
use super::state::State;
use super::violation::{Violation, Violations};

/// Where a body comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A request: a new thing starts in the first status.
    Request,
    /// A file: history may be imported with a status that nobody knows.
    Import,
}

/// What a body asks to be written, with the faults found so far.
///
/// Where members are wrong, `data` is what the rest says, so that the rules across members can be checked as well
/// and a caller hears of all faults at once.
#[derive(Debug)]
pub struct Draft<T> {
    /// The data; `None` where too much is wrong to go on.
    pub data: Option<T>,
    violations: Violations,
    holes: Vec<String>,
}

impl<T: Resource> Draft<T> {
    /// A new one from the body of a `POST`: `null` is absent, members may be left out.
    ///
    /// Errors: 422 where the body is no object, 403 where it sets members that the role may not write.
    pub fn create(actor: &Actor, body: Value, origin: Origin) -> Result<Self, Error> {
        let mut whole = Value::Object(Map::new());
        merge(&mut whole, object(body)?);
        let mut violations = Violations::default();
        for member in READ_ONLY.iter().chain(T::DERIVED) {
            if remove(&mut whole, member).is_some() {
                read_only(member, &mut violations);
            }
        }
        let mut draft = Self::parse(whole.clone(), violations);
        if let Some(data) = &mut draft.data {
            if origin == Origin::Request && whole.get("status").is_none() {
                T::Status::STATES.first().into_iter().for_each(|first| data.set_status(*first));
            }
            let unset = |member: &str| match member {
                "visibility" => Some(Value::from("members")),
                "status" => T::Status::STATES.first().map(|first| Value::from(first.word())),
                _ => None,
            };
            let differs =
                |member: &&str| whole.get(member).is_some_and(|given| Some(given) != unset(member).as_ref());
            refuse_withheld::<T>(actor, differs)?;
        }
        Ok(draft)
    }

    /// A change from the body of a `PATCH` (RFC 7396); what a `GET` answered may be sent back whole.
    ///
    /// Errors: 422 where the body is no object, 403 where it changes members that the role may not write, 409 where
    /// it changes the status.
    pub fn patch(actor: &Actor, before: &Stored<T>, patch: Value, origin: Origin) -> Result<Self, Error> {
        let current = serde_json::to_value(before).map_err(Error::internal)?;
        let mut whole = current.clone();
        merge(&mut whole, object(patch)?);
        let mut violations = Violations::default();
        let parent = before.parent.as_ref().map(|(name, _)| *name);
        for member in READ_ONLY.iter().copied().chain(T::DERIVED.iter().copied()).chain(parent) {
            if remove(&mut whole, member).as_ref() != current.get(member) {
                read_only(member, &mut violations);
            }
        }
        let moved = |member: &&str| whole.get(member) != current.get(member);
        refuse_withheld::<T>(actor, moved)?;
        if origin == Origin::Request && moved(&"status") {
            let detail = format!("Use `POST …/{}/{}/transitions`.", T::PATH, before.id);
            return Err(Error::new(Code::StatusByTransition, detail));
        }
        Ok(Self::parse(whole, violations))
    }

    fn parse(whole: Value, mut violations: Violations) -> Self {
        let faults = match deserr::deserialize::<T, _, Violations>(whole.clone()) {
            Ok(data) => return Self { data: Some(data), violations, holes: Vec::new() },
            Err(faults) => faults,
        };
        let holes: Vec<String> = faults.pointers().map(str::to_owned).collect();
        let mut rest = whole;
        // From the last to the first, so that removing an entry of a list does not move the next hole.
        holes.iter().rev().for_each(|hole| remove_at(&mut rest, hole));
        violations.append(faults);
        let data = deserr::deserialize::<T, _, Violations>(rest).ok();
        Self { data, violations, holes }
    }

    /// Ends the draft with what the rules found; a fault that only a removed member causes is not told.
    ///
    /// Errors: 422 with every fault.
    pub fn finish(self, mut found: Violations) -> Result<T, Error> {
        let Self { data, mut violations, holes } = self;
        found.retain(|Violation { place, .. }| match place {
            super::violation::Place::Pointer(pointer) => {
                !holes.iter().any(|hole| within(hole, pointer) || within(pointer, list_of(hole)))
            }
            _ => true,
        });
        violations.append(found);
        match data {
            Some(data) if violations.is_empty() => Ok(data),
            _ => Err(Error::invalid(violations)),
        }
    }
}

fn object(body: Value) -> Result<Value, Error> {
    if body.is_object() {
        return Ok(body);
    }
    let mut violations = Violations::default();
    violations.member("", "wrong_type", "Expected an object.");
    Err(Error::invalid(violations))
}

fn remove(whole: &mut Value, member: &str) -> Option<Value> {
    whole.as_object_mut().and_then(|members| members.shift_remove(member))
}

fn read_only(member: &str, violations: &mut Violations) {
    violations.member(format!("/{member}"), "read_only", format!("`{member}` is not written by callers."));
}

fn refuse_withheld<T: Resource>(actor: &Actor, changed: impl Fn(&&str) -> bool) -> Result<(), Error> {
    let Some(role) = actor.role else { return Err(Error::refused(actor)) };
    let mut violations = Violations::default();
    for member in T::withheld(role).iter().copied().filter(|member| changed(member)) {
        violations.member(format!("/{member}"), "not_writable", not_writable(member, role));
    }
    if violations.is_empty() {
        return Ok(());
    }
    Err(Error::with_violations(
        Code::Forbidden,
        "Some members are not yours to write; see `errors`.",
        violations,
    ))
}

/// The sentence for a member that a role may not write.
pub fn not_writable(member: &str, role: Role) -> String {
    format!("`{member}` is not written by the role `{role}`.")
}

/// Removes the value at a JSON pointer, if there is one.
fn remove_at(whole: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    match whole.pointer_mut(parent) {
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

/// Whether `inner` is the place `outer` or below it.
fn within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The list that a place lies in: entries after a removed one have moved, so nothing below it is told.
fn list_of(place: &str) -> &str {
    let mut end = 0;
    for segment in place.split('/').skip(1) {
        if segment.parse::<usize>().is_ok() {
            return place.get(..end).unwrap_or(place);
        }
        end += 1 + segment.len();
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        assert!(within("/a/b", "/a") && within("/a", "/a") && within("/a", "") && !within("/ab", "/a"));
        assert_eq!(list_of("/participants/2/party"), "/participants");
        assert_eq!(list_of("/location/latitude"), "/location/latitude");
    }
}
