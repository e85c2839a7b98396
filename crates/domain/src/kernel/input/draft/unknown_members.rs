//! The unknown fields that a patch sets to `null`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::remove;
use crate::kernel::input::merge_patch::{merge_with_null, removed};
use crate::kernel::resource::READ_ONLY;
use crate::kernel::resource::any::ResourceInfo;
use crate::kernel::resource::projection::FieldTree;
use crate::kernel::value::Language;
use crate::kernel::violation::{Location, Violations, unknown_member};

/// Returns the errors of unknown fields that the patch sets to `null`. The merge removes them, so that parsing
/// does not find them.
pub(super) fn unknown_members(
    resource: &ResourceInfo,
    mut merged: Value,
    patch: &Value,
    parent: &[&str],
) -> Violations {
    let removed = removed(patch);
    if removed.is_empty() {
        return Violations::default();
    }
    merge_with_null(&mut merged, patch.clone());
    let mut only_read = Violations::default();
    for member in READ_ONLY.iter().chain(resource.derived).chain(parent) {
        remove(&mut merged, member);
        let below = removed.iter().filter(|pointer| pointer.starts_with(&format!("/{member}/")));
        unknown_below(below, &FieldTree::of(resource).names, &mut only_read);
    }
    let mut faults = (resource.parse)(merged).err().unwrap_or_default();
    // Also unknown keys, such as languages. An error because a known member is `null` does not count here.
    faults.retain(|fault| {
        let Location::Pointer(pointer) = &fault.place else { return false };
        ["unknown_member", "unknown_value"].contains(&fault.code) && removed.contains(pointer)
    });
    faults.append(only_read);
    faults
}

/// Records removed fields inside read-only fields whose names no object of the resource has, and that are no language
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
