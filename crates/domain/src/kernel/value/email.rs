//! E-mail addresses.

use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

/// The maximum length in octets: a path has at most 256 octets including its angle brackets (RFC 5321, section
/// 4.5.3.1).
const MAX_LENGTH: usize = 254;
/// The maximum length of the local part in octets (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_PART_LENGTH: usize = 64;
/// The maximum length of a label in octets (RFC 1035, section 2.3.4).
const MAX_LABEL_LENGTH: usize = 63;

string_newtype! {
    /// An e-mail address (RFC 5321) without a display name or quotes, at most 254 characters; an internationalised
    /// domain in its ASCII form (`xn--…`). The domain is stored in lower case.
    Email {
        pattern: "^[^\\s@]{1,64}@[^\\s@.]+(\\.[^\\s@.]+)+$",
        format: "email",
        example: "a.muster@stadtwerke.example",
        parse: |text| match text.split_once('@') {
            Some((local, domain)) if text.len() <= MAX_LENGTH && is_local_part(local) && is_domain(domain) => {
                Ok(format!("{local}@{}", domain.to_ascii_lowercase()))
            }
            _ => Err(FieldError::format(bilingual!(
                "Expected one e-mail address, such as `a.muster@stadtwerke.example`.",
                "Erwartet: eine E-Mail-Adresse, etwa `a.muster@stadtwerke.example`."
            ))),
        },
    }
}

impl Email {
    /// Returns the whole address in lower case. Two addresses with the same folded form count as those of the same
    /// person.
    pub fn folded(&self) -> String {
        self.as_str().to_lowercase()
    }
}

/// Returns whether the text is a dot-string (RFC 5321, section 4.1.2), so that it contains no quotes, brackets, commas
/// or other separators of a header.
fn is_local_part(text: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(letter))
    };
    text.len() <= MAX_LOCAL_PART_LENGTH && text.split('.').all(is_atom)
}

/// Returns whether the text has at least two labels of letters, digits and inner hyphens, the last of which is not a
/// number.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL_LENGTH).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    text.split('.').all(is_label)
        && text
            .rsplit_once('.')
            .is_some_and(|(_, last)| last.chars().any(|letter| letter.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Email;

    #[test]
    fn the_domain_is_lower_cased_and_the_local_part_is_not() {
        let email = "Anna.Muster+vku@Stadtwerke.EXAMPLE".parse::<Email>();
        assert_eq!(email.as_ref().map(Email::as_str), Ok("Anna.Muster+vku@stadtwerke.example"));
        assert_eq!(email.map(|email| email.folded()), Ok("anna.muster+vku@stadtwerke.example".to_owned()));
    }

    #[test]
    fn other_texts_are_refused() {
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long_label = format!("a@{}.org", "a".repeat(64));
        let long = format!("a@{}org", "aaaaaaaaa.".repeat(26));
        for text in [
            "",
            "a",
            "@",
            "a@",
            "@b.de",
            "a@b",
            "a@@b.de",
            "a@b@c.de",
            "a b@c.de",
            "a@b..de",
            "a@.de",
            "a@b.de.",
            "a@-b.de",
            "a@b-.de",
            ".a@b.de",
            "a.@b.de",
            "a..b@c.de",
            "a\n@b.de",
            "a@b.de\r\nBcc: c@d.de",
            "A <a@b.de>",
            "a,b@c.de",
            "\"a\"@b.de",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@müller.de",
            &long_local,
            &long_label,
            &long,
        ] {
            assert_eq!(text.parse::<Email>().map_err(|fault| fault.code), Err("invalid_format"), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_twice_changes_nothing(text in "[a-zA-Z.+ ]{1,6}@[a-zA-Z0-9.-]{1,10}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert!(!email.as_str().contains(char::is_whitespace));
                prop_assert_eq!(email.folded(), text.trim().to_lowercase());
                prop_assert_eq!(email.as_str().parse(), Ok(email));
            }
        }
    }
}
