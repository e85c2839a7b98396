//! Targets of the Sustainable Development Goals.

use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

/// For each goal, the number of its numbered targets, and the letters of its other targets.
const GOALS: [(u8, &str); 17] = [
    (5, "ab"),
    (5, "abc"),
    (9, "abcd"),
    (7, "abc"),
    (6, "abc"),
    (6, "ab"),
    (3, "ab"),
    (10, "ab"),
    (5, "abc"),
    (7, "abc"),
    (7, "abc"),
    (8, "abc"),
    (3, "ab"),
    (7, "abc"),
    (9, "abc"),
    (10, "ab"),
    (19, ""),
];

string_newtype! {
    /// A target of the United Nations Sustainable Development Goals, identified by its number, such as `6.3` or `6.a`:
    /// one of the 169 targets of the global indicator framework (UN Statistics Division).
    SdgTarget {
        pattern: "^(1[0-7]|[1-9])\\.(1[0-9]|[1-9]|[a-d])$",
        example: "6.3",
        parse: |text| {
            let known = text.split_once('.').is_some_and(|(goal, target)| {
                goal.parse::<usize>().is_ok_and(|number| {
                    let goal_is_plain = number.to_string() == goal;
                    let targets = number.checked_sub(1).and_then(|index| GOALS.get(index));
                    goal_is_plain && targets.is_some_and(|targets| names(*targets).any(|name| name == target))
                })
            });
            if known {
                return Ok(text.to_owned());
            }
            Err(FieldError::new("unknown_value", bilingual!(
                "`{text}` is not a target of the Sustainable Development Goals, such as `6.3` or `6.a`.",
                "`{text}` ist kein Unterziel der Ziele für nachhaltige Entwicklung wie `6.3` oder `6.a`."
            )))
        },
    }
}

impl SdgTarget {
    /// Returns all 169 targets, ordered by goal, numbers before letters.
    pub fn all() -> impl Iterator<Item = Self> {
        GOALS
            .into_iter()
            .zip(1_u8..)
            .flat_map(|(targets, goal)| names(targets).map(move |name| Self(format!("{goal}.{name}"))))
    }
}

/// Returns the targets of one goal: `1`, `2`, …, `a`, `b`, …
fn names((numbered, letters): (u8, &str)) -> impl Iterator<Item = String> {
    (1..=numbered).map(|number| number.to_string()).chain(letters.chars().map(String::from))
}

#[cfg(test)]
mod tests {
    use super::SdgTarget;

    #[test]
    fn there_are_169() {
        assert_eq!(SdgTarget::all().count(), 169);
        assert!(SdgTarget::all().all(|target| target.as_str().parse() == Ok(target)));
    }

    #[test]
    fn unknown_targets_are_refused() {
        for text in [
            "", "6", "6.", "6.7", "6.c", "17.a", "17.20", "0.1", "18.1", "06.3", "+6.3", "6.03", "6.A",
            "6. 3",
        ] {
            assert_eq!(
                text.parse::<SdgTarget>().map_err(|fault| fault.code),
                Err("unknown_value"),
                "{text:?}"
            );
        }
    }
}
