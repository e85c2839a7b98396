//! Turns a JSON body into the data to write: merges it, checks read-only fields, parses it and fills in defaults.

mod permission;
mod pointer;
mod unchanged;
mod unknown_members;
pub mod unparsed_references;

use serde_json::{Map, Value};

use self::permission::{read_only, refuse, unwritable_fields};
use self::pointer::{enclosing_entry, insert_placeholder, original_pointer, remove_at, within};
use self::unchanged::{is_one, is_same};
use self::unknown_members::unknown_members;
use self::unparsed_references::{UnparsedReference, unparsed_references};
use super::lost_characters::check_lost_characters;
use super::merge_patch::{merge, merge_row};
use crate::bilingual;
use crate::kernel::access::actor::Actor;
use crate::kernel::error::{Code, Error};
use crate::kernel::resource::READ_ONLY;
use crate::kernel::resource::any::{AnyResource, AnyStored, ResourceInfo};
use crate::kernel::violation::{Location, Violation, Violations};

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
            check_lost_characters(new, current, violations);
        }
    }
}

/// The data that a body asks to write, with the errors found so far.
///
/// If fields are invalid, `data` is parsed from the other ones. That way the rules across fields are checked too, and
/// the caller gets all errors at once.
#[derive(Debug)]
pub struct Draft {
    /// The data; `None` if too much is invalid to parse any.
    pub data: Option<Box<dyn AnyResource>>,
    violations: Violations,
    today: Violations,
    invalid_pointers: Vec<String>,
    unparsed_references: Vec<UnparsedReference>,
    unparsed_body: Option<Value>,
}

impl Draft {
    /// Reads the body of a `POST`. `null` means absent.
    ///
    /// Errors: 422 if the body is not an object, 403 if it sets members that the role is not allowed to write.
    pub fn create(
        resource: &ResourceInfo,
        actor: &Actor,
        body: Value,
        origin: InputSource,
    ) -> Result<Self, Error> {
        let mut merged = Value::Object(Map::new());
        let body = object(body)?;
        let mut violations = unknown_members(resource, merged.clone(), &body, &[]);
        origin.merge(&mut merged, body);
        for member in READ_ONLY.iter().chain(resource.derived) {
            if remove(&mut merged, member).is_some() {
                read_only(member, &mut violations);
            }
        }
        origin.compare(&merged, &Value::Null, &mut violations);
        let first_status = resource.first_status();
        let default_of = |member: &str| match member {
            "visibility" => Some(Value::from("members")),
            "status" => first_status.map(Value::from),
            _ => None,
        };
        let differs = |member: &&str| {
            merged.get(member).is_some_and(|value| Some(value) != default_of(member).as_ref())
        };
        let is_permitted =
            unwritable_fields(resource, actor).and_then(|members| refuse(actor, members, differs));
        let begins = origin == InputSource::Request && merged.get("status").is_none();
        let mut draft = Self::parse(resource, merged, violations);
        if let Some(data) = &mut draft.data {
            if begins {
                first_status.into_iter().for_each(|first| data.set_status(first));
            }
            is_permitted?;
        }
        Ok(draft.checked(None, actor))
    }

