//! Web addresses.

use crate::kernel::violation::FieldError;
use crate::{bilingual, string_newtype};

/// The maximum length in characters.
const MAX_LENGTH: usize = 2_000;

string_newtype! {
    /// A web address (an RFC 3987 IRI, so non-ASCII characters are allowed): absolute, `http` or `https`, with a host,
    /// without a user name or password, at most 2,000 characters. Stored as given, except for leading and trailing
    /// white space.
    WebUrl {
        pattern: "^[Hh][Tt][Tt][Pp][Ss]?://[^\\s\"<>\\\\`]+$",
        format: "iri",
        example: "https://www.utility-platform.de/partnerschaften",
        parse: |text| {
            let text = text.trim();
            let length = text.chars().count();
            if length > MAX_LENGTH {
                return Err(FieldError::too_long(MAX_LENGTH, length));
            }
            let fault = || {
                FieldError::format(bilingual!(
                    "Expected a complete web address, such as `https://www.example.org`.",
                    "Erwartet: vollständige Web-Adresse, etwa `https://www.example.org`."
                ))
            };
            // Parsers that follow the URL Standard repair these characters. The address is stored as given, so it has
            // to be valid as given.
            let is_strange = |letter: char| {
                letter.is_control() || letter.is_whitespace() || ['"', '<', '>', '\\', '`'].contains(&letter)
            };
            let (scheme, rest) = text.split_once("://").ok_or_else(fault)?;
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
                || authority.is_empty()
                || text.contains(is_strange)
                || !::url::Url::parse(text).is_ok_and(|url| url.has_host())
            {
                return Err(fault());
            }
            if authority.contains('@') {
                return Err(FieldError::format(bilingual!(
                    "The address must not contain a user name or a password.",
                    "Lassen Sie Benutzernamen und Passwort aus der Adresse weg."
                )));
            }
            Ok(text.to_owned())
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::WebUrl;
    use crate::kernel::characters::visible;

    #[test]
    fn an_address_is_stored_as_given() {
        for text in [
            "https://www.bmz.de",
            "http://example.org:8080/a?b=c#d",
            "HTTPS://Example.org/Ä/%C3%84",
            "https://müller.example/",
            "https://web.archive.org/web/2020/https://user@example.org/",
            "https://hansewasser.de/kanaele/delegationsbesuch-aus-windhoek-und-durban",
        ] {
            assert_eq!(text.parse::<WebUrl>().map(|url| url.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(
            " https://a.de\n".parse::<WebUrl>().map(|url| url.to_string()),
            Ok("https://a.de".to_owned())
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "www.example.org",
            "//example.org",
            "https:example.org",
            "https:/example.org",
            "https://",
            "https:///a",
            "https://?a",
            "ftp://example.org",
            "javascript:alert(1)//://",
            "data:text/html,a",
            "mailto:a@b.de",
            "https://a b.de",
            "https://a.de/b c",
            "https://a.de/\"onclick",
            "https://a.de/<b>",
            "https:\\\\a.de",
            "https://a.de\\@b.de",
            "https://ex\nample.org",
            "https://user:word@example.org",
            "https://user@example.org",
            "https://@example.org",
            "https://example.org:99999",
            "https://[::1",
        ] {
            assert_eq!(text.parse::<WebUrl>().map_err(|fault| fault.code), Err("invalid_format"), "{text:?}");
        }
        let long = format!("https://a.de/{}", "a".repeat(1_988));
        assert_eq!(long.parse::<WebUrl>().map_err(|fault| fault.code), Err("too_long"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_changes_no_visible_character(rest in any::<String>()) {
            if let Ok(url) = format!("https://{rest}").parse::<WebUrl>() {
                let visible_rest = visible(&rest).trim_end().to_owned();
                prop_assert_eq!(url.as_str(), format!("https://{visible_rest}"));
            }
        }
    }
}
