//! Turns a JSON body into the data to write: merges it, checks read-only members, parses it and fills in defaults.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use super::lost::lost;
use super::merge_patch::{merge, merge_row, merge_with_null, removed};
use crate::bilingual;
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::bilingual::Bilingual;
use crate::kernel::error::{Code, Error};
use crate::kernel::resource::lifecycle::State;
use crate::kernel::resource::naming::pascal;
use crate::kernel::resource::projection::{Expansion, MemberTree, Step};
use crate::kernel::resource::reference::Key;
use crate::kernel::resource::{ParentKind, READ_ONLY, Resource, Stored};
use crate::kernel::tabular::number::integral;
use crate::kernel::value::Language;
use crate::kernel::violation::{Location, Violation, Violations, escape, unknown_member};

/// The source of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSource {
    /// A request: a new resource starts in the first status.
    Request,
    /// An import file: past data may have no known status.
    Import,
}

impl InputSource {
    fn merge(self, target: &mut Value, patch: Value) {
        match self {
            Self::Request => merge(target, patch),
            Self::Import => merge_row(target, patch),
        }
    }

    /// Records texts of a file in which characters were lost, compared to the current data.
    fn compare(self, new: &Value, current: &Value, violations: &mut Violations) {
        if self == Self::Import {
            lost(new, current, violations);
        }
    }
}

/// The data that a body asks to write, with the errors found so far.
///
/// If members are invalid, `data` is parsed from the other ones. That way the rules across members are checked too, and
/// the caller gets all errors at once.
#[derive(Debug)]
pub struct Draft<T> {
    /// The data; `None` if too much is invalid to parse any.
    pub data: Option<T>,
    violations: Violations,
    today: Violations,
    invalid_pointers: Vec<String>,
    strays: Vec<Stray>,
    unread: Option<Value>,
}

/// A reference in a part of the body that could not be parsed, and that is therefore not in the data.
#[derive(Debug, PartialEq)]
pub struct Stray {
    /// The schema name of the target, such as `Utility`.
    target: String,
    /// The JSON pointer of the reference in the body (RFC 6901).
    pub pointer: String,
    /// The id or slug of the target.
    pub key: Key,
}

impl Stray {
    /// Returns whether the target is a resource of this type, such as `utility`.
    pub fn is_to(&self, resource: &str) -> bool {
        self.target == pascal(resource)
    }
}

impl<T: Resource> Draft<T> {
    /// Reads the body of a `POST`. `null` means absent.
    ///
    /// Errors: 422 if the body is not an object, 403 if it sets members that the role is not allowed to write.
    pub fn create(actor: &Actor, body: Value, origin: InputSource) -> Result<Self, Error> {
        let mut merged = Value::Object(Map::new());
        let body = object(body)?;
        let mut violations = Self::unknown(merged.clone(), &body, &[]);
        origin.merge(&mut merged, body);
        for member in READ_ONLY.iter().chain(T::DERIVED) {
            if remove(&mut merged, member).is_some() {
                read_only(member, &mut violations);
            }
        }
        origin.compare(&merged, &Value::Null, &mut violations);
        let mut draft = Self::parse(merged.clone(), violations);
        if let Some(data) = &mut draft.data {
            if origin == InputSource::Request && merged.get("status").is_none() {
                T::Status::STATES.first().into_iter().for_each(|first| data.set_status(*first));
            }
            let default_of = |member: &str| match member {
                "visibility" => Some(Value::from("members")),
                "status" => T::Status::STATES.first().map(|first| Value::from(first.word())),
                _ => None,
            };
            let differs = |member: &&str| {
                merged.get(member).is_some_and(|value| Some(value) != default_of(member).as_ref())
            };
            refuse(actor, withheld::<T>(actor)?, differs)?;
        }
        Ok(draft.checked(None, actor))
    }

