//! Names and titles.

use super::text::{not_blank, not_longer};
use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

/// The maximum length in characters.
const MAX_LENGTH: usize = 300;

string_newtype! {
    /// A single line of text, such as a name or a title: 1 to 300 characters, without line breaks or other control
    /// characters. Leading and trailing white space and invisible characters are removed, and the text is stored in
    /// NFC.
    SingleLine {
        pattern: "^\\S(.{0,298}\\S)?$",
        example: "Stadtentwässerung Dresden",
        parse: |text| {
            let text = not_blank(text)?;
            if text.chars().any(|letter| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')) {
                return Err(FieldError::format(bilingual!(
                    "Must be one line without control characters.",
                    "Muss eine Zeile ohne Steuerzeichen sein."
                )));
            }
            not_longer(text, MAX_LENGTH)
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::SingleLine;

    fn code(text: &str) -> Option<&'static str> {
        text.parse::<SingleLine>().err().map(|fault| fault.code)
    }

    #[test]
    fn surrounding_white_space_is_trimmed() {
        assert_eq!(
            " Львівводоканал\u{a0}".parse::<SingleLine>().map(|line| line.to_string()),
            Ok("Львівводоканал".into())
        );
    }

    #[test]
    fn invalid_lines_are_refused_with_a_code() {
        assert_eq!(code(""), Some("empty"));
        assert_eq!(code(" \t\n"), Some("empty"));
        for invisible in ["\u{200b}", "\u{ad} \u{2060}", "\u{feff}", "\u{3164}", "\u{2800}"] {
            assert_eq!(code(invisible), Some("empty"), "{invisible:?}");
        }
        assert_eq!(code("a\u{202e}b"), Some("invalid_format"));
        assert_eq!(code("a\nb"), Some("invalid_format"));
        assert_eq!(code("a\0b"), Some("invalid_format"));
        assert_eq!(code("a\u{2028}b"), Some("invalid_format"));
        assert_eq!(code(&"ä".repeat(300)), None);
        assert_eq!(code(&"ä".repeat(301)), Some("too_long"));
    }

    proptest! {
        #[test]
        fn parsing_twice_changes_nothing(text in any::<String>()) {
            if let Ok(line) = text.parse::<SingleLine>() {
                prop_assert_eq!(line.as_str().parse(), Ok(line));
            }
        }
    }
}
