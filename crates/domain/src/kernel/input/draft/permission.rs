//! The fields that cannot be written: the read-only ones, and those that the role is not allowed to write.

use crate::bilingual;
use crate::kernel::access::actor::{Actor, Role};
use crate::kernel::bilingual::Bilingual;
use crate::kernel::error::Error;
use crate::kernel::resource::any::ResourceInfo;
use crate::kernel::violation::Violations;

pub(super) fn read_only(member: &str, violations: &mut Violations) {
    let detail = bilingual!("`{member}` is read-only.", "`{member}` wird nicht von Aufrufenden geschrieben.");
    violations.member(format!("/{member}"), "read_only", detail);
}

pub(super) fn unwritable_fields(
    resource: &ResourceInfo,
    actor: &Actor,
) -> Result<&'static [&'static str], Error> {
    actor.role.map(resource.unwritable_fields).ok_or_else(|| actor.refusal())
}

/// Refuses a body that changes one of the fields.
pub(super) fn refuse(
    actor: &Actor,
    members: &'static [&'static str],
    changed: impl Fn(&&str) -> bool,
) -> Result<(), Error> {
    let Some(role) = actor.role else { return Err(actor.refusal()) };
    let mut violations = Violations::default();
    for member in members.iter().copied().filter(|member| changed(member)) {
        violations.member(format!("/{member}"), "not_writable", not_writable(member, role));
    }
    Error::check_writable(violations)
}

/// Returns the message for a field that the role is not allowed to write.
fn not_writable(member: &str, role: Role) -> Bilingual {
    bilingual!(
        "The role `{role}` is not allowed to write `{member}`.",
        "`{member}` wird von der Rolle `{role}` nicht geschrieben."
    )
}