    /// Reads the body of a `PATCH` (RFC 7396). The body of a `GET` response is accepted, too: read-only members may be
    /// sent with their current values.
    ///
    /// Errors: 422 if the body is not an object, 403 if it changes members that the role is not allowed to write, 409
    /// if it changes the status.
    pub fn patch(
        actor: &Actor,
        before: &Stored<T>,
        patch: Value,
        origin: InputSource,
    ) -> Result<Self, Error> {
        let current = serde_json::to_value(before).map_err(Error::internal)?;
        let mut merged = current.clone();
        let patch = object(patch)?;
        // Refused even with the current value: otherwise the response would reveal whether the value is right.
        for hidden in actor.hidden_fields::<T>() {
            refuse(actor, hidden, |member| patch.get(member).is_some())?;
        }
        renamed(&mut merged, &patch);
        let parent = before.parent.as_ref().map(|(name, _)| *name);
        let mut violations = Self::unknown(merged.clone(), &patch, parent.as_slice());
        origin.merge(&mut merged, patch);
        for member in READ_ONLY.iter().copied().chain(T::DERIVED.iter().copied()).chain(parent) {
            let sent = remove(&mut merged, member);
            let is_same = match (&sent, current.get(member)) {
                (Some(sent), Some(current)) => is_same(sent, current),
                (sent, current) => sent.as_ref() == current,
            };
            if !is_same {
                read_only(member, &mut violations);
            }
        }
        origin.compare(&merged, &current, &mut violations);
        let is_changed = |member: &&str| merged.get(member) != current.get(member);
        refuse(actor, withheld::<T>(actor)?, is_changed)?;
        let is_replaced = |member: &&str| !is_one(merged.get(*member), current.get(*member));
        for member in T::IMMUTABLE_FIELDS.iter().copied().filter(is_replaced) {
            let detail = bilingual!(
                "`{member}` cannot be changed after creation.",
                "`{member}` lässt sich nach dem Anlegen nicht mehr ändern."
            );
            violations.member(format!("/{member}"), "fixed", detail);
        }
        if origin == InputSource::Request && !T::Status::STATES.is_empty() && is_changed(&"status") {
            let (path, id) = (T::PATH, before.id);
            let detail = bilingual!(
                "Use `POST …/{path}/{id}/transitions`.",
                "Verwenden Sie `POST …/{path}/{id}/transitions`."
            );
            return Err(Error::new(Code::StatusByTransition, detail));
        }
        Ok(Self::parse(merged, violations).checked(Some(&before.data), actor))
    }

    /// Adds the violations of rules that depend on the current date.
    fn checked(mut self, before: Option<&T>, actor: &Actor) -> Self {
        if let Some(data) = &self.data {
            data.rules_today(before, actor.today(), &mut self.today);
        }
        self
    }

    /// Returns the errors of unknown members that the patch sets to `null`. The merge removes them, so that parsing
    /// does not find them.
    fn unknown(mut merged: Value, patch: &Value, parent: &[&str]) -> Violations {
        let removed = removed(patch);
        if removed.is_empty() {
            return Violations::default();
        }
        merge_with_null(&mut merged, patch.clone());
        let mut only_read = Violations::default();
        for member in READ_ONLY.iter().chain(T::DERIVED).chain(parent) {
            remove(&mut merged, member);
            let below = removed.iter().filter(|pointer| pointer.starts_with(&format!("/{member}/")));
            unknown_below(below, &MemberTree::of::<T>().names, &mut only_read);
        }
        let mut faults = deserr::deserialize::<T, _, Violations>(merged).err().unwrap_or_default();
        // Also unknown keys, such as languages. An error because a known member is `null` does not count here.
        faults.retain(|fault| {
            let Location::Pointer(pointer) = &fault.place else { return false };
            ["unknown_member", "unknown_value"].contains(&fault.code) && removed.contains(pointer)
        });
        faults.append(only_read);
        faults
    }

    fn parse(merged: Value, mut violations: Violations) -> Self {
        let faults = match deserr::deserialize::<T, _, Violations>(merged.clone()) {
            Ok(data) => {
                let (today, invalid, strays) = (Violations::default(), Vec::new(), Vec::new());
                let data = Some(data);
                return Self { data, violations, today, invalid_pointers: invalid, strays, unread: None };
            }
            Err(faults) => faults,
        };
        let strays = Self::references(&merged);
        let mut invalid: Vec<String> = faults.pointers().map(enclosing_entry).collect();
        invalid.dedup();
        let mut rest = merged.clone();
        // Backwards, so that removing an entry of a list does not change the index of the next one.
        invalid.iter().rev().for_each(|pointer| remove_at(&mut rest, pointer));
        violations.append(faults);
        let data = match deserr::deserialize::<T, _, Violations>(rest.clone()) {
            Ok(data) => Some(data),
            Err(missing) => {
                invalid.extend(missing.pointers().map(str::to_owned));
                missing.pointers().for_each(|pointer| insert_placeholder(&mut rest, pointer, T::NAME_FIELD));
                deserr::deserialize::<T, _, Violations>(rest).ok()
            }
        };
        // References in the data are resolved with the data.
        let is_missing =
            |stray: &Stray| data.is_none() || invalid.iter().any(|pointer| within(&stray.pointer, pointer));
        let strays = strays.into_iter().filter(is_missing).collect();
        let unread = data.is_none().then_some(merged);
        Self { data, violations, today: Violations::default(), invalid_pointers: invalid, strays, unread }
    }

