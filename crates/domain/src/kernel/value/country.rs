//! Countries.

use crate::code_lists::COUNTRIES;
use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

string_newtype! {
    /// A country or territory: an ISO 3166-1 alpha-2 code in upper-case letters, or `XK` for Kosovo.
    Country {
        pattern: "^[A-Z]{2}$",
        example: "UA",
        parse: |text| {
            if COUNTRIES.has(text) {
                return Ok(text.to_owned());
            }
            Err(FieldError::new("unknown_value", bilingual!(
                "`{text}` is not a country code: use ISO 3166-1 alpha-2 in upper-case letters, such as `DE` \
                 or `UA`.",
                "`{text}` ist kein Ländercode: ISO 3166-1 alpha-2, Großbuchstaben wie `DE` oder `UA`."
            )))
        },
    }
}

impl Country {
    /// The country of the German municipal utilities.
    pub const GERMANY: &'static str = "DE";

    /// Returns whether this is Germany.
    pub fn is_germany(&self) -> bool {
        self.as_str() == Self::GERMANY
    }
}

#[cfg(test)]
mod tests {
    use super::Country;

    #[test]
    fn iso_codes_and_kosovo_are_valid() {
        for code in ["DE", "UA", "ZM", "MD", "PS", "XK"] {
            assert_eq!(code.parse::<Country>().map(|country| country.to_string()), Ok(code.to_owned()));
        }
    }

    #[test]
    fn other_codes_are_refused() {
        for code in ["", "de", "De", "DEU", "XX", "UK", "D E", "D\u{45}\u{301}"] {
            assert_eq!(code.parse::<Country>().map_err(|fault| fault.code), Err("unknown_value"), "{code:?}");
        }
    }

    #[test]
    fn germany_is_germany() {
        assert!("DE".parse::<Country>().is_ok_and(|country| country.is_germany()));
        assert!("UA".parse::<Country>().is_ok_and(|country| !country.is_germany()));
    }
}
