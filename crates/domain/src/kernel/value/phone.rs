//! Telephone numbers.

use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

string_newtype! {
    /// A telephone number, stored in the notation of ITU-T E.123: `+` and the country code, then digits grouped by
    /// single spaces or hyphens; 6 to 15 digits in total (ITU-T E.164). German notation is accepted as well: a leading
    /// `0` becomes the German country code `+49`, a leading `00` becomes `+`, and `(0)`, brackets, slashes, dots and a
    /// leading `Tel.:` are removed.
    Phone {
        pattern: "^[^0-9]{0,16}([0-9][^0-9A-Za-z]{0,4}){5,18}$",
        example: "+49 351 1234567",
        parse: |text| international(text).ok_or_else(|| FieldError::format(bilingual!(
            "Expected a telephone number, such as `+49 351 1234567` or `0351 1234567`.",
            "Erwartet wird eine Telefonnummer, wie `+49 351 1234567` oder `0351 1234567`."
        ))),
    }
}

/// Labels before a number, in lower case.
const LABELS: [&str; 9] = ["telefon", "telephone", "phone", "tel", "fon", "mobil", "mobile", "handy", "t"];

/// The maximum length of a number as it is typed, in characters.
const MAX_LENGTH: usize = 40;

fn international(text: &str) -> Option<String> {
    let text = unlabelled(text.trim());
    if text.chars().count() > MAX_LENGTH {
        return None;
    }
    let text = match text.strip_prefix("(+") {
        Some(rest) => format!("+{}", rest.replacen(')', " ", 1)),
        None => text.to_owned(),
    };
    let text = text.replace("(0)", " ");
    let rest = text.strip_prefix('+').or_else(|| text.strip_prefix("00"));
    let number = match rest {
        // No country code starts with 0.
        Some(rest) => match grouped(rest, WITH_COUNTRY)? {
            number if number.starts_with('0') => format!("49 {}", without_trunk(&number)),
            number => number,
        },
        None => format!("49 {}", without_trunk(grouped(&text, NATIONAL)?.strip_prefix('0')?)),
    };
    // The country code of Germany is never followed by the trunk prefix 0.
    let number = match number.strip_prefix("49").map(|rest| rest.trim_start_matches(SEPARATORS)) {
        Some(rest) if rest.starts_with('0') => format!("49 {}", without_trunk(rest)),
        _ => number,
    };
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    ((6..=15).contains(&digits) && !number.starts_with('0')).then(|| format!("+{number}"))
}

/// The separators between groups of digits.
const SEPARATORS: [char; 2] = [' ', '-'];

/// The maximum number of digits before a slash. After more digits, the slash starts another number.
const NATIONAL: usize = 6;
const WITH_COUNTRY: usize = 8;

fn without_trunk(number: &str) -> &str {
    number.trim_start_matches('0').trim_start_matches(SEPARATORS)
}

/// Removes a label, such as `Tel.:`.
fn unlabelled(text: &str) -> &str {
    let rest = text.trim_start_matches(|letter: char| letter.is_alphabetic());
    let label = text.strip_suffix(rest).unwrap_or_default().to_lowercase();
    match LABELS.contains(&label.as_str()) {
        true => rest.trim_start_matches(['.', ':', ' ', '\u{a0}']),
        false => text,
    }
}

/// Returns the digits, with a hyphen between two groups if the text has one there, and otherwise a space. `None` if the
/// text has other characters.
fn grouped(text: &str, before_slash: usize) -> Option<String> {
    let (mut number, mut digits, mut gap, mut open) = (String::new(), 0, None, false);
    for letter in text.chars() {
        let next = match letter {
            '0'..='9' => {
                number.extend(gap.take().filter(|_| digits > 0));
                number.push(letter);
                digits += 1;
                continue;
            }
            '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' if digits > 0 => '-',
            '(' if !open => {
                open = true;
                ' '
            }
            ')' if open => {
                open = false;
                ' '
            }
            '/' if digits <= before_slash => ' ',
            '.' => ' ',
            letter if letter.is_whitespace() && !letter.is_control() => ' ',
            _ => return None,
        };
        gap = Some(if gap == Some('-') { '-' } else { next });
    }
    (!open && gap != Some('-')).then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Phone;

    #[test]
    fn numbers_are_stored_in_international_notation() {
        for (text, expected) in [
            ("+49 351 1234567", "+49 351 1234567"),
            ("+380-32-1234567", "+380-32-1234567"),
            ("+123456", "+123456"),
            ("0351 1234567", "+49 351 1234567"),
            ("0351 / 822-0", "+49 351 822-0"),
            ("0351/8220", "+49 351 8220"),
            ("(0351) 8220", "+49 351 8220"),
            ("+49 (0)351 822 0", "+49 351 822 0"),
            ("+49 (0) 351 / 822 - 0", "+49 351 822-0"),
            ("+49(0)3518220", "+49 3518220"),
            ("+49 (351) 8220", "+49 351 8220"),
            ("(+49) 351 8220", "+49 351 8220"),
            ("+49 0351 8220", "+49 351 8220"),
            ("+0351 8220", "+49 351 8220"),
            ("0049 351 8220", "+49 351 8220"),
            ("00 380 32 1234567", "+380 32 1234567"),
            ("0351–8220", "+49 351-8220"),
            ("0351.822.0", "+49 351 822 0"),
            ("0351\u{a0}8220", "+49 351 8220"),
            ("Tel.: 0351 8220", "+49 351 8220"),
            ("Telefon 0351 8220", "+49 351 8220"),
            ("0171 1234567", "+49 171 1234567"),
            ("+39 06 1234567", "+39 06 1234567"),
        ] {
            assert_eq!(text.parse::<Phone>().as_ref().map(Phone::as_str), Ok(expected), "{text}");
        }
    }

    #[test]
    fn incomplete_and_ambiguous_numbers_are_refused() {
        for text in [
            "",
            "110",
            "351 1234567",
            "+12345",
            "+1234567890123456",
            "+49 35a1",
            "0351 8220 Frau Muster",
            "(0351 8220",
            "0351) 8220",
            "+49 351 1234567\r\n1",
            "0351 8220 / 8221",
            "++49 351 8220",
            "0351 8220-",
            "Fax 0351 8220",
        ] {
            assert_eq!(text.parse::<Phone>().map_err(|fault| fault.code), Err("invalid_format"), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_twice_changes_nothing(text in "[+(]{0,2}[0-9 ()/.–-]{4,20}") {
            if let Ok(phone) = text.parse::<Phone>() {
                prop_assert_eq!(phone.as_str().parse(), Ok(phone));
            }
        }
    }
}
