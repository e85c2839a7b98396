//! Telephone numbers.

use crate::kernel::violation::Fault;
use crate::{say, text};

text! {
    /// Telephone number: `+` and the country code, then digits, which may be grouped by spaces or hyphens (ITU-T E.123);
    /// 6 to 15 digits in all (ITU-T E.164).
    Phone {
        pattern: "^\\+[0-9][0-9 -]{4,28}[0-9]$",
        example: "+49 351 1234567",
        parse: |text| {
            let text = text.trim();
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            let grouped = text.strip_prefix('+').is_some_and(|rest| {
                rest.len() <= 30
                    && rest.starts_with(|first: char| first.is_ascii_digit())
                    && rest.ends_with(|last: char| last.is_ascii_digit())
                    && rest.chars().all(|letter| letter.is_ascii_digit() || " -".contains(letter))
            });
            if grouped && (6..=15).contains(&digits) {
                return Ok(text.to_owned());
            }
            Err(Fault::format(say!(
                "Expected a telephone number with its country code, such as `+49 351 1234567`.",
                "Erwartet wird eine Telefonnummer mit Landesvorwahl, wie `+49 351 1234567`."
            )))
        },
    }
}

#[cfg(test)]
mod tests {
    use super::Phone;

    #[test]
    fn international_numbers_only() {
        for text in ["+49 351 1234567", "+380-32-1234567", "+123456"] {
            assert!(text.parse::<Phone>().is_ok(), "{text}");
        }
        for text in
            ["", "0351 1234567", "+49 (351) 12", "+12345", "+1234567890123456", "+49 35a1", "+ 4935112"]
        {
            assert_eq!(text.parse::<Phone>().map_err(|fault| fault.code), Err("invalid_format"), "{text:?}");
        }
    }
}
