//! From a JSON body to what is to be written: merged, read-only members checked, parsed, defaults filled in.

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
use crate::kernel::tabular::integral;
use crate::kernel::value::Language;
use crate::kernel::violation::{Location, Violation, Violations, escape, unknown_member};

/// Where a body comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSource {
    /// A request: a new thing starts in the first status.
    Request,
    /// A file: history may be imported with a status that nobody knows.
    Import,
}

impl InputSource {
    fn merge(self, target: &mut Value, patch: Value) {
        match self {
            Self::Request => merge(target, patch),
            Self::Import => merge_row(target, patch),
        }
    }

    /// Notes what got lost in a file on its way from what is there.
    fn compare(self, new: &Value, current: &Value, violations: &mut Violations) {
        if self == Self::Import {
            lost(new, current, violations);
        }
    }
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
    today: Violations,
    invalid_pointers: Vec<String>,
    strays: Vec<Stray>,
    unread: Option<Value>,
}

/// A reference in what could not be read otherwise, and so is not in the data.
#[derive(Debug, PartialEq)]
pub struct Stray {
    /// The name of the schema of what it refers to, such as `Utility`.
    target: String,
    /// Where it stands in the body (RFC 6901).
    pub pointer: String,
    /// What it names.
    pub key: Key,
}

impl Stray {
    /// Whether it refers to a resource of this name, such as `utility`.
    pub fn is_to(&self, resource: &str) -> bool {
        self.target == pascal(resource)
    }
}

impl<T: Resource> Draft<T> {
    /// A new one from the body of a `POST`: `null` is absent, members may be left out.
    ///
    /// Errors: 422 where the body is no object, 403 where it sets members that the role may not write.
    pub fn create(actor: &Actor, body: Value, origin: InputSource) -> Result<Self, Error> {
        let mut whole = Value::Object(Map::new());
        let body = object(body)?;
        let mut violations = Self::unknown(whole.clone(), &body, &[]);
        origin.merge(&mut whole, body);
        for member in READ_ONLY.iter().chain(T::DERIVED) {
            if remove(&mut whole, member).is_some() {
                read_only(member, &mut violations);
            }
        }
        origin.compare(&whole, &Value::Null, &mut violations);
        let mut draft = Self::parse(whole.clone(), violations);
        if let Some(data) = &mut draft.data {
            if origin == InputSource::Request && whole.get("status").is_none() {
                T::Status::STATES.first().into_iter().for_each(|first| data.set_status(*first));
            }
            let unset = |member: &str| match member {
                "visibility" => Some(Value::from("members")),
                "status" => T::Status::STATES.first().map(|first| Value::from(first.word())),
                _ => None,
            };
            let differs =
                |member: &&str| whole.get(member).is_some_and(|given| Some(given) != unset(member).as_ref());
            refuse(actor, withheld::<T>(actor)?, differs)?;
        }
        Ok(draft.checked(None, actor))
    }

    /// A change from the body of a `PATCH` (RFC 7396); what a `GET` answered may be sent back whole.
    ///
    /// Errors: 422 where the body is no object, 403 where it changes members that the role may not write, 409 where
    /// it changes the status.
    pub fn patch(
        actor: &Actor,
        before: &Stored<T>,
        patch: Value,
        origin: InputSource,
    ) -> Result<Self, Error> {
        let current = serde_json::to_value(before).map_err(Error::internal)?;
        let mut whole = current.clone();
        let patch = object(patch)?;
        // Whether it is the same as what is there must not show.
        for unread in actor.hidden_fields::<T>() {
            refuse(actor, unread, |member| patch.get(member).is_some())?;
        }
        renamed(&mut whole, &patch);
        let parent = before.parent.as_ref().map(|(name, _)| *name);
        let mut violations = Self::unknown(whole.clone(), &patch, parent.as_slice());
        origin.merge(&mut whole, patch);
        for member in READ_ONLY.iter().copied().chain(T::DERIVED.iter().copied()).chain(parent) {
            let given = remove(&mut whole, member);
            let is_same = match (&given, current.get(member)) {
                (Some(given), Some(current)) => is_same(given, current),
                (given, current) => given.as_ref() == current,
            };
            if !is_same {
                read_only(member, &mut violations);
            }
        }
        origin.compare(&whole, &current, &mut violations);
        let moved = |member: &&str| whole.get(member) != current.get(member);
        refuse(actor, withheld::<T>(actor)?, moved)?;
        let another = |member: &&str| !is_one(whole.get(*member), current.get(*member));
        for member in T::IMMUTABLE_FIELDS.iter().copied().filter(another) {
            let detail = bilingual!(
                "`{member}` cannot be changed after creation.",
                "`{member}` lässt sich nach dem Anlegen nicht mehr ändern."
            );
            violations.member(format!("/{member}"), "fixed", detail);
        }
        if origin == InputSource::Request && !T::Status::STATES.is_empty() && moved(&"status") {
            let (path, id) = (T::PATH, before.id);
            let detail = bilingual!(
                "Use `POST …/{path}/{id}/transitions`.",
                "Verwenden Sie `POST …/{path}/{id}/transitions`."
            );
            return Err(Error::new(Code::StatusByTransition, detail));
        }
        Ok(Self::parse(whole, violations).checked(Some(&before.data), actor))
    }