    /// Returns the references in a body, as far as they can be parsed.
    fn references(body: &Value) -> Vec<Stray> {
        let mut found = Vec::new();
        for expansion in &MemberTree::of::<T>().expansions {
            if Some(expansion.member()) != <T::Parent as ParentKind>::OWNER {
                stray(expansion, &expansion.path, body, String::new(), &mut found);
            }
        }
        found
    }

    /// Returns the references that are not in the data.
    pub fn strays(&self) -> &[Stray] {
        &self.strays
    }

    /// Returns the merged body if it could not be parsed into data.
    pub fn unread(&self) -> Option<&Value> {
        self.unread.as_ref()
    }

    /// Adds errors in parts of the body that are not in the data.
    pub fn note(&mut self, found: Violations) {
        self.violations.append(found);
    }

    /// Returns the data if there are no errors. Adds the violations that the rules found, except those in members that
    /// are missing from the data because they were invalid.
    ///
    /// Errors: 422 with all errors.
    pub fn finish(self, found: Violations) -> Result<T, Error> {
        let Self { data, mut violations, today, invalid_pointers: invalid, .. } = self;
        for Violation { place, code, detail } in today.into_iter().chain(found) {
            let Location::Pointer(pointer) = place else { continue };
            let pointer = original_pointer(&pointer, &invalid);
            if !invalid.iter().any(|removed| within(removed, &pointer) || within(&pointer, removed)) {
                violations.member(pointer, code, detail);
            }
        }
        match data {
            Some(data) if violations.is_empty() => Ok(data),
            _ => Err(Error::invalid(violations)),
        }
    }
}

/// Records removed members inside read-only members whose names no object of the resource has, and that are no language
/// codes.
fn unknown_below<'a>(
    removed: impl Iterator<Item = &'a String>,
    known: &BTreeSet<String>,
    violations: &mut Violations,
) {
    for pointer in removed {
        let name = pointer.rsplit('/').next().unwrap_or_default();
        if !known.contains(name) && name.parse::<Language>().is_err() {
            violations.member(pointer.clone(), "unknown_member", unknown_member(name, &[]));
        }
    }
}

/// Collects the keys at the places where the schema has a reference.
fn stray(expansion: &Expansion, path: &[Step], value: &Value, here: String, found: &mut Vec<Stray>) {
    match path.split_first() {
        Some((Step::Member(name), rest)) => {
            if let Some(value) = value.get(name) {
                stray(expansion, rest, value, format!("{here}/{}", escape(name)), found);
            }
        }
        Some((Step::Each, rest)) => {
            for (index, entry) in value.as_array().into_iter().flatten().enumerate() {
                stray(expansion, rest, entry, format!("{here}/{index}"), found);
            }
        }
        None => {
            let named =
                value.as_object().and_then(|members| members.get("id").or_else(|| members.get("slug")));
            let text = named.unwrap_or(value).as_str();
            if let Some(Ok(key)) = text.map(str::parse) {
                found.push(Stray { target: expansion.target.clone(), pointer: here, key });
            }
        }
    }
}

fn object(body: Value) -> Result<Value, Error> {
    if body.is_object() {
        return Ok(body);
    }
    let mut violations = Violations::default();
    violations.member("", "wrong_type", bilingual!("Expected an object.", "Erwartet: Objekt."));
    Err(Error::invalid(violations))
}

fn remove(body: &mut Value, member: &str) -> Option<Value> {
    body.as_object_mut().and_then(|members| members.shift_remove(member))
}

