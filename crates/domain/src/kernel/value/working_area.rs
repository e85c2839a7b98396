//! Codes of working areas (Arbeitsfelder).

use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

const MIN_LENGTH: usize = 2;
const MAX_LENGTH: usize = 60;

string_newtype! {
    /// The code of a working area (German: Arbeitsfeld), an area in which utilities work together, offer advice or seek
    /// advice. `GET /api/v1/reference/working-areas` lists the codes. Lower-case ASCII letters and digits with single
    /// hyphens in between, 2 to 60 characters.
    WorkingAreaCode {
        pattern: "^[a-z0-9]+(-[a-z0-9]+)*$",
        min_length: MIN_LENGTH,
        max_length: MAX_LENGTH,
        example: "non-revenue-water",
        parse: |text| {
            let is_letter = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
            let is_word = |word: &str| !word.is_empty() && word.bytes().all(is_letter);
            if !text.split('-').all(is_word) {
                return Err(FieldError::format(bilingual!(
                    "Expected lower-case letters, digits and single hyphens, such as `non-revenue-water`.",
                    "Erwartet werden Kleinbuchstaben, Ziffern und einzelne Bindestriche, wie `non-revenue-water`."
                )));
            }
            match text.len() {
                MIN_LENGTH..=MAX_LENGTH => Ok(text.to_owned()),
                length => Err(FieldError::new(
                    "wrong_length",
                    bilingual!(
                        "Expected {MIN_LENGTH} to {MAX_LENGTH} characters, found {length}.",
                        "Erwartet werden {MIN_LENGTH} bis {MAX_LENGTH} Zeichen, gefunden: {length}."
                    ),
                )),
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::WorkingAreaCode;

    fn code(text: &str) -> Option<&'static str> {
        text.parse::<WorkingAreaCode>().err().map(|fault| fault.code)
    }

    #[test]
    fn kebab_case_of_2_to_60_characters_is_valid() {
        for text in ["gis", "non-revenue-water", "co2", "ab", &"a".repeat(60)] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn invalid_codes_are_refused() {
        for text in ["", "Gis", "g is", "-gis", "gis-", "non--revenue", "non_revenue", "fäkal", "a/b"] {
            assert_eq!(code(text), Some("invalid_format"), "{text:?}");
        }
        assert_eq!(code("a"), Some("wrong_length"));
        assert_eq!(code(&"a".repeat(61)), Some("wrong_length"));
    }
}