    /// With what the rules that depend on the day find.
    fn checked(mut self, before: Option<&T>, actor: &Actor) -> Self {
        if let Some(data) = &self.data {
            data.rules_today(before, actor.today(), &mut self.today);
        }
        self
    }

    /// The faults of members that there are not and that the patch sets to `null`: a merge leaves no trace of them.
    fn unknown(mut whole: Value, patch: &Value, parent: &[&str]) -> Violations {
        let removed = removed(patch);
        if removed.is_empty() {
            return Violations::default();
        }
        merge_with_null(&mut whole, patch.clone());
        let mut only_read = Violations::default();
        for member in READ_ONLY.iter().chain(T::DERIVED).chain(parent) {
            remove(&mut whole, member);
            let below = removed.iter().filter(|it| it.starts_with(&format!("/{member}/")));
            unknown_below(below, &MemberTree::of::<T>().names, &mut only_read);
        }
        let mut faults = deserr::deserialize::<T, _, Violations>(whole).err().unwrap_or_default();
        // Of a member, or of a key such as that of a language; that it may not be `null` is another matter.
        faults.retain(|fault| {
            let Location::Pointer(pointer) = &fault.place else { return false };
            ["unknown_member", "unknown_value"].contains(&fault.code) && removed.contains(pointer)
        });
        faults.append(only_read);
        faults
    }

    fn parse(whole: Value, mut violations: Violations) -> Self {
        let faults = match deserr::deserialize::<T, _, Violations>(whole.clone()) {
            Ok(data) => {
                let (today, holes, strays) = (Violations::default(), Vec::new(), Vec::new());
                let data = Some(data);
                return Self { data, violations, today, invalid_pointers: holes, strays, unread: None };
            }
            Err(faults) => faults,
        };
        let strays = Self::references(&whole);
        let mut holes: Vec<String> = faults.pointers().map(enclosing_entry).collect();
        holes.dedup();
        let mut rest = whole.clone();
        // From the last to the first, so that removing an entry of a list does not move the next hole.
        holes.iter().rev().for_each(|hole| remove_at(&mut rest, hole));
        violations.append(faults);
        let data = match deserr::deserialize::<T, _, Violations>(rest.clone()) {
            Ok(data) => Some(data),
            Err(missing) => {
                holes.extend(missing.pointers().map(str::to_owned));
                missing.pointers().for_each(|hole| insert_placeholder(&mut rest, hole, T::NAME_FIELD));
                deserr::deserialize::<T, _, Violations>(rest).ok()
            }
        };
        // What is in the data is resolved with that.
        let lost = |stray: &Stray| data.is_none() || holes.iter().any(|hole| within(&stray.pointer, hole));
        let strays = strays.into_iter().filter(lost).collect();
        let unread = data.is_none().then_some(whole);
        Self { data, violations, today: Violations::default(), invalid_pointers: holes, strays, unread }
    }

    /// The references in a body, as far as they can be read.
    fn references(whole: &Value) -> Vec<Stray> {
        let mut found = Vec::new();
        for expansion in &MemberTree::of::<T>().expansions {
            if Some(expansion.member()) != <T::Parent as ParentKind>::OWNER {
                stray(expansion, &expansion.path, whole, String::new(), &mut found);
            }
        }
        found
    }

    /// The references that are not in the data.
    pub fn strays(&self) -> &[Stray] {
        &self.strays
    }

    /// The whole body, where it yields no data.
    pub fn unread(&self) -> Option<&Value> {
        self.unread.as_ref()
    }

    /// Adds faults that lie in what is not in the data.
    pub fn note(&mut self, found: Violations) {
        self.violations.append(found);
    }

    /// Ends the draft with what the rules found; a fault that only a removed member causes is not told.
    ///
    /// Errors: 422 with every fault.
    pub fn finish(self, found: Violations) -> Result<T, Error> {
        let Self { data, mut violations, today, invalid_pointers: holes, .. } = self;
        for Violation { place, code, detail } in today.into_iter().chain(found) {
            let Location::Pointer(pointer) = place else { continue };
            let pointer = original_pointer(&pointer, &holes);
            if !holes.iter().any(|hole| within(hole, &pointer) || within(&pointer, hole)) {
                violations.member(pointer, code, detail);
            }
        }
        match data {
            Some(data) if violations.is_empty() => Ok(data),
            _ => Err(Error::invalid(violations)),
        }
    }
}

/// The faults of members of what is only read that no object there has.
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

