//! Rules that many resources have, with the places and codes they are reported by.

use crate::bilingual;
use crate::kernel::value::{CalendarDate, Localized, PartialDate, SingleLine};
use crate::kernel::violation::Violations;

/// A set names nothing twice.
pub fn distinct<T: PartialEq>(entries: &[T], pointer: &str, violations: &mut Violations) {
    for (index, entry) in entries.iter().enumerate() {
        if entries.iter().take(index).any(|earlier| earlier == entry) {
            let detail = bilingual!("This value is listed twice.", "Das ist doppelt genannt.");
            violations.member(format!("{pointer}/{index}"), "duplicate", detail);
        }
    }
}

/// A list has at least one entry.
pub fn not_empty<T>(entries: &[T], pointer: &str, violations: &mut Violations) {
    if entries.is_empty() {
        let detail =
            bilingual!("At least one entry is required.", "Mindestens ein Eintrag ist erforderlich.");
        violations.member(pointer, "too_few", detail);
    }
}

/// A span of days does not end before it starts.
pub fn days_ordered(
    start: Option<&CalendarDate>,
    end: Option<&CalendarDate>,
    pointer: &str,
    violations: &mut Violations,
) {
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        let detail =
            bilingual!("`{end}` is before the start, `{start}`.", "`{end}` liegt vor dem Beginn, `{start}`.");
        violations.member(pointer, "end_before_start", detail);
    }
}

/// A span does not end before it starts; partial dates may touch (`2023-05` to `2023` is right).
pub fn ordered(
    start: Option<&PartialDate>,
    end: Option<&PartialDate>,
    pointer: &str,
    violations: &mut Violations,
) {
    if let (Some(start), Some(end)) = (start, end)
        && !start.starts_by(end)
    {
        let detail =
            bilingual!("`{end}` is before the start, `{start}`.", "`{end}` liegt vor dem Beginn, `{start}`.");
        violations.member(pointer, "end_before_start", detail);
    }
}

/// What is called something in several languages is called so in one line each.
pub fn single_lines(label: &Localized, pointer: &str, violations: &mut Violations) {
    for (language, text) in label.iter() {
        if let Err(fault) = text.parse::<SingleLine>() {
            violations.member(format!("{pointer}/{language}"), fault.code, fault.detail);
        }
    }
}
