//! Languages.

use crate::code_lists::LANGUAGES;
use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

string_newtype! {
    /// A language: an ISO 639-1 code in lower-case letters.
    Language {
        pattern: "^[a-z]{2}$",
        example: "de",
        parse: |text| {
            if LANGUAGES.has(text) {
                return Ok(text.to_owned());
            }
            Err(FieldError::new("unknown_value", bilingual!(
                "`{text}` is not a language code: use ISO 639-1 in lower-case letters, such as `de` or `uk`.",
                "`{text}` ist kein Sprachcode: ISO 639-1, zwei Kleinbuchstaben wie `de` oder `uk`."
            )))
        },
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn iso_codes_are_valid() {
        for code in ["de", "en", "fr", "uk", "ar", "sw", "pt", "ro"] {
            assert_eq!(code.parse::<Language>().map(|language| language.to_string()), Ok(code.to_owned()));
        }
    }

    #[test]
    fn other_codes_are_refused() {
        for code in ["", "DE", "deu", "de-DE", "ua", "xx", "ß"] {
            assert_eq!(
                code.parse::<Language>().map_err(|fault| fault.code),
                Err("unknown_value"),
                "{code:?}"
            );
        }
    }
}
