//! Rules that several resources share. They record violations with JSON pointers and codes.

use crate::bilingual;
use crate::kernel::value::{CalendarDate, Localized, PartialDate, SingleLine};
use crate::kernel::violation::Violations;

/// Checks that a list has no duplicates.
pub fn distinct<T: PartialEq>(entries: &[T], pointer: &str, violations: &mut Violations) {
    for (index, entry) in entries.iter().enumerate() {
        if entries.iter().take(index).any(|earlier| earlier == entry) {
            let detail = bilingual!("This value is listed twice.", "Das ist doppelt genannt.");
            violations.member(format!("{pointer}/{index}"), "duplicate", detail);
        }
    }
}

/// Checks that a list is not empty.
pub fn not_empty<T>(entries: &[T], pointer: &str, violations: &mut Violations) {
    if entries.is_empty() {
        let detail =
            bilingual!("At least one entry is required.", "Mindestens ein Eintrag ist erforderlich.");
        violations.member(pointer, "too_few", detail);
    }
}

/// Checks that a period does not end before it starts.
pub fn days_ordered(
    start: Option<&CalendarDate>,
    end: Option<&CalendarDate>,
    pointer: &str,
    violations: &mut Violations,
) {
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        let detail = bilingual!(
            "The end (`{end}`) must not be before the start (`{start}`).",
            "`{end}` liegt vor dem Beginn, `{start}`."
        );
        violations.member(pointer, "end_before_start", detail);
    }
}

/// Checks that a period does not end before it starts. Partial dates may overlap: `2023-05` to `2023` is valid.
pub fn ordered(
    start: Option<&PartialDate>,
    end: Option<&PartialDate>,
    pointer: &str,
    violations: &mut Violations,
) {
    if let (Some(start), Some(end)) = (start, end)
        && !start.can_end_at(end)
    {
        let detail = bilingual!(
            "The end (`{end}`) must not be before the start (`{start}`).",
            "`{end}` liegt vor dem Beginn, `{start}`."
        );
        violations.member(pointer, "end_before_start", detail);
    }
}

/// Checks that the text in each language is a single line.
pub fn single_lines(label: &Localized, pointer: &str, violations: &mut Violations) {
    for (language, text) in label.iter() {
        if let Err(fault) = text.parse::<SingleLine>() {
            violations.member(format!("{pointer}/{language}"), fault.code, fault.detail);
        }
    }
}