/// Notes what stands where a reference may stand.
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
            let named = value.as_object().and_then(|it| it.get("id").or_else(|| it.get("slug")));
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

fn remove(whole: &mut Value, member: &str) -> Option<Value> {
    whole.as_object_mut().and_then(|members| members.shift_remove(member))
}

/// Whether a value is the one that is there; what was read with `expand` is whole where that is a reference.
fn is_same(given: &Value, current: &Value) -> bool {
    match (given, current) {
        (Value::Array(given), Value::Array(current)) => {
            given.len() == current.len()
                && given.iter().zip(current).all(|(given, current)| is_same(given, current))
        }
        (Value::Object(whole), Value::Object(reference))
            if ["id", "created_at", "updated_at", "version"].iter().all(|name| whole.contains_key(*name)) =>
        {
            reference.iter().all(|(name, value)| whole.get(name) == Some(value))
        }
        (Value::Object(given), Value::Object(current)) => {
            given.len() == current.len()
                && given
                    .iter()
                    .all(|(name, given)| current.get(name).is_some_and(|current| is_same(given, current)))
        }
        // `50` and `50.0` are the same number.
        (Value::Number(given), Value::Number(current)) => {
            integral(given.clone()) == integral(current.clone())
        }
        (given, current) => given == current,
    }
}

/// Whether a value is the one that is there, or names the resource that is referred to there.
fn is_one(given: Option<&Value>, current: Option<&Value>) -> bool {
    let reference = current.and_then(Value::as_object);
    match (given, reference) {
        (Some(Value::Object(given)), Some(reference)) => given.get("id") == reference.get("id"),
        (Some(key @ Value::String(_)), Some(reference)) => {
            ["id", "slug"].iter().any(|name| reference.get(*name) == Some(key))
        }
        _ => given == current,
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

/// A reference that a patch names by slug is no longer the one of the old id.
fn renamed(whole: &mut Value, patch: &Value) {
    let (Value::Object(whole), Value::Object(patch)) = (whole, patch) else { return };
    for (name, patch) in patch {
        let Some(member) = whole.get_mut(name) else { continue };
        if let Some(reference) = member.as_object_mut()
            && patch.get("slug").is_some()
            && patch.get("id").is_none()
        {
            reference.shift_remove("id");
        }
        renamed(member, patch);
    }
}

/// The sentence for a member that a role may not write.
pub fn not_writable(member: &str, role: Role) -> Bilingual {
    bilingual!(
        "The role `{role}` is not allowed to write `{member}`.",
        "`{member}` wird von der Rolle `{role}` nicht geschrieben."
    )
}

/// Puts something harmless where a required member was wrong: no rule looks at a name, and what a rule finds in an
/// empty list is not told. Other members are what rules are about, so nothing can stand in for them.
fn insert_placeholder(whole: &mut Value, pointer: &str, label: &str) {
    let (Some(member), Value::Object(members)) = (pointer.strip_prefix('/'), whole) else { return };
    let value = if member == label { Value::from("–") } else { Value::Array(Vec::new()) };
    members.entry(member).or_insert(value);
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

/// The list that a place lies in, the index of its entry, and what is below that.
fn entry(place: &str) -> Option<(&str, usize, &str)> {
    let (list, rest) = place.split_at(1 + place.strip_prefix('/')?.find('/')?);
    let rest = rest.strip_prefix('/')?;
    let (index, below) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some((list, index.parse().ok()?, below))
}

/// What the rules do not see because of a fault in it: the entry of a list, or the whole member.
fn enclosing_entry(place: &str) -> String {
    match entry(place) {
        Some((list, index, _)) => format!("{list}/{index}"),
        None => place.split('/').take(2).collect::<Vec<_>>().join("/"),
    }
}

/// Where a place in the rest lies in the whole: the entries that were left out before it count again.
fn original_pointer(place: &str, holes: &[String]) -> String {
    let Some((list, index, below)) = entry(place) else { return place.to_owned() };
    let missing: HashSet<usize> = holes
        .iter()
        .filter_map(|hole| entry(hole))
        .filter(|hole| hole.0 == list)
        .map(|hole| hole.1)
        .collect();
    let index = (0..).filter(|index| !missing.contains(index)).nth(index).unwrap_or(index);
    format!("{list}/{index}{below}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        assert!(within("/a/b", "/a") && within("/a", "/a") && within("/a", "") && !within("/ab", "/a"));
        assert_eq!(enclosing_entry("/participants/2/party"), "/participants/2");
        assert_eq!(enclosing_entry("/location/latitude"), "/location");
        let holes = ["/a/0", "/a/2", "/b/1"].map(str::to_owned);
        assert_eq!(original_pointer("/a/0/x/y", &holes), "/a/1/x/y");
        assert_eq!(original_pointer("/a/1", &holes), "/a/3");
        assert_eq!(original_pointer("/c/1", &holes), "/c/1");
    }
}