/// Returns whether a value equals the current one. A reference that was read with `expand` is sent as a whole resource;
/// only the members of the reference are compared then.
fn is_same(sent: &Value, current: &Value) -> bool {
    match (sent, current) {
        (Value::Array(sent), Value::Array(current)) => {
            sent.len() == current.len()
                && sent.iter().zip(current).all(|(sent, current)| is_same(sent, current))
        }
        (Value::Object(resource), Value::Object(reference))
            if ["id", "created_at", "updated_at", "version"]
                .iter()
                .all(|name| resource.contains_key(*name)) =>
        {
            reference.iter().all(|(name, value)| resource.get(name) == Some(value))
        }
        (Value::Object(sent), Value::Object(current)) => {
            sent.len() == current.len()
                && sent
                    .iter()
                    .all(|(name, sent)| current.get(name).is_some_and(|current| is_same(sent, current)))
        }
        // `50` and `50.0` are the same number.
        (Value::Number(sent), Value::Number(current)) => integral(sent.clone()) == integral(current.clone()),
        (sent, current) => sent == current,
    }
}

/// Returns whether a value equals the current one, or refers to the same resource.
fn is_one(sent: Option<&Value>, current: Option<&Value>) -> bool {
    let reference = current.and_then(Value::as_object);
    match (sent, reference) {
        (Some(Value::Object(sent)), Some(reference)) => sent.get("id") == reference.get("id"),
        (Some(key @ Value::String(_)), Some(reference)) => {
            ["id", "slug"].iter().any(|name| reference.get(*name) == Some(key))
        }
        _ => sent == current,
    }
}

fn read_only(member: &str, violations: &mut Violations) {
    let detail = bilingual!("`{member}` is read-only.", "`{member}` wird nicht von Aufrufenden geschrieben.");
    violations.member(format!("/{member}"), "read_only", detail);
}

fn withheld<T: Resource>(actor: &Actor) -> Result<&'static [&'static str], Error> {
    actor.role.map(T::unwritable_fields).ok_or_else(|| actor.refusal())
}

/// Refuses a body that changes one of the members.
fn refuse(
    actor: &Actor,
    members: &'static [&'static str],
    changed: impl Fn(&&str) -> bool,
) -> Result<(), Error> {
    let Some(role) = actor.role else { return Err(actor.refusal()) };
    let mut violations = Violations::default();
    for member in members.iter().copied().filter(|member| changed(member)) {
        violations.member(format!("/{member}"), "not_writable", not_writable(member, role));
    }
    Error::unless_writable(violations)
}

/// Removes the current id of each reference for which the patch sends only a slug: the merged reference would else have
/// the old id and the new slug.
fn renamed(current: &mut Value, patch: &Value) {
    let (Value::Object(current), Value::Object(patch)) = (current, patch) else { return };
    for (name, patch) in patch {
        let Some(member) = current.get_mut(name) else { continue };
        if let Some(reference) = member.as_object_mut()
            && patch.get("slug").is_some()
            && patch.get("id").is_none()
        {
            reference.shift_remove("id");
        }
        renamed(member, patch);
    }
}

/// Returns the message for a member that the role is not allowed to write.
pub fn not_writable(member: &str, role: Role) -> Bilingual {
    bilingual!(
        "The role `{role}` is not allowed to write `{member}`.",
        "`{member}` wird von der Rolle `{role}` nicht geschrieben."
    )
}

/// Inserts a placeholder for a required member that was invalid: a dash for the name, which no rule reads, otherwise an
/// empty list, in which violations are ignored. Rules read members of other types, so there is no placeholder for them,
/// and parsing fails.
fn insert_placeholder(body: &mut Value, pointer: &str, label: &str) {
    let (Some(member), Value::Object(members)) = (pointer.strip_prefix('/'), body) else { return };
    let value = if member == label { Value::from("–") } else { Value::Array(Vec::new()) };
    members.entry(member).or_insert(value);
}

/// Removes the value at a JSON pointer, if there is one.
fn remove_at(body: &mut Value, pointer: &str) {
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
fn within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Splits a pointer into the list that it lies in, the index of the entry, and the rest.
fn entry(pointer: &str) -> Option<(&str, usize, &str)> {
    let (list, rest) = pointer.split_at(1 + pointer.strip_prefix('/')?.find('/')?);
    let rest = rest.strip_prefix('/')?;
    let (index, below) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some((list, index.parse().ok()?, below))
}

/// Returns the pointer of what is removed because of an error: the entry of a list, or the whole member.
fn enclosing_entry(pointer: &str) -> String {
    match entry(pointer) {
        Some((list, index, _)) => format!("{list}/{index}"),
        None => pointer.split('/').take(2).collect::<Vec<_>>().join("/"),
    }
}

/// Maps a pointer in the data to one in the body, where the removed list entries count.
fn original_pointer(pointer: &str, removed: &[String]) -> String {
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
