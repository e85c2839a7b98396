//! Descriptions, notes and messages.

use crate::kernel::characters::is_blank;
use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

/// The maximum length in characters.
const MAX_LENGTH: usize = 10_000;

string_newtype! {
    /// Plain text of one or more lines: 1 to 10,000 characters, without control characters except line breaks and tabs.
    /// Leading and trailing white space and invisible characters are removed, line breaks become `\n`, and the text is
    /// stored in NFC.
    Text {
        pattern: "\\S",
        example: "Staff exchange on leak detection and network modelling.",
        parse: |text| {
            let text = text.replace("\r\n", "\n");
            let text = not_blank(&text)?;
            if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\t')) {
                return Err(FieldError::format(bilingual!(
                    "Must not contain control characters except line breaks and tabs.",
                    "Keine Steuerzeichen außer Zeilenumbrüchen und Tabulatoren."
                )));
            }
            not_longer(text, MAX_LENGTH)
        },
    }
}

/// Trims a text, and refuses one without visible characters.
pub(super) fn not_blank(text: &str) -> Result<&str, FieldError> {
    let text = text.trim();
    if text.chars().all(is_blank) {
        return Err(FieldError::new("empty", bilingual!("Must not be empty.", "Darf nicht leer sein.")));
    }
    Ok(text)
}

/// Refuses a text of more than `longest` characters.
pub(super) fn not_longer(text: &str, longest: usize) -> Result<String, FieldError> {
    match text.chars().count() {
        length if length > longest => Err(FieldError::too_long(longest, length)),
        _ => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Text;

    fn code(text: &str) -> Option<&'static str> {
        text.parse::<Text>().err().map(|fault| fault.code)
    }

    #[test]
    fn line_breaks_are_kept_and_normalised() {
        let text = " one\r\n\ttwo\n".parse::<Text>().map(|text| text.to_string());
        assert_eq!(text, Ok("one\n\ttwo".to_owned()));
    }

    #[test]
    fn invalid_texts_are_refused_with_a_code() {
        assert_eq!(code(" \r\n "), Some("empty"));
        assert_eq!(code("\u{200b}\n\u{2060}"), Some("empty"));
        assert_eq!(code("a\u{2066}b"), Some("invalid_format"));
        assert_eq!(code("a\0b"), Some("invalid_format"));
        assert_eq!(code("a\rb"), Some("invalid_format"));
        assert_eq!(code(&"ä".repeat(10_000)), None);
        assert_eq!(code(&"ä".repeat(10_001)), Some("too_long"));
    }

    proptest! {
        #[test]
        fn parsing_twice_changes_nothing(text in "[ a\r\n\t\u{0}ä]{0,12}") {
            if let Ok(block) = text.parse::<Text>() {
                prop_assert_eq!(block.as_str().parse(), Ok(block));
            }
        }
    }
}
