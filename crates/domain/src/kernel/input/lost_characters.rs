//! Detects characters that were lost before a file was uploaded: a program wrote `?` for what its encoding cannot
//! represent, or U+FFFD for what it could not decode.

use serde_json::Value;

use crate::bilingual;
use crate::kernel::violation::{Violations, escape};

/// The replacement character, which decoders write for invalid input.
const REPLACEMENT: char = '\u{fffd}';
/// From this number on, question marks without any letter count as lost text.
const MIN_QUESTION_MARKS: usize = 3;

/// Records each text that has lost characters compared to `current`. Unchanged texts are not checked.
pub fn check_lost_characters(new: &Value, current: &Value, violations: &mut Violations) {
    below(new, current, String::new(), violations);
}

fn below(new: &Value, current: &Value, pointer: String, violations: &mut Violations) {
    match new {
        Value::String(text) => {
            let known = current.as_str().unwrap_or_default();
            if text != known && is_lost(text, known) {
                let detail = bilingual!(
                    "Characters were lost when the file was saved, and are now `?` or U+FFFD. Save the \
                     original again as UTF-8 (in Excel: “CSV UTF-8”).",
                    "Beim Speichern der Datei gingen Buchstaben verloren: Sie sind `?` oder U+FFFD. Speichern Sie sie dort, \
                     wo die Buchstaben noch stimmen, als UTF-8 (in Excel: „CSV UTF-8“)."
                );
                violations.member(pointer, "invalid_encoding", detail);
            }
        }
        Value::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                let known = current.get(index).unwrap_or(&Value::Null);
                below(entry, known, format!("{pointer}/{index}"), violations);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let known = current.get(name).unwrap_or(&Value::Null);
                below(member, known, format!("{pointer}/{}", escape(name)), violations);
            }
        }
        _ => {}
    }
}

fn is_lost(new: &str, known: &str) -> bool {
    let is_nothing_else = || {
        new.matches('?').count() >= MIN_QUESTION_MARKS
            && new.chars().all(|letter| letter == '?' || !letter.is_alphanumeric())
    };
    new.contains(REPLACEMENT)
        || (new.contains('?')
            && (is_nothing_else()
                || new.split_whitespace().any(has_mark_inside)
                || replaced_a_letter(new.chars(), known.chars())
                || replaced_a_letter(new.chars().rev(), known.chars().rev())))
}

/// Returns whether question marks stand inside a word, as in `M?nchen`, `Stra??e` and `M?NCHEN`. A single capital after
/// the marks is no sign of lost letters, since a new sentence may begin there, and words with characters of URLs are
/// ignored.
fn has_mark_inside(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    let is_inside = |index: usize| {
        let rest = letters.get(index + 1..).unwrap_or_default();
        let after = rest.get(rest.iter().take_while(|letter| **letter == '?').count()..).unwrap_or_default();
        let is_letter = letters.get(index).is_some_and(|letter| letter.is_alphabetic());
        is_letter
            && after.len() < rest.len()
            && match *after {
                [letter, ..] if letter.is_lowercase() => true,
                [letter, next, ..] => letter.is_uppercase() && next.is_uppercase(),
                _ => false,
            }
    };
    !word.contains(['/', '=', '&', '@', '.', '\\']) && (0..letters.len()).any(is_inside)
}

/// Returns whether, at the first difference, a `?` stands in the place of a non-ASCII letter.
fn replaced_a_letter(new: impl Iterator<Item = char>, known: impl Iterator<Item = char>) -> bool {
    let mut differing = new.zip(known).filter(|(new, known)| new != known);
    differing.next().is_some_and(|(new, known)| new == '?' && !known.is_ascii() && known.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lost_letters_are_distinguished_from_question_marks() {
        for (new, known, is_lost) in [
            ("M?nchen", "München", true),
            ("?????", "Львів", true),
            ("Wasser ????? neu", "Wasser Львів", true),
            ("Neu: Wasser ?????", "Wasser Львів", true),
            ("M\u{fffd}nchen", "", true),
            ("????", "", true),
            ("?? ??", "", true),
            ("Stadtwerke M?nchen GmbH", "", true),
            ("Stra??e", "", true),
            ("STADTWERKE M?NCHEN", "", true),
            ("Wer zahlt?Die Stadt", "", false),
            ("Zahlt der LWL?Ja", "", false),
            ("siehe zxq.example?seite", "", false),
            ("siehe zxq.example/?q=a und zxq.example?seite=1", "", false),
            ("Why?", "Why", false),
            ("Why?", "", false),
            ("Really???", "", false),
            ("?", "ä", true),
            ("https://zxq.example/?a=1", "https://zxq.example/", false),
            ("Was ist das?", "Größe", false),
            ("M\u{fffd}", "M\u{fffd}", false),
        ] {
            let mut violations = Violations::default();
            check_lost_characters(&json!({ "a/b": [new] }), &json!({ "a/b": [known] }), &mut violations);
            assert_eq!(
                violations.pointers().collect::<Vec<_>>(),
                if is_lost { vec!["/a~1b/0"] } else { vec![] },
                "{new}"
            );
        }
    }
}