    /// Reads the body of a `PATCH` (RFC 7396). The body of a `GET` response is accepted, too: read-only fields may be
    /// sent with their current values.
    ///
    /// Errors: 422 if the body is not an object, 403 if it changes fields that the role is not allowed to write, 409
    /// if it changes the status.
    pub fn patch(
        actor: &Actor,
        before: &dyn AnyStored,
        patch: Value,
        origin: InputSource,
    ) -> Result<Self, Error> {
        let resource = before.info();
        let current = before.to_value()?;
        let mut merged = current.clone();
        let patch = object(patch)?;
        // Refused even with the current value: otherwise the response would reveal whether the value is right.
        for hidden in actor.hidden_fields(resource) {
            refuse(actor, hidden, |member| patch.get(member).is_some())?;
        }
        renamed(&mut merged, &patch);
        let parent = before.parent().map(|(name, _)| *name);
        let mut violations = unknown_members(resource, merged.clone(), &patch, parent.as_slice());
        origin.merge(&mut merged, patch);
        for member in READ_ONLY.iter().copied().chain(resource.derived.iter().copied()).chain(parent) {
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
        refuse(actor, unwritable_fields(resource, actor)?, is_changed)?;
        let is_replaced = |member: &&str| !is_one(merged.get(*member), current.get(*member));
        for member in resource.immutable_fields.iter().copied().filter(is_replaced) {
            let detail = bilingual!(
                "`{member}` cannot be changed after creation.",
                "`{member}` lässt sich nach dem Anlegen nicht mehr ändern."
            );
            violations.member(format!("/{member}"), "fixed", detail);
        }
        if origin == InputSource::Request && resource.has_status && is_changed(&"status") {
            let (path, id) = (resource.path, before.id());
            let detail = bilingual!(
                "Use `POST …/{path}/{id}/transitions`.",
                "Verwenden Sie `POST …/{path}/{id}/transitions`."
            );
            return Err(Error::new(Code::StatusByTransition, detail));
        }
        Ok(Self::parse(resource, merged, violations).checked(Some(before.data()), actor))
    }

    /// Adds the violations of rules that depend on the current date.
    fn checked(mut self, before: Option<&dyn AnyResource>, actor: &Actor) -> Self {
        if let Some(data) = &self.data {
            data.validate_today(before, actor.today(), &mut self.today);
        }
        self
    }

    fn parse(resource: &ResourceInfo, merged: Value, mut violations: Violations) -> Self {
        let faults = match (resource.parse)(merged.clone()) {
            Ok(data) => {
                let (today, invalid, unparsed_references) = (Violations::default(), Vec::new(), Vec::new());
                let data = Some(data);
                return Self {
                    data,
                    violations,
                    today,
                    invalid_pointers: invalid,
                    unparsed_references,
                    unparsed_body: None,
                };
            }
            Err(faults) => faults,
        };
        let unparsed_references = unparsed_references(resource, &merged);
        let mut invalid: Vec<String> = faults.pointers().map(enclosing_entry).collect();
        invalid.dedup();
        let mut rest = merged.clone();
        // Backwards, so that removing an entry of a list does not change the index of the next one.
        invalid.iter().rev().for_each(|pointer| remove_at(&mut rest, pointer));
        violations.append(faults);
        let data = match (resource.parse)(rest.clone()) {
            Ok(data) => Some(data),
            Err(missing) => {
                invalid.extend(missing.pointers().map(str::to_owned));
                missing
                    .pointers()
                    .for_each(|pointer| insert_placeholder(&mut rest, pointer, resource.name_field));
                (resource.parse)(rest).ok()
            }
        };
        // References in the data are resolved with the data.
        let is_missing = |reference: &UnparsedReference| {
            data.is_none() || invalid.iter().any(|pointer| within(&reference.pointer, pointer))
        };
        let unparsed_references = unparsed_references.into_iter().filter(is_missing).collect();
        let unparsed_body = data.is_none().then_some(merged);
        Self {
            data,
            violations,
            today: Violations::default(),
            invalid_pointers: invalid,
            unparsed_references,
            unparsed_body,
        }
    }

    /// Returns the references that are not in the data.
    pub fn unparsed_references(&self) -> &[UnparsedReference] {
        &self.unparsed_references
    }

    /// Returns the merged body if it could not be parsed into data.
    pub fn unparsed_body(&self) -> Option<&Value> {
        self.unparsed_body.as_ref()
    }

    /// Adds errors in parts of the body that are not in the data.
    pub fn add_violations(&mut self, found: Violations) {
        self.violations.append(found);
    }

    /// Returns the data if there are no errors. Adds the violations that the rules found, except those in fields that
    /// are missing from the data because they were invalid.
    ///
    /// Errors: 422 with all errors.
    pub fn finish(self, found: Violations) -> Result<Box<dyn AnyResource>, Error> {
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

fn object(body: Value) -> Result<Value, Error> {
    if body.is_object() {
        return Ok(body);
    }
    Err(Error::invalid_at("", "wrong_type", bilingual!("Expected an object.", "Erwartet: Objekt.")))
}

fn remove(body: &mut Value, member: &str) -> Option<Value> {
    body.as_object_mut().and_then(|members| members.shift_remove(member))
}

/// Removes the current id of each reference for which the patch sends only a slug: the merged reference would otherwise
/// have the old id and the new slug.
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
